package engine_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"fanout/engine"
	"fanout/engine/enginetest"
)

// storing returns a target that takes two bytes a record, and stores larger records in store.
func storing(sink, store *enginetest.Sink, ordered bool) engine.Target {
	sink.Bounds.RecordBytes = 2
	return engine.Target{Sink: sink, Ordered: ordered, Oversize: func(r *engine.Record) (engine.Sink, engine.Payload) {
		return store, engine.Bytes([]byte("@" + r.Seq[len(r.Seq)-1:]))
	}}
}

// A record that is too large is stored, and the target gets a reference in its place, in the
// order of its key.
func TestReference(t *testing.T) {
	for _, ordered := range []bool{false, true} {
		for _, onePerKey := range []bool{false, true} {
			sink, store := &enginetest.Sink{Bounds: engine.Limits{OnePerKey: onePerKey}}, &enginetest.Sink{}
			recs := records("a bbbb c dddd e")
			for i := range recs {
				recs[i].Key, recs[i].Raw = "k", []byte("raw")
			}
			r := run(t, storing(sink, store, ordered), recs)
			wantCounts(t, r, 5, 0, 0)
			if got := data(sink.Accepted()); ordered && got != "a @1 c @3 e" || len(got) != len("a @1 c @3 e") || r.Referenced != 2 {
				t.Errorf("ordered %v: %d references; accepted %q", ordered, r.Referenced, got)
			}
			if got := data(store.Accepted()); got != "bbbb dddd" {
				t.Errorf("stored %q", got)
			}
			for _, r := range sink.Accepted() {
				if large := r.Parts() != nil; large != strings.HasPrefix(string(r.Data.Bytes()), "@") || r.Key != "k" || string(r.Raw) != "raw" || large && len(r.Parts()[0].Data.Bytes()) != 4 {
					t.Errorf("the target got %+v", r)
				}
			}
		}
	}
}

// A record that the destination refuses as too large goes by reference, however small its
// limit, and whether it refuses the record or its request.
func TestReferenceAfterRefusal(t *testing.T) {
	for _, alone := range []bool{false, true} {
		store, sink := &enginetest.Sink{}, &enginetest.Sink{Bounds: engine.Limits{OnePerKey: true}}
		most, refused := 3, 0
		target := storing(sink, store, true)
		sink.Bounds.RecordBytes = 0
		if sink.Whole = refuseAbove(&most, &refused); alone {
			sink.Whole, sink.Script = nil, func(a enginetest.Attempt) error {
				if a.Record.Data.Len() > most {
					return enginetest.ErrTooLarge
				}
				return nil
			}
		}
		wantCounts(t, run(t, target, records("aaa bbbb ccc")), 3, 0, 0)
		if got := data(sink.Accepted()); len(got) != len("aaa @1 ccc") || !strings.Contains(got, "@1") {
			t.Errorf("accepted %q", got)
		}
	}
}

// A merged record is split first, so only a record that is too large by itself goes by reference.
func TestReferenceToAPart(t *testing.T) {
	sink, store := &enginetest.Sink{}, &enginetest.Sink{}
	target := storing(sink, store, true)
	sink.Bounds.RecordBytes, target.Stages = 4, []engine.Stage{together}
	wantCounts(t, run(t, target, records("aa bbbbbbb cc dd")), 4, 0, 0)
	if got, stored := data(sink.Accepted()), data(store.Accepted()); got != "aa @1 ccdd" || stored != "bbbbbbb" {
		t.Errorf("accepted %q; stored %q", got, stored)
	}
}

// The reference goes only when the store has acknowledged the data. Until then a record is
// stored again, and no later record of its key goes.
func TestReferenceWaitsForTheStore(t *testing.T) {
	for name, tt := range map[string]struct {
		fails     func(enginetest.Attempt) error
		delivered int
		accepted  string
		says      string
	}{
		"twice":     {enginetest.FailTimes(2, enginetest.ErrThrottled, everyRecord), 4, "@0 a b b", ""},
		"always":    {enginetest.FailTimes(1000, enginetest.ErrRetryable, everyRecord), 2, "b b", "could not be stored: gave up after 8 attempts"},
		"for good":  {enginetest.FailTimes(1000, enginetest.ErrPermanent, everyRecord), 2, "b b", "could not be stored: the script says: never"},
		"it panics": {func(enginetest.Attempt) error { panic("the store") }, 2, "b b", "the sink panicked"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sink, store := &enginetest.Sink{Bounds: engine.Limits{OnePerKey: true}}, &enginetest.Sink{Script: tt.fails}
				recs := records("aaaa a b b")
				recs[0].Key = "a"
				r := run(t, storing(sink, store, true), recs)
				wantCounts(t, r, tt.delivered, 0, 4-tt.delivered)
				if got := data(sink.Accepted()); sorted(got) != sorted(tt.accepted) || strings.Contains(got, "a @") {
					t.Errorf("accepted %q", got)
				}
				if tt.says != "" {
					wantFailure(t, r, tt.says)
				}
			})
		})
	}
}

