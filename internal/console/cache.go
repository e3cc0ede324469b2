package console

import (
	"context"
	"time"

	"fanout/internal/awserr"
	"fanout/internal/provision/status"
)

// cache keeps the last snapshot, so that ten tabs cost as many calls as one.
type cache struct {
	read  func() (*status.Snapshot, error)
	every time.Duration
	lock  chan struct{} // holds one value while nobody has the lock

	asked time.Time // when read ended last
	last  *status.Snapshot
	fault string // why last is not of asked; "": it is
}

func newCache(read func() (*status.Snapshot, error), every time.Duration) *cache {
	c := &cache{read: read, every: every, lock: make(chan struct{}, 1)}
	c.lock <- struct{}{}
	return c
}

// get returns the last snapshot, nil if there is none yet, and why it is not the newest. It
// reads a new one when the last reading is old enough. Callers meanwhile wait for it, until
// ctx ends.
func (c *cache) get(ctx context.Context) (*status.Snapshot, string) {
	select {
	case <-c.lock:
	case <-ctx.Done():
		return nil, ctx.Err().Error()
	}
	defer func() { c.lock <- struct{}{} }()
	if !c.asked.IsZero() && time.Since(c.asked) < c.every {
		return c.last, c.fault
	}
	s, err := c.read()
	c.asked, c.fault = time.Now(), ""
	if err != nil {
		c.fault = awserr.Plain(err)
	} else {
		c.last = s
	}
	return c.last, c.fault
}
