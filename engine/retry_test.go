package engine_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"fanout/engine"
	"fanout/engine/enginetest"
)

func TestRunRetries(t *testing.T) {
	for _, c := range []struct {
		name      string
		script    func(enginetest.Attempt) error
		delivered int
		failure   string
		requests  int
		throttled int
	}{
		{"partial", enginetest.FailTimes(1, enginetest.ErrRetryable, keyIs("b", "d")), 5, "", 2, 0},
		{"throttled", enginetest.FailTimes(2, enginetest.ErrThrottled, keyIs("b")), 5, "", 3, 2},
		{"an error without a class", enginetest.FailTimes(1, enginetest.ErrPlain, keyIs("b")), 5, "", 2, 0},
		{"permanent", enginetest.FailTimes(1, enginetest.ErrPermanent, keyIs("b")), 4, "never", 1, 0},
		{"too large alone", enginetest.FailTimes(1, enginetest.ErrTooLarge, keyIs("b")), 4, "too large", 1, 0},
		{"forever", enginetest.FailTimes(1000, enginetest.ErrRetryable, keyIs("b")), 4, "gave up after 8 attempts", 8, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sink := &enginetest.Sink{Script: c.script}
				r := run(t, engine.Target{Sink: sink}, records("a b c d e"))
				wantCounts(t, r, c.delivered, 0, 5-c.delivered)
				if r.Requests != c.requests || r.Retries != c.requests-1 || r.Throttled != c.throttled {
					t.Errorf("%d requests, %d retries, %d throttled; want %d, %d, %d",
						r.Requests, r.Retries, r.Throttled, c.requests, c.requests-1, c.throttled)
				}
				if c.failure != "" {
					wantFailure(t, r, c.failure)
				}
				if n := len(sink.Accepted()); n != c.delivered {
					t.Errorf("%d accepted, want each of %d once", n, c.delivered)
				}
			})
		})
	}
}

// Progress on records sent again resets the count of attempts, so that a throttled
// stream takes a large request bit by bit.
func TestRunGoesOnWhileThereIsProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &enginetest.Sink{Script: func(a enginetest.Attempt) error {
			if a.Index > 0 {
				return enginetest.ErrThrottled // one record a request
			}
			return nil
		}}
		r := run(t, engine.Target{Sink: sink}, records(strings.Repeat("x ", 40)))
		wantCounts(t, r, 40, 0, 0)
	})
}

func TestRunWaitsBeforeRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		sink := &enginetest.Sink{Script: enginetest.FailTimes(1, &engine.Error{
			Class: engine.Throttled, After: 3 * time.Second, Err: errors.New("slow down"),
		}, keyIs("a"))}
		wantCounts(t, run(t, engine.Target{Sink: sink}, records("a")), 1, 0, 0)
		if took := time.Since(start); took < 3*time.Second {
			t.Errorf("sent again after %v; the service asked for 3s", took)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		retry := engine.Retry{Attempts: 20, Base: time.Millisecond, Max: 10 * time.Millisecond}
		sink := &enginetest.Sink{Script: enginetest.FailTimes(19, enginetest.ErrRetryable, keyIs("a"))}
		wantCounts(t, run(t, engine.Target{Sink: sink, Retry: retry}, records("a")), 1, 0, 0)
		if took := time.Since(start); took > 19*10*time.Millisecond {
			t.Errorf("19 waits of at most 10ms took %v", took)
		}
	})
}

func TestRunHalvesWhatIsTooLarge(t *testing.T) {
	for _, ordered := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			sink := &enginetest.Sink{Whole: func(_ context.Context, batch []engine.Record) error {
				if len(batch) > 3 {
					return enginetest.ErrTooLarge
				}
				return nil
			}}
			r := run(t, engine.Target{Sink: sink, Ordered: ordered}, records("a b c d e f g h i j"))
			wantCounts(t, r, 10, 0, 0)
			if got := data(sink.Accepted()); got != "a b c d e f g h i j" {
				t.Errorf("accepted %q", got)
			}
		})
		synctest.Test(t, func(t *testing.T) {
			sink := &enginetest.Sink{Whole: func(context.Context, []engine.Record) error { return enginetest.ErrTooLarge }}
			r := run(t, engine.Target{Sink: sink, Ordered: ordered}, records("a b c d e"))
			wantCounts(t, r, 0, 0, 5)
			wantFailure(t, r, "too large")
		})
	}
}
