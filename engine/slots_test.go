package engine_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"fanout/engine"
	"fanout/engine/enginetest"
)

// Targets that hang give up their slots to waiting targets, within a memory bound.
func TestHangingTargetsGiveTheirSlotsUp(t *testing.T) {
	for name, c := range map[string]struct {
		copies   bool
		bytes    int // of a request
		inFlight int // of hanging targets; 0: their share
		most     int // requests that hang at once
		healthy  int // records delivered to each healthy target
	}{
		"requests that refer to records":     {false, 900 << 10, 0, 20, 30},
		"small requests that copy":           {true, 1 << 10, 0, 20, 30},
		"requests in flight beyond the rest": {false, 1 << 10, 100, 36, 30},
		"too much memory":                    {true, 8 << 20, 0, 4, 30},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				var hang, most atomic.Int32
				limits, size := engine.Limits{Records: 1, Copies: c.copies}, func(*engine.Record) int { return c.bytes }
				var targets []engine.Target
				for i := range 20 {
					targets = append(targets, engine.Target{ID: fmt.Sprint("hangs ", i), InFlight: c.inFlight, Sink: &enginetest.Sink{
						Bounds: limits, Size: size, Whole: func(ctx context.Context, _ []engine.Record) error {
							most.Store(max(most.Load(), hang.Add(1)))
							defer hang.Add(-1)
							<-ctx.Done()
							return ctx.Err()
						},
					}})
				}
				for i := range 5 {
					targets = append(targets, engine.Target{ID: fmt.Sprint("healthy ", i), Sink: &enginetest.Sink{
						Bounds: limits, Size: size, Whole: func(ctx context.Context, batch []engine.Record) error {
							if hang.Load() < 4 { // the hanging targets come first
								time.Sleep(100 * time.Millisecond)
							}
							return enginetest.Delay(20*time.Millisecond)(ctx, batch)
						},
					}})
				}
				recs := make([]engine.Record, 30)
				for i := range recs {
					recs[i] = engine.Record{Lane: "shard", Key: fmt.Sprint(i), Seq: fmt.Sprint(i), Data: engine.Bytes([]byte("data"))}
				}
				report := runAll(t, ctx, engine.Options{Slots: engine.NewSlots(4), Margin: time.Second}, recs, targets...)
				for _, r := range report.Targets[20:] {
					if r.Delivered < c.healthy {
						t.Errorf("%s: %d delivered; want %d", r.ID, r.Delivered, c.healthy)
					}
				}
				if got := int(most.Load()); got > c.most {
					t.Errorf("%d requests hung at once; want %d at most", got, c.most)
				}
			})
		})
	}
}

// One slow request does not hold back its target for the rest of the run.
func TestSlowTargetRecovers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		requests := 0
		slow := &enginetest.Sink{Bounds: engine.Limits{Records: 1}, Whole: func(ctx context.Context, batch []engine.Record) error {
			if requests++; requests == 1 {
				return enginetest.Delay(time.Second)(ctx, batch)
			}
			return enginetest.Delay(20*time.Millisecond)(ctx, batch)
		}}
		other := &enginetest.Sink{Bounds: engine.Limits{Records: 1}, Whole: enginetest.Delay(20 * time.Millisecond)}
		recs := make([]engine.Record, 100)
		for i := range recs {
			recs[i] = engine.Record{Lane: "shard", Key: fmt.Sprint(i), Seq: fmt.Sprint(i), Data: engine.Bytes([]byte("data"))}
		}
		start := time.Now()
		report := runAll(t, t.Context(), engine.Options{Slots: engine.NewSlots(1)}, recs,
			engine.Target{ID: "slow", Sink: slow}, engine.Target{ID: "other", Sink: other})
		wantCounts(t, report.Targets[0], 100, 0, 0)
		wantCounts(t, report.Targets[1], 100, 0, 0)
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

func TestRunIsolatesTargets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		var healthyDone time.Duration
		healthy := &enginetest.Sink{Bounds: engine.Limits{Records: 1}, Whole: func(context.Context, []engine.Record) error {
			time.Sleep(10 * time.Millisecond)
			healthyDone = time.Since(start)
			return nil
		}}
		panicking := each("panicking", func(engine.Record, *engine.Out) { panic("no") })
		report := runAll(t, ctx, engine.Options{Slots: engine.NewSlots(8), Margin: time.Second}, records("a b c d"),
			engine.Target{ID: "hangs", Sink: &enginetest.Sink{Bounds: engine.Limits{Records: 1}, Whole: enginetest.Delay(time.Hour)}},
			engine.Target{ID: "fails", Sink: &enginetest.Sink{Script: enginetest.FailTimes(1000, enginetest.ErrThrottled, keyIs("a", "b", "c", "d"))}},
			engine.Target{ID: "panics", Stages: []engine.Stage{panicking}, Sink: &enginetest.Sink{}},
			engine.Target{ID: "healthy", Sink: healthy},
			engine.Target{ID: "faulty", Fault: errors.New("destination: empty")},
		)
		wantCounts(t, report.Targets[0], 0, 0, 4)
		wantCounts(t, report.Targets[1], 0, 0, 4)
		wantCounts(t, report.Targets[2], 0, 0, 4)
		wantCounts(t, report.Targets[3], 4, 0, 0)
		wantCounts(t, report.Targets[4], 0, 0, 4)
		wantFailure(t, report.Targets[4], "destination: empty")
		if healthyDone > time.Second {
			t.Errorf("the healthy target was done after %v", healthyDone)
		}
		if report.OK() || !report.Failed(0) {
			t.Error("the report says that all is well")
		}
	})
}

func TestRunBoundsRequestsInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := func() *enginetest.Sink {
			return &enginetest.Sink{Bounds: engine.Limits{Records: 1}, Whole: enginetest.Delay(100 * time.Millisecond)}
		}
		own, shared := slow(), slow()
		runAll(t, t.Context(), engine.Options{Slots: engine.NewSlots(8)}, records("a b c d e f g h i j k l"),
			engine.Target{ID: "own", Sink: own, InFlight: 2}, engine.Target{ID: "shared", Sink: shared})
		if own.Peak() != 2 || shared.Peak() != 4 {
			t.Errorf("%d and %d in flight; want 2 and 4", own.Peak(), shared.Peak())
		}
		both := slow()
		runAll(t, t.Context(), engine.Options{Slots: engine.NewSlots(0)}, records("a b c"),
			engine.Target{ID: "one", Sink: both}, engine.Target{ID: "two", Sink: both})
		if both.Peak() != 1 {
			t.Errorf("%d in flight; want 1", both.Peak())
		}
	})
}
