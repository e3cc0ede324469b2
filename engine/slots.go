package engine

import (
	"context"
	"slices"
	"sync"
	"time"
)

// DefaultInFlight is how many requests are in flight over all targets unless
// Options say otherwise.
const DefaultInFlight = 32

const (
	// patience is how long a request keeps its slot while other targets wait.
	// docs/reliability.md has the simulation that it comes from.
	patience = 250 * time.Millisecond

	// lentBytes is how much memory requests without a slot may hold, for each slot:
	// as much as the largest messages of SQS and SNS.
	lentBytes = 1 << 20

	// requestBytes is what a request holds that copies no records: a connection and
	// its buffers.
	requestBytes = 32 << 10
)

// Slots bounds the requests in flight of every plan that shares it.
//
// Targets that hang could hold all slots and starve the others. So a request that
// has run for the time of patience gives its slot up as soon as another target needs
// it. It runs on without a slot, and its target is slow until it acknowledges
// something: while others wait, slow targets get no slot. Of the others, the target
// with the fewest requests in flight comes first. The memory of requests without a
// slot is bounded.
type Slots struct {
	n int

	mu      sync.Mutex
	held    []*attempt // oldest first
	waiting []*attempt // longest wait first
	lent    int        // bytes held by requests that gave their slot up
	watch   *time.Timer
}

// NewSlots returns a bound of n requests; n below 1 counts as 1.
func NewSlots(n int) *Slots { return &Slots{n: max(n, 1)} }

// attempt is a request that needs a slot. It may be used again after release.
type attempt struct {
	target *breaker
	bytes  int           // held until the request ends
	began  time.Time     // when it got its slot
	lent   bool          // it gave the slot up
	ready  chan struct{} // closed when it gets its slot; nil: it did not wait
}

// acquire waits for a slot. It reports false if ctx ended before there was one.
func (s *Slots) acquire(ctx context.Context, a *attempt) bool {
	s.mu.Lock()
	a.lent, a.ready = false, nil
	if len(s.held) < s.n {
		s.hold(a)
		s.mu.Unlock()
		return true
	}
	a.ready = make(chan struct{})
	s.waiting = append(s.waiting, a)
	s.lend()
	s.mu.Unlock()

	select {
	case <-a.ready:
		return true
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.Index(s.waiting, a); i >= 0 {
		s.waiting = slices.Delete(s.waiting, i, i+1)
	} else { // it got one at the same time
		s.drop(a)
	}
	s.lend()
	return false
}

// release ends a request. answered says that the target acknowledged something.
func (s *Slots) release(a *attempt, answered bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if answered {
		a.target.slow = false
	}
	s.drop(a)
	s.lend()
}

func (s *Slots) hold(a *attempt) {
	a.began = time.Now()
	a.target.inFlight++
	s.held = append(s.held, a)
}

func (s *Slots) drop(a *attempt) {
	a.target.inFlight--
	if a.lent {
		s.lent -= a.bytes
		return
	}
	if i := slices.Index(s.held, a); i >= 0 {
		s.held = slices.Delete(s.held, i, i+1)
	}
	s.grant()
}

// grant gives free slots to attempts that wait.
func (s *Slots) grant() {
	for len(s.held) < s.n && len(s.waiting) > 0 {
		first := 0
		for i, a := range s.waiting {
			if a.before(s.waiting[first]) {
				first = i
			}
		}
		a := s.waiting[first]
		s.waiting = slices.Delete(s.waiting, first, first+1)
		s.hold(a)
		close(a.ready)
	}
}

// before reports whether a gets a slot before b, which waits longer.
func (a *attempt) before(b *attempt) bool {
	if a.target.slow != b.target.slow {
		return b.target.slow
	}
	return a.target.inFlight < b.target.inFlight
}

// lend takes slots from requests that ran out of patience, oldest first, and comes
// back when the next one does.
func (s *Slots) lend() {
	if len(s.waiting) == 0 {
		s.rest()
		return
	}
	for i := 0; i < len(s.held) && s.needed(s.held[i]); {
		a := s.held[i]
		if wait := patience - time.Since(a.began); wait > 0 {
			s.comeBack(wait)
			return
		}
		if s.lent+a.bytes > s.n*lentBytes {
			i++
			continue
		}
		s.held = slices.Delete(s.held, i, i+1)
		s.lent += a.bytes
		a.lent, a.target.slow = true, true
		s.grant()
	}
	s.rest()
}

// needed reports whether a target waits that may have the slot of a.
func (s *Slots) needed(a *attempt) bool {
	return slices.ContainsFunc(s.waiting, func(w *attempt) bool { return w.target != a.target && !w.target.slow })
}

func (s *Slots) comeBack(after time.Duration) {
	if s.watch != nil {
		s.watch.Reset(after)
		return
	}
	s.watch = time.AfterFunc(after, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.lend()
	})
}

// rest stops the timer: nothing runs while nothing waits.
func (s *Slots) rest() {
	if s.watch != nil {
		s.watch.Stop()
	}
}
