package engine_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"fanout/engine"
	"fanout/engine/enginetest"
)

// A source record is delivered if all its parts are, and fails if any part fails.
func TestRunCountsSourceRecords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		recs := records("x x x")
		recs[0].Data = engine.Bytes([]byte("one two three"))
		recs[1].Data = engine.Bytes([]byte("four bad"))
		recs[2].Data = engine.Bytes(nil)
		sink := &enginetest.Sink{Script: func(a enginetest.Attempt) error {
			if string(a.Record.Data.Bytes()) == "bad" {
				return enginetest.ErrPermanent
			}
			return nil
		}}
		r := run(t, engine.Target{Sink: sink, Stages: []engine.Stage{Words{}}}, recs)
		wantCounts(t, r, 1, 1, 1)
		if r.Fate(0) != engine.FateDelivered || r.Fate(1) != engine.FateFailed || r.Fate(2) != engine.FateDropped {
			t.Errorf("fates %v %v %v", r.Fate(0), r.Fate(1), r.Fate(2))
		}
		merged := run(t, engine.Target{Sink: &enginetest.Sink{Script: enginetest.FailTimes(9, enginetest.ErrPermanent, keyIs("c"))},
			Stages: []engine.Stage{pairs()}}, records("a b c d"))
		wantCounts(t, merged, 2, 0, 2)
	})
}

func TestReportListsTheFirstReasons(t *testing.T) {
	sink := &enginetest.Sink{Script: func(a enginetest.Attempt) error {
		return engine.Errorf(engine.Permanent, "reason %d", a.Index/2)
	}}
	r := run(t, engine.Target{Sink: sink}, records(strings.Repeat("x ", 20)))
	if len(r.Failures) != 5 || r.Failures[1].Count != 2 || r.Failures[1].Seq != "102" || r.Failures[1].Lane != "shard-0" {
		t.Errorf("failures %+v", r.Failures)
	}
}

// sending is a sink that calls a function to send.
type sending func() engine.Outcome

func (s sending) Send(context.Context, []engine.Record) engine.Outcome { return s() }

// A run is idle when nothing can use its records any more.
func TestRunIsIdle(t *testing.T) {
	slow := &enginetest.Sink{Whole: enginetest.Delay(time.Minute)}
	never := sending(func() engine.Outcome { return engine.Failed(engine.Errorf(engine.Permanent, "no")) })
	for name, c := range map[string]struct {
		target engine.Target
		idle   bool
	}{
		"delivered":             {engine.Target{Sink: &enginetest.Sink{}}, true},
		"refused":               {engine.Target{Sink: never}, true},
		"cut short":             {engine.Target{Sink: slow}, false},
		"hangs":                 {engine.Target{Sink: sending(func() engine.Outcome { time.Sleep(time.Hour); return engine.Outcome{} })}, false},
		"panics":                {engine.Target{Sink: sending(func() engine.Outcome { panic("x") })}, false},
		"cut short in fallback": {engine.Target{Sink: never, Ordered: true, OnFailure: &engine.Fallback{ID: "f", Sink: slow}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
				defer cancel()
				c.target.ID = "t"
				report := runAll(t, ctx, engine.Options{Margin: time.Second}, records("a b"), c.target)
				if report.Idle != c.idle {
					t.Errorf("idle: %v, want %v", report.Idle, c.idle)
				}
				time.Sleep(2 * time.Hour) // for sinks and stages that ignore their context
			})
		})
	}
}

// Filtered records have a fate of their own. With parts that are dropped or delivered,
// their source record has the fate of these.
func TestReportCountsFilteredRecords(t *testing.T) {
	fates := each("fates", func(r engine.Record, out *engine.Out) {
		for i, word := range strings.Fields(string(r.Data.Bytes())) {
			part := r.With(engine.Bytes([]byte(word)))
			part.Sub = i
			switch word {
			case "filter":
				out.Filter(part)
			case "drop":
				out.Drop(part, "a rule says so")
			default:
				out.Emit(part)
			}
		}
	})
	recs := records("x x x x")
	for i, words := range []string{"filter filter", "filter drop", "drop filter emit", "emit"} {
		recs[i].Data = engine.Bytes([]byte(words))
	}
	r := run(t, engine.Target{Sink: &enginetest.Sink{}, Stages: []engine.Stage{fates}}, recs)
	wantCounts(t, r, 2, 1, 0)
	want := []engine.Fate{engine.FateFiltered, engine.FateDropped, engine.FateDelivered, engine.FateDelivered}
	for i := range want {
		if r.Fate(i) != want[i] {
			t.Errorf("record %d is %v, want %v", i, r.Fate(i), want[i])
		}
	}
	if r.Filtered != 1 || !r.Held(0).All {
		t.Errorf("%d filtered, held %+v; want 1 that counts as done", r.Filtered, r.Held(0))
	}
}
