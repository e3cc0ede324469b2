package bench

import (
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"go.uber.org/zap"

	"fanout/lambda"
	"fanout/lambda/metrics"
)

// ledgerServices answer DynamoDB requests after a delay; a negative delay never ends.
type ledgerServices struct {
	Services
	after time.Duration
	reads int // answered
}

// RoundTrip implements http.RoundTripper.
func (s *ledgerServices) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasPrefix(r.Header.Get("X-Amz-Target"), "DynamoDB") {
		if s.after < 0 {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}
		time.Sleep(s.after)
		s.reads++
		return &http.Response{StatusCode: http.StatusOK, Request: r, Body: io.NopCloser(strings.NewReader(`{"Count":0,"Items":[]}`))}, nil
	}
	return s.Services.RoundTrip(r)
}

// BenchmarkLedger measures the cost of the ledger for an event that is delivered at once:
// with an immediate answer, one after the few milliseconds of DynamoDB, and none.
func BenchmarkLedger(b *testing.B) {
	w := &Workloads()[0]
	file := filepath.Join(b.TempDir(), "targets.yaml")
	if err := os.WriteFile(file, w.File(), 0o600); err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name, table string
		after       time.Duration
	}{{"ledger=none", "", 0}, {"ledger=at-once", "ledger", 0}, {"ledger=3ms", "ledger", 3 * time.Millisecond}, {"ledger=hangs", "ledger", -1}} {
		b.Run(c.name, func(b *testing.B) {
			o := lambda.DefaultOptions()
			o.TargetsFile, o.Metrics, o.LedgerTable = file, metrics.ModeNone, c.table
			services := &ledgerServices{after: c.after}
			h, err := lambda.New(o, aws.Config{
				Region:      "eu-west-1",
				Credentials: credentials.NewStaticCredentialsProvider("bench", "bench", ""),
				HTTPClient:  &http.Client{Transport: services},
				Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
			}, zap.NewNop())
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			var worst time.Duration
			events := 0
			for b.Loop() {
				start := time.Now()
				if _, err := h.Invoke(context.Background(), w.Event); err != nil {
					b.Fatal(err)
				}
				events++
				worst = max(worst, time.Since(start))
			}
			b.ReportMetric(float64(services.reads)/float64(events), "reads/op")
			b.ReportMetric(float64(worst.Microseconds())/1000, "worst-ms")
		})
	}
}
