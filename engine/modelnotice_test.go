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

// sabotage breaks a promise, to see whether the model notices.
type sabotage struct {
	lying       bool          // sinks say that they have what they have not
	timid       bool          // sinks say that they have not what they have
	unordered   bool          // order is not kept where it was asked for
	miscounting bool          // a record is counted twice
	forgetful   bool          // what targets have is sent again
	wholesale   bool          // a record of which a target has some parts is sent again as a whole
	bypassing   bool          // nothing goes to OnFailure
	tardy       bool          // the deadline is overrun
	sharing     chan struct{} // targets wait for each other
}

// The model notices when a promise is broken.
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

// notices collects what a model finds wrong.
type notices struct {
	*testing.T
	texts []string
}

// Errorf keeps the text.
func (n *notices) Errorf(format string, args ...any) {
	n.texts = append(n.texts, fmt.Sprintf(format, args...))
}

// spoil returns t as the sabotage has it.
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

// recall is what the engine is told that a target has.
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

// lateness is how long the engine thinks it has beyond its deadline.
func (s *sabotage) lateness() time.Duration {
	if s.tardy {
		return 10 * time.Second
	}
	return 0
}

// spoiltSink does not tell the truth, or waits for others.
type spoiltSink struct {
	engine.Sink
	*sabotage
}

// Send sends as the sabotage has it.
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
