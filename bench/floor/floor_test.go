package main

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"go.uber.org/zap"

	"fanout/bench"
	"fanout/lambda"
)

// TestSendsWhatFanoutSends asserts that the floor sends the same records as fanout in as
// few requests, for every event.
func TestSendsWhatFanoutSends(t *testing.T) {
	for _, w := range []bench.Workload{find(t, "W1"), find(t, "W2"), find(t, "W3"), find(t, "W4"), threefold(find(t, "W4"))} {
		t.Run(fmt.Sprint(w.Name, "/", w.Records), func(t *testing.T) {
			want, most := sentByFanout(t, &w)
			if len(want) == 0 {
				t.Fatal("fanout sent nothing")
			}
			for i, got := range sentByFloor(t, &w, 2, most) {
				if len(got) != len(want) {
					t.Fatalf("event %d: %d records, fanout sends %d", i, len(got), len(want))
				}
				for j := range got {
					if got[j] != want[j] {
						t.Fatalf("event %d: got  %+v\nwant %+v", i, got[j], want[j])
					}
				}
			}
		})
	}
}

func find(t *testing.T, name string) bench.Workload {
	t.Helper()
	w, err := bench.Find(name)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// threefold returns w with three times the records, which takes several messages.
func threefold(w bench.Workload) bench.Workload {
	const before, after = `{"Records":[`, `]}`
	records := strings.TrimSuffix(strings.TrimPrefix(string(w.Event), before), after)
	w.Event = []byte(before + strings.Join([]string{records, records, records}, ",") + after)
	w.Records *= 3
	return w
}

// sentByFloor returns the records that the floor sends for each of n events, and asserts
// that each takes no more than most requests.
func sentByFloor(t *testing.T, w *bench.Workload, n, most int) [][]sent {
	t.Helper()
	all := make([][]sent, n)
	r := &recorder{}
	f := &function{client: &client{
		credentials: aws.Credentials{AccessKeyID: "made", SecretAccessKey: "up"}, region: "eu-west-1", endpoint: "http://127.0.0.1",
		signer: v4.NewSigner(), http: &http.Client{Transport: r},
	}}
	for _, item := range w.Targets {
		made, err := newTarget(item.Type)
		if err != nil {
			t.Fatal(err)
		}
		f.targets = append(f.targets, made)
	}
	for i := range all {
		r.requests = nil
		if _, err := f.Invoke(t.Context(), w.Event); err != nil {
			t.Fatal(err)
		}
		if len(r.requests) > most {
			t.Errorf("event %d took %d requests, want at most %d", i, len(r.requests), most)
		}
		all[i] = r.sent(t)
	}
	return all
}

func sentByFanout(t *testing.T, w *bench.Workload) (all []sent, requests int) {
	t.Helper()
	r := &recorder{}
	o := lambda.DefaultOptions()
	o.TargetsFile = filepath.Join(t.TempDir(), "targets.yaml")
	if err := os.WriteFile(o.TargetsFile, w.File(), 0o600); err != nil {
		t.Fatal(err)
	}
	h, err := lambda.New(o, aws.Config{
		Region: "eu-west-1", HTTPClient: &http.Client{Transport: r},
		Credentials: credentials.NewStaticCredentialsProvider("made", "up", ""),
	}, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Invoke(t.Context(), bytes.Clone(w.Event)); err != nil {
		t.Fatal(err)
	}
	return r.sent(t), len(r.requests)
}

// recorder is an AWS that keeps the requests with records.
type recorder struct {
	bench.Services

	mu       sync.Mutex
	requests []request
}

type request struct {
	operation string
	body      []byte
}

// RoundTrip implements http.RoundTripper.
func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	if operation := req.Header.Get("X-Amz-Target"); operation != "" {
		r.mu.Lock()
		r.requests = append(r.requests, request{operation, body})
		r.mu.Unlock()
	}
	req.Body = io.NopCloser(bytes.NewReader(body))
	return r.Services.RoundTrip(req)
}

// sent is a record as a service got it. For a record in a message, data is its JSON.
type sent struct{ operation, key, data string }

// sent returns all records, sorted, because requests have no order.
func (r *recorder) sent(t *testing.T) (all []sent) {
	t.Helper()
	for _, req := range r.requests {
		var body struct {
			Records []struct {
				Data         []byte
				PartitionKey string
			}
			Entries []struct{ MessageBody string }
		}
		if err := json.Unmarshal(req.body, &body); err != nil {
			t.Fatal(err)
		}
		if len(body.Records) > batchRecords || len(body.Entries) > 1 {
			t.Errorf("%s with %d records and %d messages", req.operation, len(body.Records), len(body.Entries))
		}
		for _, record := range body.Records {
			all = append(all, sent{req.operation, record.PartitionKey, string(record.Data)})
		}
		for _, entry := range body.Entries {
			if len(entry.MessageBody) > messageBytes {
				t.Errorf("a message of %d bytes", len(entry.MessageBody))
			}
			var message struct{ Records []json.RawMessage }
			if err := json.Unmarshal([]byte(entry.MessageBody), &message); err != nil {
				t.Fatal(err)
			}
			for _, record := range message.Records {
				all = append(all, sent{operation: req.operation, data: string(record)})
			}
		}
	}
	slices.SortFunc(all, func(a, b sent) int {
		return cmp.Or(cmp.Compare(a.operation, b.operation), cmp.Compare(a.key, b.key), cmp.Compare(a.data, b.data))
	})
	return all
}

func TestNoRecords(t *testing.T) {
	f := &function{}
	if _, err := f.Invoke(t.Context(), []byte(`{"Records":[]}`)); err == nil {
		t.Error("an event without records is handled")
	}
	if _, err := newTarget("sns"); err == nil || !strings.Contains(err.Error(), `"sns"`) {
		t.Errorf("target sns: %v", err)
	}
}

// TestDecode compares decode with encoding/base64 for every length.
func TestDecode(t *testing.T) {
	data := make([]byte, 256)
	for i := range data {
		data[i] = byte(i * 167)
	}
	var got []byte
	for n := range data {
		var err error
		if got, err = decode(got, []byte(base64.StdEncoding.EncodeToString(data[:n]))); err != nil || !bytes.Equal(got, data[:n]) {
			t.Errorf("%d bytes are %x, %v; want %x", n, got, err, data[:n])
		}
	}
}

// TestEscapePlain has attributes of every type that value supports.
func TestEscapePlain(t *testing.T) {
	const image = `{"a":{"S":""},"b":{"S":"say \"no\""},"c":{"N":"-1.50"},"d":{"BOOL":false},` +
		`"e":{"SS":["x","\"y"]},"f":{"M":{"g":{"M":{"h":{"BOOL":true}}},"i":{"N":"0"}}}}`
	const want = `{"a":"","b":"say \"no\"","c":-1.50,"d":false,"e":["x","\"y"],"f":{"g":{"h":true},"i":0}}`
	var got string
	if err := json.Unmarshal(append(escapePlain([]byte(`"`), []byte(image)), '"'), &got); err != nil || got != want {
		t.Errorf("got  %s, %v\nwant %s", got, err, want)
	}
}
