package dedup

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"fanout/engine"
	"fanout/engine/enginetest"
	"fanout/lambda/dedup/ledger"
	"fanout/lambda/event"
	"fanout/sinks"
)

// An entry holds only true facts: in order, about records with a number. A number that
// several records share counts only if a target has them all.
func TestEntries(t *testing.T) {
	rec := func(lane, seq, data string) engine.Record {
		return engine.Record{Lane: lane, Seq: seq, Data: engine.Bytes([]byte(data))}
	}
	recs := []engine.Record{
		rec("one", "10", ""), rec("one", "9", ""), rec("one", "11", "x"), rec("two", "5", "x"), rec("three", "", ""),
		rec("one", "7", ""), rec("one", "7", "x"), rec("one", "07", ""), rec("one", "8", ""), rec("one", "8", ""),
	}
	sink := &enginetest.Sink{Script: func(a enginetest.Attempt) error {
		if string(a.Record.Data.Bytes()) == "x" {
			return enginetest.ErrPermanent
		}
		return nil
	}}
	plan, err := engine.NewPlan(engine.Options{}, engine.Target{ID: "t", Sink: sink})
	if err != nil {
		t.Fatal(err)
	}
	b := &Batch{Source: "source", Kind: event.Kinesis, Records: recs, Targets: []sinks.Spec{{ID: "t"}}, Report: plan.Run(t.Context(), recs)}
	want := map[shard]ledger.Entry{
		{source: "source", lane: "one"}: {
			Last: "11", Names: []string{"07", "7", "8", "9", "10", "11"}, Has: map[string]ledger.Bits{b.Targets[0].Fingerprint(): {0b11101}},
		},
	}
	if diff := cmp.Diff(want, (&reading{batch: b}).entries(), cmp.AllowUnexported(shard{})); diff != "" {
		t.Error(diff)
	}
}
