package engine

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// throttleFactor is how much longer to wait after a throttle than after a failure.
const throttleFactor = 4

// wait draws how long to wait after the source number of failed attempts, the
// last of which ended with errs (nil for what was delivered).
func (r Retry) wait(tries int, errs []error) time.Duration {
	base, atLeast := r.Base, time.Duration(0)
	for _, err := range errs {
		if err == nil {
			continue
		}
		if ClassOf(err) == Throttled {
			base = throttleFactor * r.Base
		}
		atLeast = max(atLeast, waitOf(err))
	}
	bound := r.Max
	if shift := min(max(tries, 1)-1, 30); base < r.Max>>shift {
		bound = base << shift
	}
	return max(rand.N(bound+1), atLeast)
}

// final returns the error with which r fails for good after tries failed
// attempts, the last with err, or nil if it is to be sent again when due.
func (t *target) final(r *Record, tries int, due, stop time.Time, err error) error {
	switch class := ClassOf(err); {
	case !mayPass(err) || t.overdue(r):
		return err
	case tries >= t.Retry.Attempts:
		return &Error{Class: class, Err: fmt.Errorf("gave up after %d attempts: %w", tries, err)}
	case !stop.IsZero() && due.After(stop):
		return &Error{Class: class, Err: fmt.Errorf("no time was left to try again: %w", err)}
	}
	return nil
}
