package poll

import (
	"context"
	"math/rand/v2"
	"time"
)

const (
	baseWait = time.Second
	maxWait  = time.Minute
)

// Backoff draws the wait after the given number of failures in a row, from
// [0, min(maxWait, baseWait·2ⁿ)] ("full jitter", AWS Architecture Blog,
// Exponential Backoff And Jitter).
func Backoff(failures int) time.Duration {
	bound := maxWait
	if shift := max(failures-1, 0); shift < 6 {
		bound = min(maxWait, baseWait<<shift)
	}
	return rand.N(bound + 1)
}

// Sleep waits for d. It reports false if ctx ended first.
func Sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
