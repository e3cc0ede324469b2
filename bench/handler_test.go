package bench

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"fanout/lambda"
	"fanout/lambda/metrics"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// newHandler returns the function with the targets of w, and the services it
// calls.
func newHandler(t testing.TB, w *Workload, latency time.Duration) (*lambda.Handler, *Services) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "targets.yaml")
	if err := os.WriteFile(file, []byte(w.Targets), 0o600); err != nil {
		t.Fatal(err)
	}
	services := &Services{Latency: latency}
	cfg := aws.Config{
		Region:      "eu-west-1",
		Credentials: credentials.NewStaticCredentialsProvider("bench", "bench", ""),
		HTTPClient:  &http.Client{Transport: services},
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	}
	o := lambda.DefaultOptions()
	o.TargetsFile, o.Metrics = file, metrics.ModeNone
	h, err := lambda.New(o, cfg, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	return h, services
}

// Every workload is delivered whole, or its figures mean nothing.
func TestWorkloadsAreDelivered(t *testing.T) {
	for _, w := range Workloads() {
		t.Run(w.Name, func(t *testing.T) {
			h, services := newHandler(t, &w, 0)
			results, err := h.Handle(t.Context(), bytes.Clone(w.Event))
			if err != nil {
				t.Fatal(err)
			}
			for _, target := range results[0].Report.Targets {
				if target.Delivered != w.Records {
					t.Errorf("target %s: %d of %d delivered: %v", target.ID, target.Delivered, w.Records, target.Failures)
				}
			}
			t.Logf("%d calls, event of %d bytes", services.Calls(), len(w.Event))
		})
	}
}

func BenchmarkHandler(b *testing.B) {
	for _, w := range Workloads() {
		b.Run(w.Name, func(b *testing.B) { benchmark(b, &w, 0) })
	}
}

// BenchmarkLatency shows how far requests overlap when each takes 20 ms.
func BenchmarkLatency(b *testing.B) {
	for _, w := range Workloads()[:3] {
		b.Run(w.Name, func(b *testing.B) { benchmark(b, &w, 20*time.Millisecond) })
	}
}

func benchmark(b *testing.B, w *Workload, latency time.Duration) {
	h, services := newHandler(b, w, latency)
	b.SetBytes(int64(len(w.Event)))
	b.ReportAllocs()
	events := 0
	for b.Loop() {
		if _, err := h.Invoke(context.Background(), w.Event); err != nil {
			b.Fatal(err)
		}
		events++
	}
	records := float64(w.Records * events)
	b.ReportMetric(records/b.Elapsed().Seconds(), "records/s")
	b.ReportMetric(float64(services.Calls())/records*1000, "calls/1k-records")
}
