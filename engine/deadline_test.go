package engine_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"fanout/engine"
	"fanout/engine/enginetest"
)

func TestRunDeadline(t *testing.T) {
	for _, c := range []struct {
		name    string
		left    time.Duration
		sink    *enginetest.Sink
		within  time.Duration
		failure string
	}{
		{"hangs until its context ends", 10 * time.Second, &enginetest.Sink{Whole: enginetest.Delay(time.Hour)}, 9 * time.Second, "deadline"},
		{"ignores its context", 10 * time.Second, &enginetest.Sink{Whole: func(context.Context, []engine.Record) error {
			time.Sleep(time.Hour)
			return nil
		}}, 9500 * time.Millisecond, "did not return in time"},
		{"waits between retries", 2 * time.Second, &enginetest.Sink{Whole: func(context.Context, []engine.Record) error {
			return &engine.Error{Class: engine.Throttled, After: time.Minute, Err: errors.New("slow down")}
		}}, 0, "no time was left for a retry: slow down"},
		{"is near from the start", 100 * time.Millisecond, &enginetest.Sink{}, 0, "the deadline passed before it was sent"},
	} {
		for _, ordered := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/ordered=%v", c.name, ordered), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					ctx, cancel := context.WithTimeout(t.Context(), c.left)
					defer cancel()
					start := time.Now()
					report := runAll(t, ctx, engine.Options{Margin: time.Second}, records("a b c"), engine.Target{ID: "t", Sink: c.sink, Ordered: ordered})
					if took := time.Since(start); took != c.within {
						t.Errorf("took %v, want %v", took, c.within)
					}
					wantCounts(t, report.Targets[0], 0, 0, 3)
					wantFailure(t, report.Targets[0], c.failure)
					time.Sleep(2 * time.Hour) // for sinks and stages that ignore their context
				})
			})
		}
	}
}

// The answer is on time even if less time is left than the margin.
func TestRunReturnsBeforeANearDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		start := time.Now()
		hanging := each("hanging", func(engine.Record, *engine.Out) { time.Sleep(time.Hour) })
		report := runAll(t, ctx, engine.Options{Margin: time.Second}, records("a"),
			engine.Target{ID: "t", Sink: &enginetest.Sink{}, Stages: []engine.Stage{hanging}})
		if took := time.Since(start); took >= 100*time.Millisecond {
			t.Errorf("took %v of 100ms", took)
		}
		wantCounts(t, report.Targets[0], 0, 0, 1)
		time.Sleep(2 * time.Hour) // for sinks and stages that ignore their context
	})
}

// A source record with one delivered part has failed if a sink hung on another.
func TestRunFailsWhatAHangLeavesHalfDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		recs := records("x y")
		recs[0].Data, recs[1].Data = engine.Bytes([]byte("one two")), engine.Bytes([]byte("three four"))
		sink := &enginetest.Sink{Bounds: engine.Limits{Records: 3}, Script: func(a enginetest.Attempt) error {
			if a.Request == 2 {
				time.Sleep(time.Hour)
			}
			return nil
		}}
		report := runAll(t, ctx, engine.Options{Margin: time.Second}, recs,
			engine.Target{ID: "t", Stages: []engine.Stage{Words{}}, Sink: sink, Ordered: true})
		wantCounts(t, report.Targets[0], 1, 0, 1)
		time.Sleep(2 * time.Hour) // for sinks and stages that ignore their context
	})
}

func TestRunStopsWhenCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		sink := &enginetest.Sink{Bounds: engine.Limits{Records: 1}, Whole: enginetest.Delay(900 * time.Millisecond)}
		report := runAll(t, ctx, engine.Options{}, records("a b c"), engine.Target{ID: "t", Sink: sink, Ordered: true})
		wantCounts(t, report.Targets[0], 1, 0, 2)
		wantFailure(t, report.Targets[0], "the run was stopped before it was sent")
	})
}