func everyRecord(*engine.Record) bool { return true }

// sorted returns s with its words in order.
func sorted(s string) string {
	words := strings.Fields(s)
	slices.Sort(words)
	return strings.Join(words, " ")
}

// OnFailure gets the record itself, not a reference to it: if the store refuses it for good, or
// if the target refuses the reference. A failure that may pass leaves the record to the source.
func TestReferenceThatFails(t *testing.T) {
	never := func(enginetest.Attempt) error { return enginetest.ErrPermanent }
	later := func(enginetest.Attempt) error { return enginetest.ErrRetryable }
	for name, tt := range map[string]struct {
		sink, store func(enginetest.Attempt) error
		diverted    int
		stored      string
	}{
		"the store refuses":        {nil, never, 1, ""},
		"the target refuses":       {never, nil, 1, "aaaa"},
		"the store is down":        {nil, later, 0, ""},
		"the target is down":       {later, nil, 0, "aaaa"},
		"the reference is too big": {func(enginetest.Attempt) error { return enginetest.ErrTooLarge }, nil, 1, "aaaa"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sink, store, dead := &enginetest.Sink{Script: tt.sink}, &enginetest.Sink{Script: tt.store}, &enginetest.Sink{}
				target := storing(sink, store, false)
				target.OnFailure = &engine.Fallback{ID: "dead", Sink: dead}
				r := run(t, target, records("aaaa"))
				if got := data(dead.Accepted()); r.Diverted != tt.diverted || r.Failed != 1-tt.diverted || got != strings.Repeat("aaaa", tt.diverted) {
					t.Errorf("%d diverted, %d failed: %v; the fallback accepted %q", r.Diverted, r.Failed, r.Failures, got)
				}
				if got := data(store.Accepted()); got != tt.stored {
					t.Errorf("stored %q", got)
				}
			})
		})
	}
}

// A record that goes by reference does not overtake an earlier one of its key that the target
// refuses in the same turn, and that the fallback does not take.
func TestReferenceBehindARefusal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &enginetest.Sink{Script: func(a enginetest.Attempt) error {
			switch {
			case a.Record.Data.Len() > 1:
				return nil
			case a.Attempt == 1:
				return enginetest.ErrRetryable
			}
			return enginetest.ErrPermanent
		}}
		target := storing(sink, &enginetest.Sink{}, true)
		target.OnFailure = &engine.Fallback{ID: "dead", Sink: &enginetest.Sink{Script: func(enginetest.Attempt) error { return enginetest.ErrPermanent }}}
		recs := records("a aaaa")
		recs[1].Key = "a"
		wantCounts(t, run(t, target, recs), 0, 0, 2)
		if got := data(sink.Accepted()); got != "" {
			t.Errorf("accepted %q behind a record that failed", got)
		}
	})
}

// A wrapped record that is too large for the fallback is stored too.
func TestReferenceForTheFallback(t *testing.T) {
	broken := &enginetest.Sink{Script: func(enginetest.Attempt) error { return enginetest.ErrPermanent }}
	dead, store := &enginetest.Sink{Bounds: engine.Limits{RecordBytes: 8}}, &enginetest.Sink{}
	r := run(t, engine.Target{Sink: broken, OnFailure: &engine.Fallback{
		ID: "dead", Sink: dead, Oversize: storing(&enginetest.Sink{}, store, false).Oversize,
		Wrap: func(r engine.Rejected) engine.Record {
			return r.Record.With(engine.Bytes(fmt.Appendf(nil, "letter:%s", r.Record.Data.Bytes())))
		},
	}}, records("a bb"))
	if got, stored := data(dead.Accepted()), data(store.Accepted()); r.Diverted != 2 || got != "letter:a @1" || stored != "letter:bb" {
		t.Errorf("%d diverted; the fallback accepted %q; stored %q", r.Diverted, got, stored)
	}
}

// A store that is slow holds up an ordered target for a quarter of its time, and other keys go.
func TestReferenceToASlowStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &enginetest.Sink{Bounds: engine.Limits{OnePerKey: true}}
		store := &enginetest.Sink{Whole: func(ctx context.Context, _ []engine.Record) error {
			<-ctx.Done()
			return ctx.Err()
		}}
		target := storing(sink, store, true)
		target.ID = "t"
		ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
		defer cancel()
		begin := time.Now()
		r := runAll(t, ctx, engine.Options{}, records("aaaa b"), target).Targets[0]
		if took := time.Since(begin); took != 10*time.Second {
			t.Errorf("took %v", took)
		}
		wantCounts(t, r, 1, 0, 1)
	})
}

func TestPlanNamesReferences(t *testing.T) {
	target := storing(&enginetest.Sink{}, &enginetest.Sink{}, false)
	target.ID = "t"
	plan, err := engine.NewPlan(engine.Options{}, target)
	if err != nil {
		t.Fatal(err)
	}
	if got := plan.String(); !strings.Contains(got, "≤ 2 bytes per record, larger ones by reference\n") {
		t.Error(got)
	}
}
