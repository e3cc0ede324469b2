package lambda_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fanout/internal/testing/awsfake"
	"fanout/lambda"
	"fanout/lambda/envelope"
)

const failures = "arn:aws:sqs:eu-west-1:123456789012:failures"

// What a target without onFailure rejects goes to the function's queue for failures, in an
// envelope that names the target. An onFailure of a target wins, and a target that takes
// what others reject has no default, nor has the queue itself.
func TestFailuresQueue(t *testing.T) {
	const a = "id: a, type: kinesis, destination: a"
	for _, tt := range []struct {
		name    string
		targets []string
		queue   string
		refuse  []string // destinations
		took    []string // targets whose records the queue has
		spare   int      // records that the stream spare has
		failed  []string // targets that the records failed at, by id
	}{
		{"no queue", []string{a}, "", []string{"a"}, nil, 0, []string{"a"}},
		{"queue", []string{a, "id: b, type: sns, destination: " + "arn:aws:sns:eu-west-1:123456789012:b"}, failures, []string{"a"}, []string{"a"}, 0, nil},
		{"both", []string{a, "id: b, type: kinesis, destination: b"}, failures, []string{"a", "b"}, []string{"a", "b"}, 0, nil},
		{"onFailure wins", []string{a + ", onFailure: s", "id: s, type: kinesis, destination: spare"}, failures, []string{"a"}, nil, 2, nil},
		{"no chain", []string{a + ", onFailure: s", "id: s, type: kinesis, destination: spare"}, failures, []string{"a", "spare"}, nil, 0, []string{"a", "s"}},
		{"the queue as a target", []string{"id: q, type: sqs, collapse: none, destination: '" + failures + "'"}, failures, []string{"failures"}, nil, 0, []string{"q"}},
		{"the queue fails", []string{a}, failures, []string{"a", "failures"}, nil, 0, []string{"a"}},
		{"misconfigured", []string{"id: a, type: kinesis, destination: no stream"}, failures, nil, nil, 0, []string{"a"}},
		{"misconfigured onFailure", []string{a + ", onFailure: nobody"}, failures, []string{"a"}, nil, 0, []string{"a"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := open(t, targets(orders, tt.targets...), func(o *lambda.Options) { o.OnFailure, o.ReportBatchItemFailures = tt.queue, true })
			a.OnCall(func(c awsfake.Call) *awsfake.Fault {
				if slices.Contains(tt.refuse, c.Destination) {
					return &awsfake.Fault{Code: "AccessDeniedException"}
				}
				return nil
			})
			var failed []string
			for _, r := range a.handle(orderEvent([]byte("x"))) {
				for _, report := range r.Report.Targets {
					if report.Failed > 0 {
						failed = append(failed, report.ID)
					}
				}
			}
			slices.Sort(failed)
			from := map[string]bool{}
			for _, r := range a.Records("sqs/failures") {
				e, err := envelope.Parse(r.Data)
				if err != nil || e.Source != orders || e.Sequence != "49590338271490256" {
					t.Errorf("the queue has %s, %v", r.Data, err)
				}
				from[e.Target] = true
			}
			if diff := cmp.Diff(tt.took, slices.Sorted(maps.Keys(from))); diff != "" {
				t.Error(diff)
			}
			if got := len(a.Records("kinesis/spare")); got != tt.spare {
				t.Errorf("the stream spare has %d records, want %d", got, tt.spare)
			}
			if diff := cmp.Diff(tt.failed, failed); diff != "" {
				t.Error(diff)
			}
			for _, e := range a.logged() {
				for _, f := range e.Failures {
					if tt.queue != "" && e.Target == "a" && f.Remedy != "" && tt.name == "the queue fails" {
						t.Errorf("the log suggests onFailure: %s", f.Remedy)
					}
				}
			}
		})
	}
}
