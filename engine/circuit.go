package engine

import (
	"context"
	"fmt"
	"sync"
)

// tripAfter is how many requests in a row must fail to open a circuit.
const tripAfter = 5

// circuit keeps a target that is down from being sent request after request. After
// a few that failed in a row it is open: one request at a time tries, the others
// wait for it. If one succeeds all go on; if one gives up, so does the target, for
// the rest of the run.
type circuit struct {
	mu      sync.Mutex
	failed  int           // requests in a row of which nothing was delivered
	probe   *queue        // the queue that may send while the circuit is open
	gaveUp  error         // not nil: the target was given up
	changed chan struct{} // closed when those that wait must look again; nil: none waits
}

// admit waits until q may send. It returns why not if the target was given up.
func (c *circuit) admit(ctx context.Context, q *queue) error {
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

// enter returns what to wait for, or nil if q may send or the target was given up.
func (c *circuit) enter(q *queue) (changed <-chan struct{}, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.gaveUp != nil:
		return nil, c.gaveUp
	case c.failed < tripAfter || c.probe == q:
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
func (c *circuit) succeeded() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failed, c.probe = 0, nil
	c.wake()
}

// failure says that nothing of a request of q was delivered, and that it might be
// yet. With final, q does not try again.
func (c *circuit) failure(q *queue, final error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failed++
	if final != nil && c.probe == q && c.gaveUp == nil {
		c.gaveUp = &Error{Class: ClassOf(final), Err: fmt.Errorf("the target failed %d requests in a row, so this was not sent: %w", c.failed, final)}
		c.wake()
	}
}

// leave says that q sends nothing more.
func (c *circuit) leave(q *queue) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.probe == q {
		c.probe = nil
		c.wake()
	}
}

func (c *circuit) wake() {
	if c.changed != nil {
		close(c.changed)
		c.changed = nil
	}
}
