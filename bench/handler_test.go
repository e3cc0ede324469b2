package bench

import (
	"bytes"
	"cmp"
	"context"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"go.uber.org/zap"

	"fanout/lambda"
)

// newHandler returns the function with the targets of w, and the services that it calls.
func newHandler(t testing.TB, w *Workload) (*lambda.Handler, *Services) {
	t.Helper()
	services := &Services{Latency: w.Latency, Faults: w.Faults}
	return handlerFor(t, w, services, lambda.DefaultOptions()), services
}

// handlerFor returns the function with the targets of w, which calls services.
func handlerFor(t testing.TB, w *Workload, services http.RoundTripper, o lambda.Options) *lambda.Handler {
	t.Helper()
	file := filepath.Join(t.TempDir(), "targets.yaml")
	if err := os.WriteFile(file, w.File(), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := aws.Config{
		Region:      "eu-west-1",
		Credentials: credentials.NewStaticCredentialsProvider("bench", "bench", ""),
		HTTPClient:  &http.Client{Transport: services},
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	}
	o.TargetsFile = file
	h, err := lambda.New(o, cfg, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// TestWorkloadsAreDelivered asserts that every workload is delivered in full; otherwise
// its figures are meaningless.
func TestWorkloadsAreDelivered(t *testing.T) {
	for _, w := range Workloads() {
		t.Run(w.Name, func(t *testing.T) {
			w.Latency = 0
			h, services := newHandler(t, &w)
			results, err := h.Handle(t.Context(), bytes.Clone(w.Event))
			if err != nil {
				t.Fatal(err)
			}
			for _, target := range results[0].Report.Targets {
				if target.Delivered != w.Records {
					t.Errorf("target %s: %d of %d delivered: %v", target.ID, target.Delivered, w.Records, target.Failures)
				}
			}
			if services.Acknowledged() != int64(w.Acknowledged()) {
				t.Errorf("%d records acknowledged, want %d", services.Acknowledged(), w.Acknowledged())
			}
			t.Logf("%d calls, event of %d bytes", services.Calls(), len(w.Event))
		})
	}
}

// TestEventsAreNotKept asserts that nothing keeps an event in memory after its end. A
// single string of the event would.
func TestEventsAreNotKept(t *testing.T) {
	for _, name := range []string{"W2", "W3", "W4", "ordered"} {
		t.Run(name, func(t *testing.T) {
			w, err := Find(name)
			if err != nil {
				t.Fatal(err)
			}
			h, _ := newHandler(t, &w)
			freed := make(chan struct{})
			data := bytes.Clone(w.Event)
			runtime.AddCleanup(&data[0], func(freed chan struct{}) { close(freed) }, freed)
			if _, err := h.Handle(t.Context(), data); err != nil {
				t.Fatal(err)
			}
			for range 100 {
				runtime.GC()
				select {
				case <-freed:
					runtime.KeepAlive(h)
					return
				default:
					runtime.Gosched()
				}
			}
			t.Error("the event is still in memory")
		})
	}
}

// measure reports the costs of w: wall time, records and megabytes per second,
// allocations per record, calls, and dollars per million records.
func measure(b *testing.B, w *Workload) {
	h, services := newHandler(b, w)
	b.SetBytes(int64(len(w.Event)))
	b.ReportAllocs()
	allocated := allocations()
	events := 0
	for b.Loop() {
		if _, err := h.Invoke(context.Background(), w.Event); err != nil {
			b.Fatal(err)
		}
		events++
	}
	records := float64(w.Records * events)
	b.ReportMetric(records/b.Elapsed().Seconds(), "records/s")
	b.ReportMetric(float64(allocations()-allocated)/records, "allocs/record")
	b.ReportMetric(float64(services.Calls())/records*1e6, "calls/M-records")
	b.ReportMetric(cost(builtIn(b), services, events, b.Elapsed(), cmp.Or(w.Memory, DefaultMemory))/records*1e6, "$/M-records")
}
