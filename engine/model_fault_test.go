package engine_test

import (
	"context"
	"sync"
	"time"

	"fanout/engine"
	"fanout/engine/enginetest"
	"fanout/internal/testing/modelkit"
)

// hangTime is how long a sink that ignores its deadline hangs.
const hangTime = 2 * time.Minute

// drawFaults makes requests to s fail at random. It reports whether it drew no faults.
func drawFaults(d *modelkit.Draw, s *enginetest.Sink, onePerKey bool) (faultless bool) {
	if d.OneIn(3) {
		return true
	}
	s.Script = recordFaults(d.Fork(), onePerKey)
	s.Whole = requestFaults(d.Fork())
	return false
}

// recordFaults refuses records. A sink without OnePerKey refuses, along with a record, the later
// ones of its key in the request.
func recordFaults(d *modelkit.Draw, onePerKey bool) func(enginetest.Attempt) error {
	rate := modelkit.Pick(d, 0, 0.05, 0.5, 0.95)
	type line struct {
		request int
		key     string
	}
	refused := map[line]bool{}
	var mu sync.Mutex
	return func(a enginetest.Attempt) error {
		mu.Lock()
		defer mu.Unlock()
		p, l := d.Float64(), line{a.Request, partKey(&a.Record)}
		if !onePerKey && refused[l] {
			return enginetest.ErrRetryable
		}
		if p > rate {
			return nil
		}
		refused[l] = true
		switch {
		case p < rate/10:
			return enginetest.ErrPermanent
		case p < rate/2:
			return enginetest.ErrThrottled
		}
		return enginetest.ErrRetryable
	}
}

// requestFaults makes requests slow, and makes some fail, panic or hang.
func requestFaults(d *modelkit.Draw) func(context.Context, []engine.Record) error {
	rate, hangs := d.Float64()*d.Float64(), d.OneIn(3)
	var mu sync.Mutex
	draw := func() (float64, time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		return d.Float64(), time.Duration(d.IntN(2000)) * time.Millisecond
	}
	return func(ctx context.Context, batch []engine.Record) error {
		p, delay := draw()
		if hangs && p < rate/16 {
			<-ctx.Done()
			if p < rate/32 {
				time.Sleep(hangTime)
			}
			return ctx.Err()
		}
		if err := enginetest.Delay(delay)(ctx, batch); err != nil {
			return err
		}
		switch {
		case p > rate:
			return nil
		case p < rate/8:
			return enginetest.ErrTooLarge
		case p < rate/4:
			panic("the model")
		case p < rate/2:
			return enginetest.ErrThrottled
		}
		return enginetest.ErrPlain
	}
}

// undeclaredLimit is the size of the largest record that a target with an undeclared limit takes.
// Every record that is not merged is smaller.
const undeclaredLimit = 12

// limitUndeclared gives s a limit that its Limits do not declare. s refuses a larger record alone,
// or the whole request that holds it.
func limitUndeclared(s *enginetest.Sink, whole bool) {
	large := func(r *engine.Record) bool { return r.Data.Len() > undeclaredLimit }
	if whole || !s.Bounds.OnePerKey {
		next := s.Whole
		s.Whole = func(ctx context.Context, batch []engine.Record) error {
			for i := range batch {
				if large(&batch[i]) {
					return enginetest.ErrTooLarge
				}
			}
			if next == nil {
				return nil
			}
			return next(ctx, batch)
		}
		return
	}
	next := s.Script
	s.Script = func(a enginetest.Attempt) error {
		if large(&a.Record) {
			return enginetest.ErrTooLarge
		}
		if next == nil {
			return nil
		}
		return next(a)
	}
}
