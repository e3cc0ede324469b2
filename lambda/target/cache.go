package target

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/sourcegraph/conc/panics"
	"golang.org/x/sync/singleflight"
)

// DefaultTTL is how long a Cache keeps targets by default.
const DefaultTTL = time.Minute

const (
	refreshTimeout = 10 * time.Second // bounds a refresh after its callers have given up
	retryAfter     = 5 * time.Second  // minimum delay after a failed refresh
)

// Cache is a Store that caches another. If a refresh fails, it returns the last good set,
// marked Stale. Without one it returns the error, which it does not cache.
type Cache struct {
	store     Store
	ttl       time.Duration
	refreshes singleflight.Group // one at a time per source

	mu      sync.Mutex
	entries map[string]entry // by source
}

type entry struct {
	set   Set
	until time.Time
}

// NewCache returns a Cache of store that keeps targets for ttl, or for DefaultTTL if ttl is
// not positive.
func NewCache(store Store, ttl time.Duration) *Cache {
	if ttl <= 0 {
		ttl = DefaultTTL
	}
	return &Cache{store: store, ttl: ttl, entries: make(map[string]entry)}
}

// Targets returns the targets of a source. It blocks only during a read, and only until ctx
// ends. The refresh continues for other callers.
func (c *Cache) Targets(ctx context.Context, sourceARN string) (Set, error) {
	if e, ok := c.entry(sourceARN); ok && time.Now().Before(e.until) {
		return e.set, nil
	}
	detached := context.WithoutCancel(ctx)
	done := c.refreshes.DoChan(sourceARN, func() (any, error) { return c.refresh(detached, sourceARN) })
	select {
	case r := <-done:
		set, _ := r.Val.(Set)
		return set, r.Err
	case <-ctx.Done():
		err := fmt.Errorf("the targets of %s were not read in time: %w", sourceARN, ctx.Err())
		if e, ok := c.entry(sourceARN); ok {
			e.set.Stale = err
			return e.set, nil
		}
		return Set{}, err
	}
}

func (c *Cache) entry(sourceARN string) (entry, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.entries[sourceARN]
	return e, ok
}

// refresh reads the targets of a source and caches them.
func (c *Cache) refresh(ctx context.Context, sourceARN string) (Set, error) {
	e, known := c.entry(sourceARN)
	if known && time.Now().Before(e.until) {
		return e.set, nil // another refresh has just ended
	}
	ctx, cancel := context.WithTimeout(ctx, refreshTimeout)
	defer cancel()
	var set Set
	var err error
	if p := panics.Try(func() { set, err = c.store.Targets(ctx, sourceARN) }); p != nil {
		err = fmt.Errorf("reading the targets of %s panicked (%T)", sourceARN, p.Value)
	}
	switch {
	case err == nil:
		e = entry{set, time.Now().Add(c.ttl)}
	case known:
		e.set.Stale = err
		e.until = time.Now().Add(min(c.ttl, retryAfter))
	default:
		return Set{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.entries[sourceARN] = e
	return e.set, nil
}
