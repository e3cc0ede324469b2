package engine_test

import (
	"context"
	"errors"
	"time"

	"fanout/engine"
	"fanout/engine/enginetest"
	"fanout/internal/testing/modelkit"
)

// sabotage makes the engine, or the sinks that it trusts, misbehave.
type sabotage struct {
	lying             bool // sinks acknowledge records that they do not have
	denying           bool // sinks refuse records that they have
	unordered         bool // an ordered target does not keep order
	unorderedRequests bool // a target that orders requests does not
	moreLanes         bool // a target has more lanes than configured
	sharedKeys        bool // lanes have keys in common
	countTwice        bool // a record is counted twice
	forget            bool // the engine forgets which records targets have
	forgetPart        bool // the engine forgets which parts of a record targets have
	noFallback        bool // nothing goes to the fallback
	noStore           bool // nothing is stored
	lyingStore        bool // stores acknowledge data that they do not have
	late              bool // the deadline is overrun
	shared            bool // targets wait for one another
	panics            bool // the engine panics
}

var sabotages = []modelkit.Sabotage[sabotage]{
	{Name: "a record is counted twice", By: sabotage{countTwice: true}, Breaks: counted},
	{Name: "a record counts as delivered that never arrived", By: sabotage{lying: true}, Breaks: truthful},
	{Name: "a record counts as failed that arrived", By: sabotage{denying: true}, Breaks: missing},
	{Name: "records that targets have are sent again", By: sabotage{forget: true}, Breaks: once},
	{Name: "parts that targets have are sent again", By: sabotage{forgetPart: true}, Breaks: once},
	{Name: "order is not kept", By: sabotage{unordered: true}, Breaks: inOrder},
	{Name: "the order of requests is not kept", By: sabotage{unorderedRequests: true}, Breaks: requestsInOrder},
	{Name: "more lanes are used than configured", By: sabotage{moreLanes: true}, Breaks: withinLanes},
	{Name: "lanes have keys in common", By: sabotage{sharedKeys: true}, Breaks: withinLanes},
	{Name: "the fallback is not used", By: sabotage{noFallback: true}, Breaks: diverting},
	{Name: "the store is not used", By: sabotage{noStore: true}, Breaks: referring},
	{Name: "a reference is sent to data that is not stored", By: sabotage{lyingStore: true}, Breaks: referring},
	{Name: "requests of a target wait for those of another", By: sabotage{shared: true}, Breaks: isolated},
	{Name: "the run ends too late", By: sabotage{late: true}, Breaks: onTime},
	{Name: "the engine panics", By: sabotage{panics: true}, Breaks: sturdy},
}

// spoil returns t with the sabotage applied. slot is for one request of any target.
func (s *sabotage) spoil(t engine.Target, slot chan struct{}) engine.Target {
	if s.unordered || s.unorderedRequests && t.OrderRequests || s.sharedKeys && t.Lanes > 1 {
		t.Ordered = false
	}
	if s.moreLanes {
		t.Lanes += 8
	}
	if s.noFallback {
		t.OnFailure = nil
	}
	if s.noStore {
		t.Oversize = nil
	}
	if refer := t.Oversize; s.lyingStore && refer != nil {
		t.Oversize = func(r *engine.Record) (engine.Sink, engine.Payload) {
			_, reference := refer(r)
			return new(enginetest.Sink), reference
		}
	}
	if s.lying || s.denying || s.shared {
		t.Sink = spoiledSink{t.Sink, s, slot}
	}
	return t
}

// recall returns the engine's record of h.
func (s *sabotage) recall(h engine.Held) engine.Held {
	if s.forget || s.forgetPart && !h.All {
		return engine.Held{}
	}
	return h
}

// tamper changes a report.
func (s *sabotage) tamper(r *engine.TargetReport) {
	if s.countTwice {
		r.Delivered++
	}
	if s.panics {
		r.Failures = append(r.Failures, engine.Failure{Err: errors.New("the engine panicked")})
	}
}

// lateness is how far past its deadline the engine believes it may run.
func (s *sabotage) lateness() time.Duration {
	if s.late {
		return 10 * time.Second
	}
	return 0
}

// spoiledSink lies about its records, or lets one request at a time through.
type spoiledSink struct {
	engine.Sink
	*sabotage
	slot chan struct{} // shared by all targets
}

// Send sends with the sabotage applied.
func (s spoiledSink) Send(ctx context.Context, batch []engine.Record) engine.Outcome {
	if s.shared {
		s.slot <- struct{}{}
		defer func() { <-s.slot }()
	}
	o := s.Sink.Send(ctx, batch)
	switch {
	case s.lying && batch[0].Data.Len() == 8:
		return engine.Outcome{}
	case s.denying && batch[0].Data.Len() == 8:
		return engine.Failed(engine.Errorf(engine.Permanent, "the model denies it"))
	}
	return o
}
