package metrics

import "time"

// Invocation is what became of the records of one event.
type Invocation struct {
	Function string    // name of the function
	At       time.Time // when the event came: the time of the metrics
	Sources  []Source
}

// Source is a source that records of the event came from.
type Source struct {
	ARN     string
	Records int       // in the event
	Oldest  time.Time // when the source took the oldest of them; zero if unknown
	Targets []Target  // that the records were for
}

// Target is what became of a source's records at one target. Delivered, Already, Dropped,
// Diverted and Failed add up to the source's Records.
type Target struct {
	ID          string
	Destination string // as the configuration names it, without a password

	Delivered int // sent, and acknowledged
	Already   int // not sent: the target had them from an earlier attempt
	Dropped   int // by a rule the user wrote
	Diverted  int // taken by a destination for failures
	Failed    int // to be sent again by the source

	Requests  int           // sent, first attempts and retries
	Retries   int           // requests that held a record sent before
	Throttled int           // requests that the service throttled
	Bytes     int64         // acknowledged
	Took      time.Duration // to the last outcome
}
