package lambda

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// sabotage breaks a guarantee, to see whether the model notices.
type sabotage struct {
	lying       bool          // services acknowledge records that they do not have
	unordered   bool          // order is not kept where it was asked for
	miscounting bool          // a record is counted twice
	careless    bool          // answers pass over a record that is needed
	timid       bool          // answers name records that all targets have
	forgetful   bool          // the function forgets deliveries
	bypassing   bool          // nothing goes to onFailure
	tardy       bool          // the deadline is overrun
	sharing     chan struct{} // targets wait for each other
}

// The model notices when a guarantee is broken.
func TestModelNotices(t *testing.T) {
	for name, c := range map[string]struct {
		sabotage
		notice string
	}{
		"a record counts that never arrived":       {sabotage{lying: true}, "never got record"},
		"order is not kept":                        {sabotage{unordered: true}, "after a later one of"},
		"counts do not add up":                     {sabotage{miscounting: true}, "add up to"},
		"an answer passes over a record":           {sabotage{careless: true}, "passes over record"},
		"an answer has all of a batch sent again":  {sabotage{timid: true}, "need not be sent again"},
		"what targets have is forgotten":           {sabotage{forgetful: true}, "times, and"},
		"onFailure is not used":                    {sabotage{bypassing: true}, "has fate failed; want diverted"},
		"an answer comes too late":                 {sabotage{tardy: true}, "after its deadline"},
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
					newModel(&n, seed, c.sabotage).run()
				})
				if slices.ContainsFunc(n.texts, func(text string) bool { return strings.Contains(text, c.notice) }) {
					return
				}
			}
			t.Errorf("not noticed in 500 runs; want %q", c.notice)
		})
	}
}

// notices collects the violations that a model finds.
type notices struct {
	*testing.T
	texts []string
}

// Errorf keeps the text.
func (n *notices) Errorf(format string, args ...any) {
	n.texts = append(n.texts, fmt.Sprintf(format, args...))
}

// share makes a request wait for the requests of all other targets under that sabotage. It
// returns a function that ends the request.
func (s *sabotage) share() (end func()) {
	if s.sharing == nil {
		return func() {}
	}
	s.sharing <- struct{}{}
	return func() { <-s.sharing }
}

// lateness is how long the function thinks it has beyond its deadline.
func (s *sabotage) lateness() time.Duration {
	if s.tardy {
		return 10 * time.Second
	}
	return 0
}

// tamper changes the answer to an event, or the function's memory of it.
func (m *model) tamper(v *invocation) {
	if m.forgetful {
		m.process.known = m.memory()
	}
	if v.err != nil || !m.report {
		return
	}
	switch {
	case m.careless:
		v.answer = []byte(`{"batchItemFailures":[]}`)
	case m.timid && v.cursors[0].attempts < 100: // it is to end
		v.answer = fmt.Appendf(nil, `{"batchItemFailures":[{"itemIdentifier":%q}]}`, v.sent[0].seq)
	}
}
