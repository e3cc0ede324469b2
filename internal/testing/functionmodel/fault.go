package functionmodel

import (
	"context"
	"fmt"
	"time"

	"fanout/engine"
	"fanout/engine/enginetest"
	"fanout/internal/testing/modelkit"
)

// fault is something that happens to a request.
type fault string

const (
	throttled       fault = "throttled"
	refusedInPart   fault = "refused in part"
	unavailable     fault = "unavailable"
	unclassified    fault = "an error without a class"
	tooLarge        fault = "too large"
	panics          fault = "panics"
	slow            fault = "slow"
	hangs           fault = "hangs until the deadline"
	ignoresDeadline fault = "hangs longer than until the deadline"
	losesAnswer     fault = "the service accepts the records, and the connection breaks"
	losesAnswerLate fault = "the same, at the deadline"
	crashes         fault = "the process crashes"
	crashesAfter    fault = "the same, after the service has accepted the records"
)

var faults = []fault{
	throttled, refusedInPart, unavailable, unclassified, tooLarge, panics, slow, hangs, ignoresDeadline,
	losesAnswer, losesAnswerLate, crashes, crashesAfter,
}

// sink is a target's service as one process of the function sees it.
type sink struct {
	*world
	process *process
	target  *modelTarget

	aggregate *aggregate // the request, if the target has aggregates
}

// Limits returns the declared limits.
func (s *sink) Limits() engine.Limits { return s.target.limits }

// Sizer counts the data alone.
func (s *sink) Sizer() func(*engine.Record) int { return nil }

// Send makes a request, which may meet a fault.
func (s *sink) Send(ctx context.Context, batch []engine.Record) engine.Outcome {
	defer s.share()()
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.target
	if s.world.process != s.process {
		return engine.Failed(errCrash)
	}
	for i := range batch {
		if t.spec.NeedsImages() && batch[i].Data.IsStandIn() {
			return engine.Failed(engine.Errorf(engine.Refused, "a record has no image"))
		}
	}
	s.Count("requests", 1)
	batch = s.resolved(batch)
	d, f := s.drawFault(&batch[0])
	if d == nil {
		return s.accept(ctx, batch, nil)
	}
	s.Count("faults", 1)
	t.faultRound = s.round
	return s.meet(ctx, f, d, batch)
}

// drawFault draws the fault of a request that begins with first. If there is none, the Draw is nil.
func (s *sink) drawFault(first *engine.Record) (*modelkit.Draw, fault) {
	t := s.target
	request := fmt.Sprint(t.source.arn, t.spec.ID, " ", first.Seq, " ", first.Sub)
	n := t.requests[request]
	t.requests[request]++
	if t.faultRate == 0 || n >= t.maxFaults {
		return nil, ""
	}
	d := s.For(fmt.Sprint(request, " ", n))
	if d.Float64() >= t.faultRate {
		return nil, ""
	}
	f := modelkit.Pick(d, faults...)
	if t.limits.Whole && (f == tooLarge || f == panics) { // a part of the request would be another one
		f = unavailable
	}
	return d, f
}

// meet makes a request that meets a fault.
func (s *sink) meet(ctx context.Context, f fault, d *modelkit.Draw, batch []engine.Record) engine.Outcome {
	t := s.target
	switch f {
	case throttled:
		return engine.Failed(&engine.Error{Class: engine.Throttled, After: time.Duration(d.IntN(3)) * time.Second, Err: enginetest.ErrThrottled})
	case refusedInPart:
		return s.accept(ctx, batch, d)
	case unavailable:
		return engine.Failed(enginetest.ErrRetryable)
	case tooLarge:
		for _, name := range namesIn(string(batch[0].Data.Bytes())) {
			t.refusedAsLarge[name] = t.refusedAsLarge[name] || len(batch) == 1
		}
		return engine.Failed(enginetest.ErrTooLarge)
	case panics:
		panic("the model's")
	case slow:
		if err := s.wait(ctx, time.After(time.Duration(d.IntN(3000))*time.Millisecond)); err != nil {
			return engine.Failed(err)
		}
		return s.accept(ctx, batch, nil)
	case hangs:
		return engine.Failed(s.wait(ctx, nil))
	case ignoresDeadline:
		t.hanging++
		_ = s.wait(context.WithoutCancel(ctx), time.After(15*time.Second))
		t.hanging--
		t.faultRound = s.round
		return engine.Failed(enginetest.ErrRetryable)
	case losesAnswer, losesAnswerLate:
		q := s.request(batch)
		if s.aggregate != nil {
			s.aggregate.put(ctx, nil, true)
			batch = nil
		}
		for i := range batch {
			_ = s.arrive(&batch[i], q, false)
		}
		if f == losesAnswerLate {
			return engine.Failed(s.wait(ctx, nil))
		}
	case crashes, crashesAfter:
		return s.crashIn(ctx, batch, f == crashesAfter)
	case unclassified:
	}
	return engine.Failed(enginetest.ErrPlain)
}

// crashIn crashes the process during a request, unless it has crashed often enough.
func (s *sink) crashIn(ctx context.Context, batch []engine.Record, after bool) engine.Outcome {
	if s.crashesLeft == 0 {
		return engine.Failed(enginetest.ErrRetryable)
	}
	if after {
		s.accept(ctx, batch, nil)
	}
	s.crash()
	return engine.Failed(errCrash)
}

// wait waits for c or the end of ctx, without the world's lock.
func (s *sink) wait(ctx context.Context, c <-chan time.Time) error {
	s.mu.Unlock()
	defer s.mu.Lock()
	select {
	case <-c:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// accept makes the service accept the records of a request. With a Draw, it refuses some of them.
// If it refuses a record and is not OnePerKey, it also refuses the later records of its key.
func (s *sink) accept(ctx context.Context, batch []engine.Record, d *modelkit.Draw) (o engine.Outcome) {
	if s.aggregate != nil {
		return s.aggregate.put(ctx, d, false)
	}
	t, refused := s.target, map[string]bool{}
	for i := range batch {
		if r := &batch[i]; t.mostBytes > 0 && len(r.Parts()) > 1 && r.Data.Len() > t.mostBytes {
			return engine.Failed(enginetest.ErrTooLarge)
		}
	}
	if d != nil && t.limits.Whole {
		return s.refuseWhole(d)
	}
	q := s.request(batch)
	for i := range batch {
		r := &batch[i]
		key := r.Lane + r.Key
		if d != nil && d.OneIn(3) || refused[key] {
			if s.Lie {
				continue
			}
			refused[key] = !t.limits.OnePerKey
			o.Fail(i, modelkit.Pick(d, enginetest.ErrRetryable, enginetest.ErrThrottled, enginetest.ErrPermanent, enginetest.ErrPlain))
			continue
		}
		if err := s.arrive(r, q, true); err != nil {
			o.Fail(i, err)
			continue
		}
		if s.Deny && s.round%2 == 0 {
			o.Fail(i, enginetest.ErrPermanent)
		}
	}
	return o
}
