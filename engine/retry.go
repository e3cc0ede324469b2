package engine

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// throttleFactor is how many times longer the wait is after a throttle than after a
// failure.
const throttleFactor = 4

// wait draws the wait after the given number of failed attempts. errs are the
// errors of the last attempt, nil for delivered records.
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

// final returns the permanent error of r after tries failed attempts, the last with
// err. It returns nil if r is to be sent again when due.
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
