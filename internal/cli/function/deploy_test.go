package function

import (
	"bytes"
	"testing"

	"fanout/internal/provision/stack"
)

// The replaced code is described with the prospects of its targets, and the way back.
func TestTellReplaced(t *testing.T) {
	r := &stack.Replaced{
		Function: "orders", Runtime: "nodejs22.x", Handler: "index.handler", Modified: "2026-01-31T12:00:00.000+0000", SHA256: "c2hh", Bytes: 4321,
		Table: "ordersTargets", Targets: 2, Warnings: 1, Faulty: []string{`target "b": type: "pigeon" is unknown`}, Version: "7", Restore: []string{"aws lambda a", "aws lambda b"},
	}
	const code = `The function "orders" is not a fanout function. Deploy will replace this code and keep it as a version:
  runtime nodejs22.x, handler index.handler, last modified 2026-01-31T12:00:00.000+0000, 4321 bytes, SHA-256 c2hh
`
	var b bytes.Buffer
	printReplaced(&b, r)
	printRestore(&b, r)
	if want := code + `The table "ordersTargets" already has 2 targets. The following have faults, so their records will fail and block their shards, or will not arrive; correct them, or set active to false:
  target "b": type: "pigeon" is unknown
There is 1 warning too; run fanout lint --table ordersTargets to see them
To go back to version 7, run:
  aws lambda a
  aws lambda b
`; b.String() != want {
		t.Errorf("got %s\nwant %s", &b, want)
	}
	b.Reset()
	r.Faulty, r.Warnings, r.Unchecked = nil, 0, "AWS does not allow it"
	printReplaced(&b, r)
	if want := code + "Deploy cannot check its targets: AWS does not allow it\n"; b.String() != want {
		t.Errorf("got %s\nwant %s", &b, want)
	}
}
