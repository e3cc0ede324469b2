package run

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"fanout/engine"
	"fanout/internal/cli/ui"
	"fanout/internal/testing/clitest"
	"fanout/lambda"
	"fanout/sinks"
	"fanout/sinks/sqs"
)

// Records that a target has already are not counted as delivered again.
func TestSummaryOfARetry(t *testing.T) {
	s := new(Summary)
	for _, r := range []engine.TargetReport{
		{ID: "t", Delivered: 30, Failed: 10, Requests: 2, Bytes: 300},
		{ID: "t", Already: 30, Failed: 10, Requests: 1},
		{ID: "t", Already: 30, Delivered: 10, Requests: 1, Bytes: 100},
	} {
		s.Add([]lambda.Result{{SourceARN: clitest.Orders, Targets: []sinks.Spec{{ID: "t"}}, Report: &engine.Report{Targets: []engine.TargetReport{r}}}})
	}
	_, rows := s.snapshot()
	if r := rows[0]; r.Delivered != 40 || r.Already != 60 || r.Failed != 20 || r.Requests != 4 || r.Bytes != 400 {
		t.Errorf("the sum is %+v", r)
	}
}

// A short run has each reason once, below the table. In a long one it is news.
func TestReasonsAreToldOnce(t *testing.T) {
	for _, tt := range []struct {
		name          string
		took          time.Duration // until the last failures, and the same again
		first, last   int
		news, summary string
	}{
		{"short", time.Second, 1, 1, "", "t: 2 failed: full\n"},
		{"long, failed early", patience, 1, 1, "t: 1 failed: full\n", ""},
		{"long, failed late", patience, 0, 1, "t: 1 failed: full\n", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var news, output bytes.Buffer
				s := new(Summary)
				fail := func(n int) {
					report := engine.TargetReport{ID: "t", Failed: n}
					if n > 0 {
						report.Failures = []engine.Failure{{Err: errors.New("full"), Count: n}}
					}
					s.Add([]lambda.Result{{SourceARN: clitest.Orders, Targets: []sinks.Spec{{ID: "t", Type: sqs.Type}}, Report: &engine.Report{Targets: []engine.TargetReport{report}}}})
				}
				stop := s.TellLate(&news)
				fail(tt.first)
				time.Sleep(tt.took)
				synctest.Wait()
				fail(tt.last)
				time.Sleep(tt.took)
				stop()
				if err := s.Print(io.Discard, ui.NewLive(&output), "table"); err != nil {
					t.Fatal(err)
				}
				if _, below, _ := strings.Cut(output.String(), "┘\n"); below != tt.summary || news.String() != tt.news {
					t.Errorf("news %q and below the table %q; want %q and %q", &news, below, tt.news, tt.summary)
				}
			})
		})
	}
}
