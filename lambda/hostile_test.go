package lambda_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"fanout/internal/testing/race"
	"fanout/lambda"
	"fanout/lambda/metrics"
)

// endless is a server that answers every request with 100 MB of JSON, packed if asked to.
func endless(t *testing.T, status int, pack bool) *httptest.Server {
	t.Helper()
	chunk := []byte(strings.Repeat("secret", 10_000))
	write := func(w io.Writer) {
		_, err := io.WriteString(w, `{"Items":[{"id":{"S":"`)
		for sent := 0; sent < 100<<20 && err == nil; sent += len(chunk) {
			_, err = w.Write(chunk)
		}
	}
	var gz bytes.Buffer
	packer := gzip.NewWriter(&gz)
	write(packer)
	if err := packer.Close(); err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if pack {
			w.Header().Set("Content-Encoding", "gzip")
			w.WriteHeader(status)
			_, _ = w.Write(gz.Bytes())
			return
		}
		w.WriteHeader(status)
		write(w)
	}))
	t.Cleanup(s.Close)
	return s
}

// allocated returns how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// Answers to the function's own calls are bounded and never decompressed.
func TestAnswersAreBounded(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector allocates too")
	}
	calls := map[string]func(context.Context, aws.Config) error{
		"DynamoDB": func(ctx context.Context, c aws.Config) error {
			_, err := dynamodb.NewFromConfig(c).Query(ctx, &dynamodb.QueryInput{TableName: aws.String("t")})
			return err
		},
		"STS": func(ctx context.Context, c aws.Config) error {
			return lambda.AssumeRole(ctx, c, reader)
		},
		"Secrets Manager": func(ctx context.Context, c aws.Config) error {
			return lambda.ReadSecret(ctx, c)
		},
		"CloudWatch": func(ctx context.Context, c aws.Config) error {
			return metrics.NewClient(c).PutMetricData(ctx, "n", nil)
		},
	}
	for _, status := range []int{http.StatusOK, http.StatusInternalServerError} {
		for _, pack := range []bool{false, true} {
			cfg, err := lambda.ConfigFromVariables(lambda.At(endless(t, status, pack).URL), 1)
			if err != nil {
				t.Fatal(err)
			}
			for name, call := range calls {
				t.Run(fmt.Sprint(name, "/", status, "/", pack), func(t *testing.T) {
					n := allocated(func() { err = call(t.Context(), cfg) })
					if n > 64<<20 {
						t.Errorf("the call allocates %d bytes", n)
					}
					if err == nil && name != "CloudWatch" { // its answer has no content beyond the status
						t.Error("the call succeeded")
					}
				})
			}
		}
	}
}

// A target whose host answers without end fails, and the others get their records.
func TestHostileTarget(t *testing.T) {
	hostile := endless(t, http.StatusOK, false)
	a := open(t, targets(orders,
		fmt.Sprintf("id: hostile, type: es, destination: %q", hostile.URL+"/orders"),
		"id: good, type: kinesis, destination: good",
	))
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	var results []lambda.Result
	var err error
	event := []byte(orderEvent([]byte(`{"n":1}`), []byte(`{"n":2}`)))
	if n := allocated(func() { results, err = a.Handle(ctx, event) }); n > 64<<20 || err != nil {
		t.Fatalf("the event allocates %d bytes: %v", n, err)
	}
	for _, r := range results[0].Report.Targets {
		if failed := r.ID == "hostile"; failed != (r.Failed == 2) || failed == (r.Delivered == 2) {
			t.Errorf("target %s: %d delivered, %d failed", r.ID, r.Delivered, r.Failed)
		}
		for _, f := range r.Failures {
			if strings.Contains(f.Err.Error(), "secret") {
				t.Errorf("the error quotes the answer: %v", f.Err)
			}
		}
	}
}

// crowded stands for AWS. It answers every request with the same text.
type crowded struct {
	answer string
	calls  atomic.Int64
}

func (c *crowded) RoundTrip(r *http.Request) (*http.Response, error) {
	c.calls.Add(1)
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(c.answer)), Request: r}, nil
}

// crowd returns an answer of 4 MB with as many values as fit.
func crowd(head, value string) string { return head + strings.Repeat(value, (4<<20-1<<10)/len(value)) }

// Decoders need a hundred bytes for a value that takes two bytes in an answer. The
// function's own calls bound that too.
func TestCrowdedAnswers(t *testing.T) {
	empty, deep := crowd(`{"Items":[`, "{},"), crowd("<AssumeRoleResponse>", "<a>")
	cache := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(cache.Close)
	const secret = `secret: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:s"`
	for _, c := range []struct {
		name   string
		answer string
		target string
		set    func(*lambda.Options)
		most   uint64 // bytes that one attempt allocates
	}{
		{"target table", empty, "", func(o *lambda.Options) { o.TargetsFile, o.Table = "", "t" }, 40 << 20},
		{"ledger", empty, "id: good, type: kinesis, destination: good", withLedger, 32 << 20},
		{"role", deep, `id: other, type: kinesis, destination: other, role: "` + reader + `"`, func(*lambda.Options) {}, 4 << 20},
		{"secret", empty, "id: cache, type: redis, destination: " + strings.TrimPrefix(cache.URL, "http://") + ", " + secret, func(*lambda.Options) {}, 4 << 20},
	} {
		file := filepath.Join(t.TempDir(), "targets.yaml")
		if err := os.WriteFile(file, []byte(targets(orders, c.target)), 0o600); err != nil {
			t.Fatal(err)
		}
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := lambda.DefaultOptions()
				o.Metrics, o.TargetsFile = metrics.ModeNone, file
				c.set(&o)
				services := &crowded{answer: c.answer}
				var log bytes.Buffer
				h, err := lambda.New(o, aws.Config{
					Region: "eu-west-1", Credentials: credentials.NewStaticCredentialsProvider("AKIAFUNCTION", "made up", ""),
					HTTPClient: &http.Client{Transport: services},
					Retryer:    func() aws.Retryer { return aws.NopRetryer{} },
				}, lambda.NewLogger(&log, o.LogLevel))
				if err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
				defer cancel()
				n := allocated(func() { _, err = h.Handle(ctx, []byte(orderEvent([]byte("{}")))) })
				calls := services.calls.Load()
				if calls == 0 || n/uint64(calls) > c.most {
					t.Errorf("%d calls allocate %d bytes", calls, n)
				}
				if !strings.Contains(fmt.Sprint(err, log.String()), "the answer") {
					t.Errorf("it says %v, %s", err, log.String())
				}
			})
		})
	}
}
