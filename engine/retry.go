package engine

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// Retry says how often and how fast a request is sent again. The wait before
// attempt n+1 is drawn from [0, min(Max, Base·2ⁿ⁻¹)] ("full jitter", AWS
// Architecture Blog, Exponential Backoff And Jitter). After a throttle the base is
// four times as long. The wait is never shorter than the service asked for.
type Retry struct {
	Attempts int // attempts that may deliver nothing before the records fail; 0: 8

	// Base bounds the first wait, and Max every wait. 0: 50 ms, and 5 s.
	Base, Max time.Duration
}

// defaultRetry has the values of the zero fields of a Retry.
var defaultRetry = Retry{Attempts: 8, Base: 50 * time.Millisecond, Max: 5 * time.Second}

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
	case !transient(err) || t.overdue(r):
		return err
	case tries >= t.Retry.Attempts:
		return &Error{Class: class, Err: fmt.Errorf("gave up after %d attempts: %w", tries, err)}
	case !stop.IsZero() && due.After(stop):
		return &Error{Class: class, Err: fmt.Errorf("no time was left for a retry: %w", err)}
	}
	return nil
}
