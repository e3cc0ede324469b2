package es

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/google/go-cmp/cmp"

	"fanout/engine"
	"fanout/engine/enginetest"
	"fanout/internal/testing/awsfake"
	"fanout/sinks"
	"fanout/sinks/internal/digest"
	"fanout/sinks/internal/origin"
	"fanout/sinks/internal/sinktest"
)

// openES returns a sink for the index orders of a fake cluster.
func openES(t testing.TB, cfg aws.Config, change func(*Index), opts ...sinks.Option) *Sink {
	t.Helper()
	index := Index{URL: *cfg.BaseEndpoint, Index: "orders", Signing: "es", Region: cfg.Region, Credentials: cfg.Credentials}
	if change != nil {
		change(&index)
	}
	e, err := New(cfg.HTTPClient, index, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// withUser puts a user and a password into the endpoint's URL.
func withUser(i *Index) {
	i.URL = strings.Replace(i.URL, "//", "//u%40x:pass%2Fword@", 1)
}

var esVariants = []struct {
	name   string
	change func(*Index)
}{
	{"es", nil},
	{"aoss", func(i *Index) { i.Signing = "aoss" }},
	{"unsigned", func(i *Index) { i.Signing = "" }},
	{"user", withUser},
	{"type", func(i *Index) { i.DocType = "order" }},
	{"in a folder", func(i *Index) { i.URL += "/proxy" }},
}

func TestESConformance(t *testing.T) {
	for _, tt := range esVariants {
		t.Run(tt.name, func(t *testing.T) {
			enginetest.CheckSink(t, func(t *testing.T) enginetest.SinkHarness {
				fake, cfg := sinktest.Start(t)
				var next atomic.Pointer[awsfake.Fault]
				fake.OnCall(func(awsfake.Call) *awsfake.Fault { return next.Swap(nil) })
				return enginetest.SinkHarness{
					Sink: openES(t, cfg, tt.change),
					Accepted: func() [][]byte {
						for _, name := range fake.Destinations() {
							return sinktest.DataOf(t, fake.Records(name))
						}
						return nil
					},
					Refuse: func(i int) {
						next.Store(&awsfake.Fault{Refuse: map[int]string{i: "es_rejected_execution_exception"}})
					},
					Break: func() { next.Store(&awsfake.Fault{Drop: true}) },
				}
			})
		})
	}
}

// TestESRequests asserts the authentication and content of requests.
func TestESRequests(t *testing.T) {
	for _, tt := range esVariants {
		t.Run(tt.name, func(t *testing.T) {
			fake, cfg := sinktest.Start(t)
			var sent *http.Request
			var body []byte
			next := cfg.HTTPClient
			cfg.HTTPClient = sinktest.Do(func(r *http.Request) (*http.Response, error) {
				body, _ = io.ReadAll(r.Body)
				r.Body = io.NopCloser(bytes.NewReader(body))
				sent = r
				return next.Do(r)
			})
			e := openES(t, cfg, tt.change)
			if o := e.Send(t.Context(), sinktest.Numbered(2)); !o.OK() {
				t.Fatal(o.Err(0))
			}
			call := fake.Calls()[0]
			if call.Bytes != len(body) || int(sent.ContentLength) != len(body) {
				t.Errorf("%d bytes in the body, Content-Length %d, %d arrived", len(body), sent.ContentLength, call.Bytes)
			}
			switch {
			case e.user != nil:
				user, password, _ := sent.BasicAuth()
				if user != "u@x" || password != "pass/word" || sent.URL.User != nil {
					t.Errorf("authenticated as %s with %s at %s", user, password, sent.URL)
				}
			case e.index.Signing == "":
				if a := sent.Header.Get("Authorization"); a != "" {
					t.Errorf("authorized with %s", a)
				}
			default:
				wantSignature(t, cfg, sent, body, e.index.Signing)
			}
			path := "/orders/_bulk"
			if tt.name == "in a folder" {
				path = "/proxy" + path
			}
			if sent.URL.Path != path {
				t.Errorf("sent to %s; want %s", sent.URL.Path, path)
			}
		})
	}
}

// wantSignature signs the request that arrived, and compares the signatures.
func wantSignature(t *testing.T, cfg aws.Config, sent *http.Request, body []byte, service string) {
	t.Helper()
	again, err := http.NewRequestWithContext(t.Context(), sent.Method, sent.URL.String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Content-Type", "X-Amz-Content-Sha256"} {
		again.Header.Set(name, sent.Header.Get(name))
	}
	at, err := time.Parse("20060102T150405Z", sent.Header.Get("X-Amz-Date"))
	if err != nil {
		t.Fatal(err)
	}
	creds, err := cfg.Credentials.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(body)
	if err := v4.NewSigner().SignHTTP(t.Context(), creds, again, hex.EncodeToString(sum[:]), service, cfg.Region, at); err != nil {
		t.Fatal(err)
	}
	if got, want := sent.Header.Get("Authorization"), again.Header.Get("Authorization"); got != want {
		t.Errorf("signed\n%s\nwant\n%s", got, want)
	}
}

func TestNewESFaults(t *testing.T) {
	creds := aws.AnonymousCredentials{}
	tests := []struct {
		name  string
		index Index
		want  string
	}{
		{"no URL", Index{Index: "a"}, "https://host:9200"},
		{"no scheme", Index{URL: "host", Index: "a"}, "https://host:9200"},
		{"bad URL", Index{URL: "https://u:secret@host\x7f", Index: "a"}, "https://host:9200"},
		{"no index", Index{URL: "https://u:secret@host"}, "no index"},
		{"no region", Index{URL: "https://host", Index: "a", Signing: "es", Credentials: creds}, "region or credentials"},
		{"no credentials", Index{URL: "https://host", Index: "a", Signing: "es", Region: "eu-west-1"}, "region or credentials"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := New(nil, tt.index)
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "secret") {
				t.Errorf("error %v; want one with %q", err, tt.want)
			}
		})
	}
	e, err := New(nil, Index{URL: "https://u:secret@host:9200", Index: "a"})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := e.String(), "es host:9200#a"; got != want {
		t.Errorf("String %q; want %q", got, want)
	}
}

