package engine

import "time"

// Target is one destination of a plan and the stages on the way to it.
type Target struct {
	ID     string
	Stages []Stage // in order; equal stages at the head of several targets run once
	Sink   Sink

	// Ordered keeps one request in flight per lane, and never sends a record
	// before an earlier one of its key and lane has been delivered.
	Ordered bool

	InFlight int // requests in flight; 0: an even share of the plan's
	Retry    Retry

	Oversize  Oversize  // how records that are too large are handled
	OnFailure *Fallback // takes the records that this target rejects, before they fail; nil: none

	// Fault, when set, says why the target cannot work. Every record then fails with
	// it, and nothing is sent.
	Fault error
}

// Retry says how often and how fast a request is sent again. The wait before
// attempt n+1 is drawn from [0, min(Max, Base·2ⁿ⁻¹)] ("full jitter", AWS
// Architecture Blog, Exponential Backoff And Jitter). After a throttle the base is
// four times as long. The wait is never shorter than the service asked for.
type Retry struct {
	Attempts int           // attempts that may deliver nothing before the records fail; 0: 8
	Base     time.Duration // bound on the first wait; 0: 50 ms
	Max      time.Duration // bound on every wait; 0: 5 s
}

// defaultRetry has the values of the zero fields of a Retry.
var defaultRetry = Retry{Attempts: 8, Base: 50 * time.Millisecond, Max: 5 * time.Second}
