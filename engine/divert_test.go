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

// envelope labels the record that a fallback gets.
func envelope(r engine.Rejected) engine.Record {
	text := fmt.Sprintf("%s after %d: %v", r.Record.Data.Bytes(), r.Attempts, r.Err)
	if r.Unstaged {
		text = fmt.Sprintf("after %d stages %s", r.Passed, text)
	}
	return r.Record.With(engine.Bytes([]byte(text)))
}

func TestFallbackTakesWhatTheTargetCannot(t *testing.T) {
	for _, ordered := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			dead := &enginetest.Sink{}
			sink := &enginetest.Sink{
				Bounds: engine.Limits{RecordBytes: 3, OnePerKey: ordered},
				Script: enginetest.FailTimes(100, enginetest.ErrPermanent, keyIs("b")),
			}
			pass := each("pass", func(r engine.Record, out *engine.Out) { out.Emit(r) })
			failD := each("fail d", func(r engine.Record, out *engine.Out) {
				if r.Key == "d" {
					out.Fail(r, enginetest.ErrPermanent)
					return
				}
				out.Emit(r)
			})
			r := run(t, engine.Target{
				Sink: sink, Ordered: ordered, Stages: []engine.Stage{pass, failD, pass},
				OnFailure: &engine.Fallback{ID: "dead", Sink: dead, Wrap: envelope},
			}, records("a b cccc d a b cccc d e"))
			wantCounts(t, r, 3, 0, 0)
			if r.Diverted != 6 {
				t.Errorf("%d diverted, want 6", r.Diverted)
			}
			if got := data(sink.Accepted()); ordered && got != "a a e" {
				t.Errorf("the target accepted %q", got)
			}
			got := data(dead.Accepted())
			for _, want := range []string{
				"b after 1: the script says: never", "after 1 stages d after 0: the script says: never",
				"cccc after 0: the record counts as 4 bytes, but the target accepts at most 3 per record",
			} {
				if strings.Count(got, want) != 2 {
					t.Errorf("the fallback accepted %q; want %q twice", got, want)
				}
			}
		})
	}
}

// A record that cannot be wrapped fails. It is not sent empty.
func TestFallbackThatCannotWrap(t *testing.T) {
	dead := &enginetest.Sink{}
	r := run(t, engine.Target{
		Sink: &enginetest.Sink{Script: enginetest.FailTimes(9, enginetest.ErrPermanent, keyIs("a", "b"))},
		OnFailure: &engine.Fallback{Sink: dead, Wrap: func(r engine.Rejected) engine.Record {
			if r.Record.Key == "a" {
				return r.Record.With(engine.Unreadable(enginetest.ErrPlain))
			}
			return r.Record
		}},
	}, records("a b"))
	wantCounts(t, r, 0, 0, 1)
	if got := data(dead.Accepted()); got != "b" {
		t.Errorf("the fallback accepted %q", got)
	}
}

// A record that neither the target nor its fallback takes has failed, and blocks
// later ones of its key.
func TestFallbackThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dead := &enginetest.Sink{Whole: func(context.Context, []engine.Record) error { return enginetest.ErrPermanent }}
		sink := &enginetest.Sink{
			Bounds: engine.Limits{OnePerKey: true},
			Script: enginetest.FailTimes(1, enginetest.ErrPermanent, keyIs("b")),
		}
		r := run(t, engine.Target{Sink: sink, Ordered: true, OnFailure: &engine.Fallback{Sink: dead}}, records("a b a b"))
		wantCounts(t, r, 2, 0, 2)
		if got := data(sink.Accepted()); got != "a a" {
			t.Errorf("accepted %q", got)
		}
	})
}

func TestFallbackTakesOldRecordsOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		recs := records("old new unknown")
		recs[0].Arrived = time.Now().Add(-time.Hour).UnixMilli()
		recs[1].Arrived = time.Now().UnixMilli()
		dead := &enginetest.Sink{}
		r := run(t, engine.Target{
			Sink:      &enginetest.Sink{Whole: func(context.Context, []engine.Record) error { return enginetest.ErrRetryable }},
			OnFailure: &engine.Fallback{Sink: dead, MaxAge: time.Minute},
		}, recs)
		wantCounts(t, r, 0, 0, 2)
		if got := data(dead.Accepted()); got != "old" || r.Fate(0) != engine.FateDiverted {
			t.Errorf("the fallback accepted %q, fate %v", got, r.Fate(0))
		}
	})
}

func TestOversizeDropped(t *testing.T) {
	for _, ordered := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			sink := &enginetest.Sink{
				Bounds: engine.Limits{RecordBytes: 2, OnePerKey: true},
				Script: enginetest.FailTimes(9, enginetest.ErrTooLarge, keyIs("b")),
			}
			r := run(t, engine.Target{Sink: sink, Ordered: ordered, DropOversize: true}, records("a ccc b a ccc b"))
			wantCounts(t, r, 2, 4, 0)
		})
	}
}
