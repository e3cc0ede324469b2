package metrics

import "time"

// Invocation is the outcome of the records of one event.
type Invocation struct {
	Function string    // name of the function
	At       time.Time // when the event arrived: the time of the metrics
	Sources  []Source
}

// Source is a source of the event's records.
type Source struct {
	ARN     string
	Records int       // in the event
	Oldest  time.Time // when the source received the oldest record; zero if unknown
	Targets []Target  // targets of these records
}

// Target is the outcome of a source's records at one target. Delivered, Already, Filtered,
// Dropped, Diverted and Failed add up to the source's Records.
type Target struct {
	ID          string
	Destination string // as configured, without a password

	Delivered int // sent, and acknowledged
	Already   int // not sent: the target had them from an earlier attempt
	Filtered  int // not wanted by the target
	Dropped   int // by a rule the user wrote
	Diverted  int // taken by the onFailure destination
	Failed    int // to be sent again by the source

	Referenced int // references sent in place of records that are too large, and acknowledged

	Requests  int           // sent, first attempts and retries
	Retries   int           // requests with a record that was sent before
	Throttled int           // requests throttled by the service
	Bytes     int64         // acknowledged
	Took      time.Duration // to the last outcome
}
