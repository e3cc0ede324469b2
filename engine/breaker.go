package engine

import (
	"context"
	"fmt"
	"sync"
)

// tripAfter is how many requests in a row must fail to open a breaker.
const tripAfter = 5

// breaker keeps a target that is down from being sent request after request. After
// a few that failed in a row it is open: one request at a time tries, the others
// wait for it. If it succeeds all go on. If it gives up, the next tries; if that fails
// too, the target is source up for the rest of the run.
type breaker struct {
	mu          sync.Mutex
	failures    int           // requests in a row of which nothing was delivered
	probe       *queue        // the queue that may send while the breaker is open
	probeFailed bool          // a probe gave up since something was delivered
	gaveUp      error         // not nil: the target was source up
	changed     chan struct{} // closed when those that wait must look again; nil: none waits

	// Slots guards these.
	inFlight int  // requests
	slow     bool // a request gave its slot up, and none was acknowledged since
}

// admit waits until q may send. It returns why not if the target was source up.
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

// enter returns what to wait for, or nil if q may send or the target was source up.
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

// succeeded says that something was delivered.
func (c *breaker) succeeded() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failures, c.probeFailed, c.probe = 0, false, nil
	c.wake()
}

// failed says that nothing of a request of q was delivered, for a reason that may
// pass. With last, none of it is sent again.
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

// stopProbing says that q sends nothing more.
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
