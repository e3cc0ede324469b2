package engine

import "time"

// Target is one destination of a plan's records and the way they take to it.
type Target struct {
	ID     string
	Stages []Stage // in order; equal stages at the head of several targets run once
	Sink   Sink

	// Ordered keeps one request in flight per lane, and never sends a record
	// before an earlier one of its key and lane has been delivered.
	Ordered bool

	InFlight int   // requests in flight; 0: an even share of the plan's
	Retry    Retry // zero fields: DefaultRetry's

	Oversize  Oversize  // what becomes of records that are too large
	OnFailure *Fallback // takes what this target cannot, before it fails; nil: none

	// Fault, when set, says why the target cannot work. Nothing is sent, and
	// every record fails with it.
	Fault error
}

// Retry says how often and how fast a request is sent again. The wait before
// attempt n+1 is drawn from [0, min(Max, Base·2ⁿ⁻¹)] ("full jitter", AWS
// Architecture Blog, Exponential Backoff And Jitter), with four times the base
// after a throttle, and never less than the service asked for.
type Retry struct {
	Attempts int           // attempts that deliver nothing before the records fail
	Base     time.Duration // bound of the first wait
	Max      time.Duration // bound of every wait
}

// DefaultRetry is what a Target with a zero Retry uses.
var DefaultRetry = Retry{Attempts: 8, Base: 50 * time.Millisecond, Max: 5 * time.Second}
