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

// admit waits until q may send. It returns an error if the target was given up.
func (c *breaker) admit(ctx context.Context, q *queue) error {
	for {
		changed, err := c.enter(q)
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

// enter returns a channel to wait on, or nil if q may send or the target was given
// up.
func (c *breaker) enter(q *queue) (changed <-chan struct{}, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.gaveUp != nil:
		return nil, c.gaveUp
	case c.failures < tripAfter || c.probe == q:
		return nil, nil
	case c.probe == nil:
		c.probe = q
		return nil, nil
	}
	if c.changed == nil {
		c.changed = make(chan struct{})
	}
	return c.changed, nil
}

// succeeded records that a request delivered something.
func (c *breaker) succeeded() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failures, c.probeFailed, c.probe = 0, false, nil
	c.wake()
}

// failed records that a request of q delivered nothing, for a reason that may pass.
// last means that q sends none of it again.
func (c *breaker) failed(q *queue, err error, last bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failures++
	switch {
	case c.probe != q || c.gaveUp != nil:
	case c.probeFailed:
		c.gaveUp = &Error{Class: ClassOf(err), Err: fmt.Errorf("the target failed %d requests in a row, so this was not sent: %w", c.failures, err)}
		c.wake()
	case last:
		c.probeFailed, c.probe = true, nil
		c.wake()
	}
}

// stopProbing ends the probe of q, which sends nothing more.
func (c *breaker) stopProbing(q *queue) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.probe == q {
		c.probe = nil
		c.wake()
	}
}

func (c *breaker) wake() {
	if c.changed != nil {
		close(c.changed)
		c.changed = nil
	}
}