// esRecord is a record of a DynamoDB stream.
func esRecord(action, key, data string) engine.Record {
	return engine.Record{Key: key, Lane: "arn", Seq: "1", Action: action, Data: engine.Bytes([]byte(data))}
}

func TestESActions(t *testing.T) {
	long := strings.Repeat("é", 256)
	event := engine.Record{Key: "k", Lane: "shardId-000000000000", Seq: "4900", Sub: 7, Action: "PUT", Data: engine.Bytes([]byte(`{"a":1}`))}
	other := event
	other.Sub = 8
	tests := []struct {
		name string
		rec  engine.Record
		want awsfake.Record
	}{
		{"an event", event, awsfake.Record{Action: "create", ID: "shardId-000000000000/4900/7", Data: []byte(`{"a":1}`)}},
		{"an event, merged", engine.Merge([]engine.Record{event}, event.Data),
			awsfake.Record{Action: "create", ID: "shardId-000000000000/4900/7", Data: []byte(`{"a":1}`)}},
		{"several events", engine.Merge([]engine.Record{event, other}, event.Data), func() awsfake.Record {
			m := engine.Merge([]engine.Record{event, other}, event.Data)
			return awsfake.Record{Action: "create", ID: origin.Origin("").ID(&m), Data: []byte(`{"a":1}`)}
		}()},
		{"INSERT", esRecord("INSERT", "a|b", `{"a":1}`), awsfake.Record{Action: "index", ID: "a|b", Data: []byte(`{"a":1}`)}},
		{"MODIFY", esRecord("MODIFY", "a", `{"a":1}`), awsfake.Record{Action: "index", ID: "a", Data: []byte(`{"a":1}`)}},
		{"several lines", esRecord("INSERT", "a", " {\r\n\t\"a b\" : [ 1.0,\n \"\\\" \\\\\" ] , \"n\" : 1e400 }\n\n"),
			awsfake.Record{Action: "index", ID: "a", Data: []byte(`{"a b":[1.0,"\" \\"],"n":1e400}`)}},
		{"one line", esRecord("INSERT", "a", "{ \"a\" : 1 }\n"), awsfake.Record{Action: "index", ID: "a", Data: []byte(`{ "a" : 1 }`)}},
		{"512 bytes of key", esRecord("INSERT", long, `{}`), awsfake.Record{Action: "index", ID: long, Data: []byte(`{}`)}},
		{"513 bytes of key", esRecord("INSERT", long+"x", `{}`), awsfake.Record{Action: "index", ID: digest.Hex([]byte(long + "x")), Data: []byte(`{}`)}},
		{"key not UTF-8", esRecord("INSERT", "\xFF", `{}`), awsfake.Record{Action: "index", ID: digest.Hex([]byte("\xFF")), Data: []byte(`{}`)}},
	}
	for _, docType := range []string{"", `t"y`} {
		for _, tt := range tests {
			t.Run(docType+"/"+tt.name, func(t *testing.T) {
				fake, cfg := sinktest.Start(t)
				e := openES(t, cfg, func(i *Index) { i.DocType = docType })
				if o := e.Send(t.Context(), []engine.Record{tt.rec}); !o.OK() {
					t.Fatal(o.Err(0))
				}
				tt.want.DocType = docType
				if diff := cmp.Diff([]awsfake.Record{tt.want}, fake.Records("es/orders")); diff != "" {
					t.Errorf("the document differs (-want +got):\n%s", diff)
				}
				if got, want := e.size(&tt.rec), fake.Calls()[0].Bytes; got != want {
					t.Errorf("counts %d bytes; want %d", got, want)
				}
			})
		}
	}
}

