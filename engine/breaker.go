package engine

import (
	"context"
	"fmt"
	"sync"
)

// tripAfter is how many requests in a row must fail to open a breaker.
const tripAfter = 5

// breaker stops a target that is down from getting request after request. After
// tripAfter failures in a row it opens: one queue probes with one request at a
// time, and the others wait. If the probe succeeds, all go on. If the probe gives
// up, the next queue probes. If that fails too, the target is given up for the rest
// of the run.
type breaker struct {
	mu          sync.Mutex
	failures    int           // requests in a row that delivered nothing
	probe       *queue        // the queue that may send while the breaker is open
	probeFailed bool          // a probe gave up since something was delivered
	gaveUp      error         // set once the target is given up
	changed     chan struct{} // closed to wake the queues that wait; nil: none waits

	// Slots guards these.
	inFlight int  // requests
	slow     bool // a request gave its slot up, and the target has acknowledged nothing since
}

// wait waits until q may send. It returns an error if the target was given up.
func (b *breaker) wait(ctx context.Context, q *queue) error {
	for {
		changed, err := b.try(q)
		if changed == nil {
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil // the caller looks at ctx
		}
	}
}

// try returns a channel to wait on, or nil if q may send or the target was given
// up.
func (b *breaker) try(q *queue) (changed <-chan struct{}, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.gaveUp != nil:
		return nil, b.gaveUp
	case b.failures < tripAfter || b.probe == q:
		return nil, nil
	case b.probe == nil:
		b.probe = q
		return nil, nil
	}
	if b.changed == nil {
		b.changed = make(chan struct{})
	}
	return b.changed, nil
}

// succeeded records that a request delivered something.
func (b *breaker) succeeded() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failures, b.probeFailed, b.probe = 0, false, nil
	b.wake()
}

// failed records that a request of q delivered nothing, for a reason that may pass.
// last means that q sends none of it again.
func (b *breaker) failed(q *queue, err error, last bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failures++
	switch {
	case b.probe != q || b.gaveUp != nil:
	case b.probeFailed:
		b.gaveUp = &Error{Class: ClassOf(err), Err: fmt.Errorf("the target failed %d requests in a row, so this was not sent: %w", b.failures, err)}
		b.wake()
	case last:
		b.probeFailed, b.probe = true, nil
		b.wake()
	}
}

// stopProbing ends the probe of q, which sends nothing more.
func (b *breaker) stopProbing(q *queue) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.probe == q {
		b.probe = nil
		b.wake()
	}
}

func (b *breaker) wake() {
	if b.changed != nil {
		close(b.changed)
		b.changed = nil
	}
}
