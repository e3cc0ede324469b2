package lambda_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fanout/internal/testing/awsfake"
	"fanout/lambda"
)

// One log line describes the record that holds up a shard: its identity, the reason, and
// the setting to change, if there is one.
func TestRemedy(t *testing.T) {
	const again = "Lambda sends the record again until it expires; set onFailure to a target that takes such records"
	small := []byte(`{"n":1}`)
	large := bytes.Repeat([]byte("x"), 257<<10) // SNS takes 256 KiB unless told otherwise
	denied := func(awsfake.Call) *awsfake.Fault { return &awsfake.Fault{Code: "AccessDeniedException"} }
	type reason struct{ Class, Sequence, Remedy string }
	for name, c := range map[string]struct {
		target string
		faults func(awsfake.Call) *awsfake.Fault
		want   []reason
	}{
		"too large": {"type: sns, collapse: none, destination: " + topic + "x", nil,
			[]reason{{"too large", "49590338271490257", again + ", or set oversize to the URL of a bucket, or to drop"}}},
		"too large, and in a message with others": {"type: sns, destination: " + topic + "x", nil,
			[]reason{{"too large", "49590338271490257", again + ", or set oversize to the URL of a bucket, or to drop"}}},
		"too large for a function": {"type: lambda, destination: x", nil,
			[]reason{{"too large", "49590338271490258", again + ", or set oversize to drop"}}},
		"dropped":        {"type: sns, collapse: none, oversize: drop, destination: " + topic + "x", nil, nil},
		"denied":         {"type: kinesis, destination: x", denied, []reason{{"permanent", "49590338271490256", again}}},
		"onFailure, too": {"type: kinesis, destination: x, onFailure: spare", denied, []reason{{"permanent", "49590338271490256", ""}}},
		"misconfigured":  {"type: kinesis, destination: no stream", nil, []reason{{"permanent", "49590338271490256", ""}}},
	} {
		t.Run(name, func(t *testing.T) {
			a := open(t, targets(orders, "id: x, "+c.target, "id: spare, type: firehose, destination: spare"), func(o *lambda.Options) { o.ReportBatchItemFailures = true })
			a.OnCall(c.faults)
			data := [][]byte{small, large, small, large}
			if strings.Contains(c.target, "lambda") {
				data = [][]byte{small, small, bytes.Repeat(large, 4)}
			}
			a.answer(orderEvent(data...))
			var got []reason
			for _, e := range a.logged() {
				if e.Target != "x" {
					continue
				}
				for _, f := range e.Failures {
					if f.Shard != "shardId-000000000000" || f.Error == "" {
						t.Errorf("the log does not say where or why: %+v", f)
					}
					got = append(got, reason{f.Class, f.Sequence, f.Remedy})
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Of many records that fail for one reason the log names the first of the batch,
// whichever failed first.
func TestFirstFailureIsNamed(t *testing.T) {
	a := open(t, targets(orders, "id: x, type: sqs, collapse: none, destination: "+queue+"x"))
	a.OnCall(func(c awsfake.Call) *awsfake.Fault {
		return &awsfake.Fault{Code: "AWS.SimpleQueueService.NonExistentQueue"}
	})
	a.answer(orderEvent(slices.Repeat([][]byte{[]byte(strings.Repeat("x", 1000))}, 300)...))
	log := a.logged()
	if len(log) != 1 || len(log[0].Failures) != 1 || log[0].Failures[0].Sequence != "49590338271490256" || log[0].Failures[0].Records != 300 {
		t.Errorf("the log says %+v", log)
	}
}
