package engine_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"fanout/engine"
)

// sabotage breaks a promise, to check that the model notices.
type sabotage struct {
	lying       bool          // sinks claim records that they do not have
	timid       bool          // sinks deny records that they have
	unordered   bool          // an ordered target does not keep order
	miscounting bool          // a record is counted twice
	forgetful   bool          // records that a target has are sent again
	wholesale   bool          // a record that a target has in part is sent again in full
	bypassing   bool          // nothing goes to OnFailure
	tardy       bool          // the deadline is overrun
	sharing     chan struct{} // targets wait for one another
}

// The model notices every broken promise.
func TestModelNotices(t *testing.T) {
	for name, c := range map[string]struct {
		sabotage
		notice string
	}{
		"a record counts that never arrived":       {sabotage{lying: true}, "counts as delivered, and 0 of its"},
		"a record fails that arrived":              {sabotage{timid: true}, "counts as failed, and was accepted"},
		"order is not kept":                        {sabotage{unordered: true}, "after a later one"},
		"counts do not add up":                     {sabotage{miscounting: true}, "add up to"},
		"what targets have is sent again":          {sabotage{forgetful: true}, "times more"},
		"parts that targets have are sent again":   {sabotage{wholesale: true}, "times more"},
		"OnFailure is not used":                    {sabotage{bypassing: true}, "has fate failed; want diverted"},
		"the run ends too late":                    {sabotage{tardy: true}, "after its deadline"},
		"one target's requests wait for another's": {sabotage{sharing: make(chan struct{})}, "nothing befell it"},
	} {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(500) {
				var n notices
				synctest.Test(t, func(t *testing.T) {
					n.T = t
					if c.sharing != nil {
						c.sharing = make(chan struct{}, 1)
					}
					modelRun(&n, rand.New(rand.NewPCG(seed, 0)), c.sabotage)
				})
				if slices.ContainsFunc(n.texts, func(text string) bool { return strings.Contains(text, c.notice) }) {
					return
				}
			}
			t.Errorf("not noticed in 500 runs; want %q", c.notice)
		})
	}
}

// notices collects the failures that a model reports.
type notices struct {
	*testing.T
	texts []string
}

// Errorf keeps the text.
func (n *notices) Errorf(format string, args ...any) {
	n.texts = append(n.texts, fmt.Sprintf(format, args...))
}

// spoil returns t with the sabotage applied.
func (s *sabotage) spoil(t engine.Target) engine.Target {
	t.Ordered = t.Ordered && !s.unordered
	if s.bypassing {
		t.OnFailure = nil
	}
	if s.lying || s.timid || s.sharing != nil {
		t.Sink = spoiltSink{t.Sink, s}
	}
	return t
}

// recall returns the state that the engine gets instead of h.
func (s *sabotage) recall(h engine.Held) engine.Held {
	if s.forgetful || s.wholesale && !h.All {
		return engine.Held{}
	}
	return h
}

// tamper changes a report.
func (s *sabotage) tamper(r *engine.TargetReport) {
	if s.miscounting {
		r.Delivered++
	}
}

// lateness is how far past its deadline the engine believes it may run.
func (s *sabotage) lateness() time.Duration {
	if s.tardy {
		return 10 * time.Second
	}
	return 0
}

// spoiltSink lies about its records, or waits for others.
type spoiltSink struct {
	engine.Sink
	*sabotage
}

// Send sends with the sabotage applied.
func (s spoiltSink) Send(ctx context.Context, batch []engine.Record) engine.Outcome {
	if s.sharing != nil {
		s.sharing <- struct{}{}
		defer func() { <-s.sharing }()
	}
	o := s.Sink.Send(ctx, batch)
	switch {
	case s.lying && batch[0].Data.Len() == 8:
		return engine.Outcome{}
	case s.timid && batch[0].Data.Len() == 8:
		return engine.Failed(engine.Errorf(engine.Permanent, "it says"))
	}
	return o
}
