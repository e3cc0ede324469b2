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

func TestDroppedRecordLetsItsKeyGoOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		recs := records("a a a a b")
		recs[1].Data = engine.Bytes([]byte("large"))
		sink := &enginetest.Sink{Bounds: engine.Limits{RecordBytes: 2, OnePerKey: true}}
		r := run(t, engine.Target{Sink: sink, Ordered: true, DropOversize: true}, recs)
		wantCounts(t, r, 4, 1, 0)
	})
}

func TestPanicIsNotOversize(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &enginetest.Sink{Whole: func(context.Context, []engine.Record) error { panic("x") }}
		r := run(t, engine.Target{Sink: sink, DropOversize: true}, records("a b"))
		wantCounts(t, r, 0, 0, 2)
	})
}

func TestHalvedIsNotOversize(t *testing.T) {
	for _, ordered := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			sink := &enginetest.Sink{Whole: func(ctx context.Context, b []engine.Record) error {
				if len(b) > 1 {
					return enginetest.ErrTooLarge
				}
				<-ctx.Done()
				return ctx.Err()
			}}
			rep := runAll(t, ctx, engine.Options{Margin: time.Second}, records("a b"), engine.Target{ID: "t", Sink: sink, Ordered: ordered, DropOversize: true})
			wantCounts(t, rep.Targets[0], 0, 0, 2)
		})
	}
}

func TestResumeLeavesUnreadableRecordsThatWereTaken(t *testing.T) {
	dead := &enginetest.Sink{}
	plan, _ := engine.NewPlan(engine.Options{}, engine.Target{ID: "a", Sink: &enginetest.Sink{}, OnFailure: &engine.Fallback{ID: "dead", Sink: dead, Wrap: envelope}})
	recs := records("a b")
	recs[0].Data = engine.Base64([]byte("!"))
	rep := plan.Resume(t.Context(), recs, func(int, int) engine.Held { return engine.Held{All: true} })
	if n := len(dead.Accepted()); n != 0 {
		t.Errorf("%d diverted again, %d delivered", n, rep.Targets[0].Delivered)
	}
}

func TestUnreadableDataOfAStageFails(t *testing.T) {
	bad := each("bad", func(r engine.Record, o *engine.Out) { o.Emit(r.With(engine.Base64([]byte("not base64!")))) })
	sink := &enginetest.Sink{}
	r := run(t, engine.Target{Sink: sink, Stages: []engine.Stage{bad}}, records("a"))
	wantCounts(t, r, 0, 0, 1)
}

func TestFallbackThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		failD := each("fail d", func(r engine.Record, out *engine.Out) {
			if r.Key == "d" {
				out.Fail(r, enginetest.ErrPermanent)
				return
			}
			out.Emit(r)
		})
		sink := &enginetest.Sink{}
		rep := runAll(t, ctx, engine.Options{Margin: time.Second}, records("a b d c"), engine.Target{ID: "t", Sink: sink, Stages: []engine.Stage{failD},
			OnFailure: &engine.Fallback{ID: "dead", Sink: &enginetest.Sink{Whole: enginetest.Delay(time.Hour)}}})
		wantCounts(t, rep.Targets[0], 3, 0, 1)
	})
}

func TestFallbackThatHangsHoldsItsKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		recs := records("a b c d e")
		recs[1].Data = engine.Bytes([]byte("large"))
		sink := &enginetest.Sink{Bounds: engine.Limits{OnePerKey: true, RecordBytes: 2}}
		rep := runAll(t, ctx, engine.Options{Margin: time.Second}, recs, engine.Target{ID: "t", Sink: sink, Ordered: true,
			OnFailure: &engine.Fallback{ID: "dead", Sink: &enginetest.Sink{Whole: enginetest.Delay(time.Hour)}}})
		wantCounts(t, rep.Targets[0], 4, 0, 1)
	})
}

func TestFallbackTakesOldRecordsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		recs := records("a b")
		for i := range recs {
			recs[i].Arrived = time.Now().Add(-time.Hour).UnixMilli()
		}
		dead := &enginetest.Sink{}
		rep := runAll(t, ctx, engine.Options{Margin: time.Second}, recs, engine.Target{ID: "t", Sink: &enginetest.Sink{Whole: func(ctx context.Context, b []engine.Record) error {
			return enginetest.Delay(30*time.Second)(ctx, b)
		}, Script: func(enginetest.Attempt) error { return enginetest.ErrRetryable }},
			OnFailure: &engine.Fallback{ID: "dead", Sink: dead, MaxAge: time.Minute}})
		if rep.Targets[0].Diverted != 2 {
			t.Errorf("%d diverted, %d failed", rep.Targets[0].Diverted, rep.Targets[0].Failed)
		}
	})
}

func TestCircuitOutlivesOnePoisonRecord(t *testing.T) {
	for _, ordered := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			sink := &enginetest.Sink{Bounds: engine.Limits{Records: 1, OnePerKey: true}, Script: enginetest.FailTimes(1000, enginetest.ErrRetryable, keyIs("p"))}
			r := run(t, engine.Target{Sink: sink, Ordered: ordered, InFlight: 1}, records("a p b c d e f"))
			wantCounts(t, r, 6, 0, 1)
		})
	}
}

