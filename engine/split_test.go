package engine_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"fanout/engine"
	"fanout/engine/enginetest"
)

// together merges all records of a lane.
var together = stage("together", func(_ context.Context, in []engine.Record, out *engine.Out) {
	var all []byte
	for i := range in {
		all = append(all, in[i].Data.Bytes()...)
	}
	m := engine.Merge(in, engine.Bytes(all))
	m.Key = m.Lane
	out.Emit(m)
})

// refuseAbove fails requests that hold a record of more than most bytes.
func refuseAbove(most *int, refused *int) func(context.Context, []engine.Record) error {
	return func(_ context.Context, batch []engine.Record) error {
		for i := range batch {
			if batch[i].Data.Len() > *most {
				*refused++
				return enginetest.ErrTooLarge
			}
		}
		return nil
	}
}

// A merged record that the target refuses as too large arrives in parts, in order.
// Later records fit from the start until the learned size expires.
func TestMergedRecordIsParted(t *testing.T) {
	for _, ordered := range []bool{false, true} {
		t.Run(fmt.Sprint("ordered=", ordered), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				most, refused := 5, 0
				sink := &enginetest.Sink{Bounds: engine.Limits{OnePerKey: true, Records: 10}, Whole: refuseAbove(&most, &refused)}
				plan, err := engine.NewPlan(engine.Options{}, engine.Target{ID: "t", Sink: sink, Ordered: ordered, Stages: []engine.Stage{together}})
				if err != nil {
					t.Fatal(err)
				}
				for run, want := range []int{3, 0, 0} { // one of 12 bytes, two of 6
					refused = 0
					wantCounts(t, plan.Run(t.Context(), records("aa bb cc dd ee ff")).Targets[0], 6, 0, 0)
					if refused != want {
						t.Errorf("run %d: %d requests refused; want %d", run, refused, want)
					}
				}
				got := strings.ReplaceAll(data(sink.Accepted()), " ", "")
				if ordered && got != strings.Repeat("aabbccddeeff", 3) || len(got) != 36 {
					t.Errorf("accepted %q", got)
				}
				most = 100
				time.Sleep(11 * time.Minute)
				plan.Run(t.Context(), records("aa bb cc dd ee ff"))
				if got := data(sink.Accepted()); !strings.HasSuffix(got, " aabbccddeeff") {
					t.Errorf("the owner raised the limit, and accepted is %q", got)
				}
			})
		})
	}
}

// Only the part of a merged record that is too large by itself fails, is dropped,
// or goes to OnFailure. Envelopes are split too.
func TestPartsThatAreTooLarge(t *testing.T) {
	most, refused, room := 5, 0, 12
	sink := &enginetest.Sink{Whole: refuseAbove(&most, &refused)}
	in := "aa bbbbbbb cc"
	wantCounts(t, run(t, engine.Target{Sink: sink, Stages: []engine.Stage{together}}, records(in)), 2, 0, 1)
	wantCounts(t, run(t, engine.Target{Sink: sink, Stages: []engine.Stage{together}, DropOversize: true}, records(in)), 2, 1, 0)
	dead := &enginetest.Sink{Whole: refuseAbove(&room, &refused)}
	broken := &enginetest.Sink{Whole: func(context.Context, []engine.Record) error { return enginetest.ErrPermanent }}
	r := run(t, engine.Target{Sink: broken, Stages: []engine.Stage{together}, OnFailure: &engine.Fallback{ID: "dead", Sink: dead, Wrap: func(r engine.Rejected) engine.Record {
		return r.Record.With(engine.Bytes(fmt.Appendf(nil, "letter:%s", r.Record.Data.Bytes())))
	}}}, records("aa bb cc dd"))
	if got := data(dead.Accepted()); r.Diverted != 4 || got != "letter:aabb letter:ccdd" {
		t.Errorf("%d diverted; the fallback accepted %q", r.Diverted, got)
	}
}

// A fallback that takes one half of a split envelope keeps it. Only the half that
// it refuses fails.
func TestFallbackTakesAHalf(t *testing.T) {
	for _, ordered := range []bool{false, true} {
		broken := &enginetest.Sink{Whole: func(context.Context, []engine.Record) error { return enginetest.ErrPermanent }}
		dead := &enginetest.Sink{Whole: func(_ context.Context, batch []engine.Record) error {
			switch text := string(batch[0].Data.Bytes()); {
			case len(text) > 4:
				return enginetest.ErrTooLarge
			case strings.Contains(text, "cc"):
				return enginetest.ErrPermanent
			}
			return nil
		}}
		r := run(t, engine.Target{
			Sink: broken, Ordered: ordered, Stages: []engine.Stage{together}, OnFailure: &engine.Fallback{ID: "dead", Sink: dead},
		}, records("aa bb cc dd"))
		if got := data(dead.Accepted()); r.Diverted != 2 || r.Failed != 2 || got != "aabb" {
			t.Errorf("ordered %v: %d diverted, %d failed; the fallback accepted %q", ordered, r.Diverted, r.Failed, got)
		}
	}
}