// TestESAgain asserts that sending records again does no harm.
func TestESAgain(t *testing.T) {
	fake, cfg := sinktest.Start(t)
	e := openES(t, cfg, nil)
	batch := append(sinktest.Numbered(2), esRecord("INSERT", "a", `{}`), esRecord("REMOVE", "a", `{}`), esRecord("REMOVE", "never", ""))
	for range 2 {
		if o := e.Send(t.Context(), batch); !o.OK() {
			t.Errorf("%v", sinktest.Failures(o, len(batch)))
		}
	}
	var actions []string
	for _, r := range fake.Records("es/orders") {
		actions = append(actions, r.Action)
	}
	want := []string{"create", "create", "index", "delete", "index", "delete"}
	if diff := cmp.Diff(want, actions); diff != "" {
		t.Errorf("actions differ (-want +got):\n%s", diff)
	}
}

// TestESHostile asserts that each record arrives unchanged or fails alone, and that no
// record becomes two documents or a different action.
func TestESHostile(t *testing.T) {
	const injected = "{}\n{\"delete\":{\"_id\":\"victim\"}}\n{\"index\":{\"_id\":\"x\"}}\n{}"
	tests := []struct {
		name, key, data string
		says            string // reason of the failure; "": delivered
	}{
		{"plain", "a", `{"a":1}`, ""},
		{"quotes in the key", `"}}` + "\n" + `{"delete":{"_id":"victim"}}`, `{}`, ""},
		{"CR LF in the key", "a\r\nb", `{}`, ""},
		{"300 characters of key", strings.Repeat("\"", 300), `{}`, ""},
		{"line separators in the key", "a\u2028b\u2029", `{}`, ""},
		{"NUL in the key", "\x00", `{}`, ""},
		{"not UTF-8 in the key", "\xFF\xFE", `{}`, ""},
		{"no key", "", `{}`, "no key"},
		{"several documents", "a", injected, "not a JSON object"},
		{"documents on one line", "a", `{}{"a":1}`, "not a JSON object"},
		{"line separators in the data", "a", "{\"a\":\"\u2028\u2029\"}", ""},
		{"raw line break in a string", "a", "{\"a\":\"\n\"}", "not a JSON object"},
		{"carriage returns", "a", "{\r\"a\":1\r}", ""},
		{"no data", "a", "", "no data"},
		{"white space", "a", " \n\t", "no data"},
		{"array", "a", "[{}]", "not a JSON object"},
		{"string", "a", `"{}"`, "not a JSON object"},
		{"null", "a", "null", "not a JSON object"},
		{"text", "a", "secret", "not a JSON object"},
		{"cut off", "a", `{"a":"secret`, "not a JSON object"},
		{"trailing backslash", "a", "{\"a\":\n\"\\", "not a JSON object"},
		{"binary", "a", "\x00\xFF", "not UTF-8"},
		{"not UTF-8 in a string", "a", "{\"a\":\"\xFF\"}", "not UTF-8"},
		{"byte order mark", "a", "\uFEFF{}", "not a JSON object"},
		{"1 MiB", "a", `{"a":"` + strings.Repeat("x", 1<<20-8) + `"}`, ""},
		{"deep", "a", `{"a":` + strings.Repeat("[", 1<<20) + `}`, "not a JSON object"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fake, cfg := sinktest.Start(t)
			e := openES(t, cfg, nil)
			batch := []engine.Record{esRecord("INSERT", "before", `{}`), esRecord("MODIFY", tt.key, tt.data), esRecord("INSERT", "after", `{}`)}
			o := e.Send(t.Context(), batch)
			want := 3
			if err := o.Err(1); tt.says != "" {
				want = 2
				if err == nil || engine.ClassOf(err) != engine.Permanent || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "secret") {
					t.Errorf("error %v; want one that says %q", err, tt.says)
				}
			} else if err != nil {
				t.Error(err)
			}
			if o.Err(0) != nil || o.Err(2) != nil {
				t.Errorf("the records beside it: %v, %v", o.Err(0), o.Err(2))
			}
			got := fake.Records("es/orders")
			if len(got) != want || got[0].ID != "before" || got[len(got)-1].ID != "after" {
				t.Errorf("%d actions took effect; want %d", len(got), want)
			}
			for _, r := range got {
				if r.Action != "index" {
					t.Errorf("%s of %q", r.Action, r.ID)
				}
			}
		})
	}
	t.Run("nothing to send", func(t *testing.T) {
		fake, cfg := sinktest.Start(t)
		o := openES(t, cfg, nil).Send(t.Context(), []engine.Record{esRecord("INSERT", "a", "")})
		if o.Err(0) == nil || len(fake.Calls()) != 0 {
			t.Errorf("error %v after %d calls", o.Err(0), len(fake.Calls()))
		}
	})
}