func TestNoReasonIsFailure(t *testing.T) {
	r := run(t, engine.Target{Sink: nilSink{}}, records("a b"))
	wantCounts(t, r, 0, 0, 2)
	wantFailure(t, r, "it failed without a reason")
}

type nilSink struct{}

func (nilSink) Limits() engine.Limits                                { return engine.Limits{} }
func (nilSink) Sizer() func(*engine.Record) int                      { return nil }
func (nilSink) Send(context.Context, []engine.Record) engine.Outcome { return engine.Failed(nil) }

func TestNoReasonOfAStageIsFailure(t *testing.T) {
	st := each("nil", func(r engine.Record, o *engine.Out) {
		if r.Key == "a" {
			o.Fail(r, nil)
			return
		}
		o.Emit(r)
	})
	r := run(t, engine.Target{Sink: &enginetest.Sink{}, Stages: []engine.Stage{st}}, records("a b"))
	wantCounts(t, r, 1, 0, 1)
}

func TestFallbackThatIsDownIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dead := &enginetest.Sink{Whole: func(context.Context, []engine.Record) error { return enginetest.ErrRetryable }}
		sink := &enginetest.Sink{Bounds: engine.Limits{Records: 1}, Script: func(enginetest.Attempt) error { return enginetest.ErrPermanent }}
		run(t, engine.Target{Sink: sink, InFlight: 4, OnFailure: &engine.Fallback{Sink: dead}}, records(strings.Repeat("x ", 200)))
		if n := len(dead.Requests()); n > 40 {
			t.Errorf("%d requests to a fallback that is down", n)
		}
	})
}

// A record that a stage failed blocks later ones of its key, and no earlier one.
func TestRecordsBeforeALostOneAreDelivered(t *testing.T) {
	failLast := each("fail 102", func(r engine.Record, out *engine.Out) {
		if r.Seq == "102" {
			out.Fail(r, enginetest.ErrPermanent)
			return
		}
		out.Emit(r)
	})
	for _, onePerKey := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			sink := &enginetest.Sink{Bounds: engine.Limits{OnePerKey: onePerKey}, Script: enginetest.FailTimes(1, enginetest.ErrRetryable, keyIs("a"))}
			r := run(t, engine.Target{Sink: sink, Ordered: true, Stages: []engine.Stage{failLast}}, records("a a a a"))
			wantCounts(t, r, 2, 0, 2)
		})
	}
}

// For an ordered target, records that a stage merges with records behind a failed
// one fail with them. So no record before the failed one may be merged with them.
func TestNothingIsMergedOverALostRecord(t *testing.T) {
	for name, lose := range map[string]func(engine.Record, *engine.Out){
		"failed":   func(r engine.Record, out *engine.Out) { out.Fail(r, enginetest.ErrPermanent) },
		"panicked": func(engine.Record, *engine.Out) { panic("lost") },
	} {
		t.Run(name, func(t *testing.T) {
			lossy := each("lossy", func(r engine.Record, out *engine.Out) {
				if r.Seq == "103" {
					lose(r, out)
					return
				}
				out.Emit(r)
			})
			r := run(t, engine.Target{Sink: &enginetest.Sink{}, Ordered: true, Stages: []engine.Stage{lossy, pairs()}}, records("a b c a a"))
			wantCounts(t, r, 3, 0, 2)
		})
	}
	t.Run("unreadable", func(t *testing.T) {
		recs := records("a x a")
		recs[1].Data = engine.Base64([]byte("!"))
		r := run(t, engine.Target{Sink: &enginetest.Sink{}, Ordered: true, Stages: []engine.Stage{pairs()}}, recs)
		wantCounts(t, r, 2, 0, 1)
	})
}

// Requests to fallbacks that hang take no slots from other targets.
func TestFallbackThatHangsLeavesOthersAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		failOdd := each("fail odd", func(r engine.Record, out *engine.Out) {
			if r.Key == "odd" {
				out.Fail(r, enginetest.ErrPermanent)
				return
			}
			out.Emit(r)
		})
		hang := &enginetest.Sink{Bounds: engine.Limits{Records: 1}, Whole: enginetest.Delay(time.Hour)}
		later := each("later", func(r engine.Record, out *engine.Out) {
			time.Sleep(100 * time.Millisecond)
			out.Emit(r)
		})
		rep := runAll(t, ctx, engine.Options{Slots: engine.NewSlots(6), Margin: time.Second}, records("odd odd odd odd even even even even"),
			engine.Target{ID: "hangs", Sink: hang, Stages: []engine.Stage{failOdd}, OnFailure: &engine.Fallback{ID: "hangs too", Sink: hang}},
			engine.Target{ID: "calm", Sink: &enginetest.Sink{}, Stages: []engine.Stage{later}})
		wantCounts(t, rep.Targets[1], 8, 0, 0)
	})
}
