package engine

import (
	"context"
	"slices"
	"sync"
	"time"
)

// DefaultInFlight is the default number of requests in flight over all targets.
const DefaultInFlight = 32

const (
	// slotTime is how long a request keeps its slot while other targets wait. runTime
	// is how long it may run when others wait for its memory. Both come from the
	// simulation in docs/reliability.md.
	slotTime = 250 * time.Millisecond
	runTime  = 5 * time.Second

	// slotlessBytes is the memory, per slot, that requests without a slot may hold: the
	// size of the largest messages of SQS and SNS.
	slotlessBytes = 1 << 20

	// requestBytes is the memory of a request that copies no records: a connection
	// and its buffers.
	requestBytes = 32 << 10
)

// Slots bounds the requests in flight of every plan that shares it.
//
// Targets that hang could hold all slots and starve the others. So a request that
// has run for slotTime gives its slot up as soon as another target needs it. The
// request runs on without a slot, and its target is slow until it acknowledges
// something. While others wait, slow targets get no slot. Among the others, the
// target with the fewest requests in flight comes first. The memory of requests
// without a slot is bounded. If that bound keeps others waiting, the oldest request
// is cut short once it has run for runTime.
type Slots struct {
	n int

	mu       sync.Mutex
	demand   int         // requests that all runs may have in flight together
	held     []*attempt  // oldest first
	slotless []*attempt  // gave their slot up, oldest first
	waiting  []*attempt  // longest wait first
	bytes    int         // held by requests in slotless
	cut      int         // requests that were cut short and have not returned
	timer    *time.Timer // of the next reclaim
}

// NewSlots returns a bound of n requests; n below 1 counts as 1.
func NewSlots(n int) *Slots { return &Slots{n: max(n, 1)} }

// attempt is a request that needs a slot. It may be used again after release.
type attempt struct {
	target *breaker
	bytes  int                // held until the request ends
	began  time.Time          // when it got its slot
	cancel context.CancelFunc // nil: no other target can need its slot or memory
	cut    bool               // cut short
	ready  chan struct{}      // closed when it gets its slot; nil: it did not wait
}

// join adds demand to the requests that all runs may have in flight together.
func (s *Slots) join(demand int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.demand += demand
}

// acquire waits for a slot, and returns the context of the request. It reports
// false if ctx ends first.
func (s *Slots) acquire(ctx context.Context, a *attempt) (_ context.Context, ok bool) {
	s.mu.Lock()
	a.cancel, a.cut, a.ready = nil, false, nil
	if s.demand > s.n {
		ctx, a.cancel = context.WithCancel(ctx)
	}
	if len(s.held) < s.n {
		s.start(a)
		s.mu.Unlock()
		return ctx, true
	}
	a.ready = make(chan struct{})
	s.waiting = append(s.waiting, a)
	s.reclaim()
	s.mu.Unlock()

	select {
	case <-a.ready:
		return ctx, true
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.Index(s.waiting, a); i >= 0 {
		s.waiting = slices.Delete(s.waiting, i, i+1)
	} else { // it got a slot at the same time
		s.remove(a)
	}
	s.reclaim()
	a.end()
	return ctx, false
}

// end releases the context of the request.
func (a *attempt) end() {
	if a.cancel != nil {
		a.cancel()
	}
}

// release ends a request. answered says that the target acknowledged something.
func (s *Slots) release(a *attempt, answered bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if answered {
		a.target.slow = false
	}
	s.remove(a)
	s.reclaim()
	a.end()
}

func (s *Slots) start(a *attempt) {
	a.began = time.Now()
	a.target.inFlight++
	s.held = append(s.held, a)
}

func (s *Slots) remove(a *attempt) {
	a.target.inFlight--
	if a.cut {
		s.cut--
	}
	if i := slices.Index(s.slotless, a); i >= 0 {
		s.slotless = slices.Delete(s.slotless, i, i+1)
		s.bytes -= a.bytes
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
		s.start(a)
		close(a.ready)
	}
}

// before reports whether a gets a slot before b, which has waited longer.
func (a *attempt) before(b *attempt) bool {
	if a.target.slow != b.target.slow {
		return b.target.slow
	}
	return a.target.inFlight < b.target.inFlight
}

// reclaim takes slots from requests that have run for slotTime, oldest first. It sets
// the timer for the next one.
func (s *Slots) reclaim() {
	var again time.Duration
	full := false
	for i := 0; i < len(s.held) && s.needed(s.held[i]); {
		a := s.held[i]
		again = slotTime - time.Since(a.began)
		if again > 0 {
			break
		}
		if s.bytes+a.bytes > s.n*slotlessBytes {
			full = true
			i++
			continue
		}
		s.held = slices.Delete(s.held, i, i+1)
		s.slotless = append(s.slotless, a)
		s.bytes += a.bytes
		a.target.slow = true
		s.grant()
	}
	if full {
		if wait := s.cutOldest(); again <= 0 || wait > 0 && wait < again {
			again = wait
		}
	}
	s.schedule(again)
}

// cutOldest cuts short requests that have run for runTime, oldest first and one
// per waiting request. It returns the time until the next cut; 0: none before a
// request ends.
func (s *Slots) cutOldest() (again time.Duration) {
	wanted := 0
	for _, w := range s.waiting {
		if !w.target.slow {
			wanted++
		}
	}
	for _, a := range slices.Concat(s.slotless, s.held) {
		switch wait := runTime - time.Since(a.began); {
		case s.cut >= wanted:
			return 0
		case a.cut || a.cancel == nil:
		case wait <= 0:
			a.cut, a.target.slow = true, true
			s.cut++
			a.cancel()
		case again == 0 || wait < again:
			again = wait
		}
	}
	return again
}

// needed reports whether another target waits that may take the slot of a.
func (s *Slots) needed(a *attempt) bool {
	return slices.ContainsFunc(s.waiting, func(w *attempt) bool { return w.target != a.target && !w.target.slow })
}

// schedule schedules the next reclaim. Zero stops the timer, so that nothing runs
// without need.
func (s *Slots) schedule(after time.Duration) {
	switch {
	case after <= 0 && s.timer != nil:
		s.timer.Stop()
	case after <= 0:
	case s.timer != nil:
		s.timer.Reset(after)
	default:
		s.timer = time.AfterFunc(after, func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.reclaim()
		})
	}
}