// fillES returns a record with a counted size of size bytes.
func fillES(e *Sink, n, size int) engine.Record {
	r := esRecord("INSERT", fmt.Sprint("key", n), `{"a":""}`)
	r.Data = engine.Bytes(fmt.Appendf(nil, `{"a":"%s"}`, strings.Repeat("x", size-e.size(&r))))
	return r
}

func TestESExactSizes(t *testing.T) {
	for _, tt := range []struct{ set, record, request int }{
		{0, 10 << 20, 10 << 20},
		{1 << 20, 1 << 20, 10 << 20},
		{20 << 20, 20 << 20, 20 << 20},
		{200 << 20, 10 << 20, 10 << 20},
	} {
		t.Run(fmt.Sprint(tt.set), func(t *testing.T) {
			fake, cfg := sinktest.Start(t)
			fake.SetLimit("es/orders", tt.request)
			e := openES(t, cfg, nil, sinks.RecordBytes(tt.set))
			if l := e.Limits(); l.Records != 1000 || l.RecordBytes != tt.record || l.Bytes != tt.request || !l.OnePerKey {
				t.Fatalf("limits %+v", l)
			}
			half := tt.request / 2
			if o := e.Send(t.Context(), []engine.Record{fillES(e, 1, half), fillES(e, 2, tt.request-half)}); !o.OK() {
				t.Errorf("a request of %d bytes: %v", tt.request, o.Err(0))
			}
			if got := fake.Calls()[0].Bytes; got != tt.request {
				t.Errorf("%d bytes were sent; want %d", got, tt.request)
			}
			o := e.Send(t.Context(), []engine.Record{fillES(e, 1, half), fillES(e, 2, tt.request-half+1)})
			if err := o.Err(0); err == nil || engine.ClassOf(err) != engine.TooLarge {
				t.Errorf("a request of %d bytes: %v", tt.request+1, err)
			}
		})
	}
}

