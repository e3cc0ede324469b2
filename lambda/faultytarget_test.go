package lambda_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A target with faults is named with all of them, gets nothing, and its records fail. Other
// targets continue.
func TestFaultyTarget(t *testing.T) {
	a := open(t, `
targets:
- {sourceArn: "`+orders+`", id: good, type: kinesis, destination: good, active: true}
- {sourceArn: "`+orders+`", id: bad, type: kinesis, destination: "not a stream", active: "yes", region: nowhere, role: someone, parallel: 1}
- {sourceArn: "`+orders+`", id: rests, type: teapot, active: false}
`)
	report := a.handle(orderEvent([]byte("one"), []byte("two")))[0].Report
	if n := len(report.Targets); n != 2 {
		t.Fatalf("%d targets are reported, want the two that are active", n)
	}
	if good := report.Targets[0]; good.ID != "good" || good.Delivered != 2 || good.Failed != 0 {
		t.Errorf("got %+v", good)
	}
	bad := report.Targets[1]
	if bad.ID != "bad" || bad.Failed != 2 || bad.Requests != 0 || len(bad.Failures) != 1 {
		t.Fatalf("got %+v", bad)
	}
	where := func(line int) string { return fmt.Sprintf("%s:%d: ", a.file, line) }
	want := strings.Join([]string{
		where(4) + `destination: "not a stream" is not the name of a stream (at most 128 letters, digits and _ . -); write the name, or an ARN like arn:aws:kinesis:eu-west-1:123456789012:stream/name`,
		where(4) + `active: is a string (S); it must be a boolean (BOOL): write true or false`,
		where(4) + `region: "nowhere" is not a region; write one like eu-west-1`,
		where(4) + `role: "someone" is not an ARN; write one like arn:aws:iam::123456789012:role/name`,
		where(4) + `parallel: is a number (N); it must be a boolean (BOOL): write true or false`,
	}, "\n")
	if diff := cmp.Diff(want, bad.Failures[0].Err.Error()); diff != "" {
		t.Error(diff)
	}
	log := a.logged()
	if len(log) != 2 || log[1].Target != "bad" || log[1].Level != "error" || log[1].Failed != 2 || log[1].Failures[0].Error != want {
		t.Errorf("the log says %+v", log)
	}
	if got := a.answer(orderEvent([]byte("three"))); got != `error: 1 of 1 records failed at target "bad": `+want {
		t.Errorf("the answer is %s", got)
	}
	if got := a.Destinations(); len(got) != 1 {
		t.Errorf("records went to %v", got)
	}
}
