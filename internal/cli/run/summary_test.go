package run

import (
	"testing"

	"fanout/engine"
	"fanout/internal/testing/clitest"
	"fanout/lambda"
	"fanout/sinks"
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