// TestESPlan delivers an ordered stream of changes through a cluster that refuses some of
// them for a while. The documents must have the final state.
func TestESPlan(t *testing.T) {
	fake, cfg := sinktest.Start(t)
	calls := 0
	fake.OnCall(func(awsfake.Call) *awsfake.Fault {
		calls++
		if calls%2 == 1 {
			return &awsfake.Fault{Refuse: map[int]string{0: "es_rejected_execution_exception", 3: "unavailable_shards_exception"}}
		}
		return nil
	})
	var recs []engine.Record
	for i := range 40 {
		r := esRecord("MODIFY", fmt.Sprint(i%5), fmt.Sprintf(`{"n":%d}`, i))
		r.Seq = fmt.Sprint(i)
		recs = append(recs, r)
	}
	plan, err := engine.NewPlan(engine.Options{}, engine.Target{
		ID: "t", Sink: openES(t, cfg, nil), Ordered: true,
		Retry: engine.Retry{Attempts: 8, Base: time.Microsecond, Max: time.Microsecond},
	})
	if err != nil {
		t.Fatal(err)
	}
	report := plan.Run(t.Context(), recs).Targets[0]
	if report.Delivered != 40 {
		t.Errorf("delivered %d: %v", report.Delivered, report.Failures)
	}
	last := make(map[string]int)
	for _, r := range fake.Records("es/orders") {
		var doc struct{ N int }
		if err := json.Unmarshal(r.Data, &doc); err != nil {
			t.Fatal(err)
		}
		if before, ok := last[r.ID]; ok && doc.N != before+5 {
			t.Errorf("document %s went from %d to %d", r.ID, before, doc.N)
		}
		last[r.ID] = doc.N
	}
}

// TestESPoison asserts that a document fails alone if it makes the cluster refuse whole
// requests.
func TestESPoison(t *testing.T) {
	fake, cfg := sinktest.Start(t)
	fake.SetLimit("es/orders", 3000)
	recs := sinktest.Numbered(20)
	recs[13].Data = engine.Bytes([]byte(`{"a":"` + strings.Repeat("x", 3000) + `"}`))
	recs[4].Data = engine.Bytes([]byte("text"))
	plan, err := engine.NewPlan(engine.Options{}, engine.Target{ID: "t", Sink: openES(t, cfg, nil)})
	if err != nil {
		t.Fatal(err)
	}
	report := plan.Run(t.Context(), recs).Targets[0]
	if report.Delivered != 18 || report.Fate(13) != engine.FateFailed || report.Fate(4) != engine.FateFailed {
		t.Errorf("delivered %d, failed %d: %v", report.Delivered, report.Failed, report.Failures)
	}
}

