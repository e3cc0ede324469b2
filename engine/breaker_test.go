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

// After a few failures one request at a time probes a target that is down. The
// target is given up when the probe gives up.
func TestCircuitGivesUp(t *testing.T) {
	for _, ordered := range []bool{false, true} {
		t.Run(fmt.Sprint("ordered=", ordered), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
				defer cancel()
				down := &enginetest.Sink{Bounds: engine.Limits{Records: 1}, Whole: func(context.Context, []engine.Record) error {
					return enginetest.ErrRetryable
				}}
				start := time.Now()
				report := runAll(t, ctx, engine.Options{}, records(strings.Repeat("x ", 200)),
					engine.Target{ID: "down", Sink: down, InFlight: 4, Ordered: ordered})
				wantCounts(t, report.Targets[0], 0, 0, 200)
				if !ordered { // otherwise the first record blocks later ones of its key
					wantFailure(t, report.Targets[0], "requests in a row, so this was not sent: the script says: try again")
				}
				if n := report.Targets[0].Requests; n > 20 {
					t.Errorf("%d requests to a target that is down", n)
				}
				if took := time.Since(start); took > time.Minute {
					t.Errorf("gave up after %v", took)
				}
			})
		})
	}
}

func TestCircuitClosesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		back := &enginetest.Sink{Bounds: engine.Limits{Records: 1}, Whole: func(context.Context, []engine.Record) error {
			if time.Since(start) < 300*time.Millisecond {
				return enginetest.ErrRetryable
			}
			return nil
		}}
		recs := records(strings.Repeat("x ", 50))
		r := run(t, engine.Target{Sink: back, Retry: engine.Retry{Attempts: 50}}, recs)
		wantCounts(t, r, 50, 0, 0)
	})
}

// Queues that wait for the probe go on when it stops for another reason.
func TestCircuitPassesTheProbeOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		failed := 0
		sink := &enginetest.Sink{Bounds: engine.Limits{Records: 1}, Whole: func(context.Context, []engine.Record) error {
			if failed++; failed <= 5 {
				return enginetest.ErrRetryable
			}
			if failed == 6 {
				return enginetest.ErrPermanent
			}
			return nil
		}}
		r := run(t, engine.Target{Sink: sink, InFlight: 1}, records("a b c d e f g h"))
		wantCounts(t, r, 7, 0, 1)
	})
}

func TestCircuitWaitsNoLongerThanTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		sink := &enginetest.Sink{Bounds: engine.Limits{Records: 1}, Whole: func(context.Context, []engine.Record) error {
			return enginetest.ErrThrottled
		}}
		report := runAll(t, ctx, engine.Options{Margin: time.Second}, records(strings.Repeat("x ", 50)),
			engine.Target{ID: "t", Sink: sink, Retry: engine.Retry{Attempts: 1000}})
		wantCounts(t, report.Targets[0], 0, 0, 50)
	})
}