// FuzzESBulk parses the requests with another reader.
func FuzzESBulk(f *testing.F) {
	f.Add("key", "INSERT", "49", []byte(`{"a":1}`), "")
	f.Add("\"}}\n", "REMOVE", "", []byte("{}\n{}"), "t")
	f.Add("\xFF", "PUT", "\r\n\u2028", []byte("{\n \"a\" : \"\\\" \" }"), "\"")
	f.Add("", "MODIFY", "\x00", []byte("\"\\"), "")
	f.Fuzz(func(t *testing.T, key, action, seq string, data []byte, docType string) {
		e, err := New(nil, Index{URL: "https://host", Index: "orders", DocType: strings.ToValidUTF8(docType, "")})
		if err != nil {
			t.Fatal(err)
		}
		r := engine.Record{Key: key, Action: action, Lane: "shard", Seq: seq, Data: engine.Bytes(data)}
		b := e.bulk([]engine.Record{r, esRecord("REMOVE", "after", "")})
		defer b.body.Free()
		whole, err := io.ReadAll(b.body.Content().Reader())
		if err != nil {
			t.Fatal(err)
		}
		body, ok := bytes.CutSuffix(whole, e.appendLine(nil, opDelete, []byte("after")))
		if !ok {
			t.Fatalf("the body ends with something else: %q", whole)
		}
		if len(b.actions) == 1 {
			if len(body) > 0 || b.outcome.Err(0) == nil {
				t.Errorf("a record that fails with %v left %q", b.outcome.Err(0), body)
			}
			return
		}
		if len(body) != e.size(&r) {
			t.Errorf("counts %d bytes; want %d", e.size(&r), len(body))
		}
		lines := strings.Split(strings.TrimSuffix(string(body), "\n"), "\n")
		var metadata map[string]map[string]string
		if err := json.Unmarshal([]byte(lines[0]), &metadata); err != nil {
			t.Fatal(err)
		}
		a := b.actions[0]
		about := map[string]string{"_id": string(e.appendID(nil, &r))}
		if e.index.DocType != "" {
			about["_type"] = e.index.DocType
		}
		if diff := cmp.Diff(map[string]map[string]string{a.op: about}, metadata); diff != "" {
			t.Errorf("metadata differ (-want +got):\n%s", diff)
		}
		if !e.names(&r, about["_id"]) || e.names(&r, about["_id"]+"0") {
			t.Error("an answer's _id is taken for another")
		}
		if action == "REMOVE" {
			if len(lines) != 1 {
				t.Errorf("%d lines", len(lines))
			}
			return
		}
		var want, got bytes.Buffer
		if err := json.Compact(&want, data); err != nil || len(lines) != 2 {
			t.Fatalf("%d lines: %v", len(lines), err)
		}
		if err := json.Compact(&got, []byte(lines[1])); err != nil || got.String() != want.String() {
			t.Errorf("the document is %q (%v); want %q", lines[1], err, want.String())
		}
		if bytes.Contains(document(&r), []byte("\n")) && lines[1] != want.String() {
			t.Errorf("the document has white space left: %q", lines[1])
		}
	})
}

func BenchmarkESSend(b *testing.B) {
	for name, data := range map[string]string{
		"line":  `{"a":"` + strings.Repeat("x", 1000) + `"}`,
		"lines": "{\n  \"a\": \"" + strings.Repeat("x", 1000) + "\",\n  \"b\": [\n    1,\n    2\n  ]\n}",
	} {
		b.Run(name, func(b *testing.B) {
			recs := sinktest.Numbered(500)
			for i := range recs {
				recs[i].Data = engine.Bytes([]byte(data))
			}
			items := strings.Repeat(`{"create":{"_index":"orders","_version":1,"result":"created","_shards":{"total":2,"successful":1,"failed":0},"_seq_no":0,"_primary_term":1,"status":201}},`, len(recs))
			sinktest.BenchmarkSend(b, answering(b, http.StatusOK, nil, `{"took":1,"errors":false,"items":[`+strings.TrimSuffix(items, ",")+`]}`), recs)
		})
	}
}
