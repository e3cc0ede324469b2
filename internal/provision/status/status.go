// Package status reads what a function did in the last minutes: its mappings, the age of its
// records, the counts of each target, and the reasons of failures. It changes nothing. What
// it may not read is a note in the result, not an error.
package status

import (
	"time"
)

// Snapshot is what a function did in the period before At.
type Snapshot struct {
	Function string        `json:"function"`
	Region   string        `json:"region"`
	At       time.Time     `json:"at"`
	Period   float64       `json:"periodSeconds"`
	Verdict  Verdict       `json:"verdict"`
	Problems []Problem     `json:"problems"` // errors first
	Calls    *Calls        `json:"invocations"`
	Sources  []Source      `json:"sources"`
	Failures []Failure     `json:"failures"` // from the log, newest first
	Unknown  []Unknown     `json:"unknown"`
	LogGroup string        `json:"logGroup"`
	Step     time.Duration `json:"-"` // of each value in a trend
}

// State is a verdict on a function.
type State string

// The verdicts.
const (
	Healthy   State = "healthy"   // all that decides this was read
	Attention State = "attention" // it delivers, and somebody should act
	Late      State = "late"      // records are older than they should be
	Failing   State = "failing"   // records are not delivered
	Unclear   State = "unknown"   // what decides cannot be read
)

// Verdict sums a snapshot up.
type Verdict struct {
	State State  `json:"state"`
	Text  string `json:"text"`
	Do    string `json:"do,omitempty"` // the remedy; "" if none is needed

	Commands []string `json:"commands,omitempty"` // in Do, to copy
}

// Ill reports whether somebody must act.
func (v *Verdict) Ill() bool { return v.State != Healthy && v.State != Attention }

// Problem is one thing that is wrong.
type Problem struct {
	State   State  `json:"state"` // not Healthy
	Subject string `json:"subject"`
	Text    string `json:"text"`
	Do      string `json:"do,omitempty"`

	Commands []string `json:"commands,omitempty"` // in Do, to copy
}

// Calls are the function's invocations.
type Calls struct {
	Invocations int `json:"count"`
	Errors      int `json:"errors"`
	Throttles   int `json:"throttles"`

	errors []float64
}

// Source is a source with its mapping and targets.
type Source struct {
	ARN          string   `json:"arn"`
	Name         string   `json:"name"`         // such as kinesis:orders
	Mapping      *Mapping `json:"mapping"`      // nil: a topic, it has none, or not known
	Unread       bool     `json:"unread"`       // whether it has a mapping or subscription is not known
	Unsubscribed bool     `json:"unsubscribed"` // a topic that has active targets and no subscription
	Topic        bool     `json:"topic"`
	Age          *Age     `json:"age"`     // of its oldest record; nil: no record in the period, or not known
	Records      *int     `json:"records"` // that came; nil: not known
	Waiting      *int     `json:"waiting"` // messages in a queue; nil: no queue, or not known
	Targets      []Target `json:"targets"`

	Ages []float64 `json:"-"` // trend in seconds, -1: no record
}

// Mapping is an event source mapping.
type Mapping struct {
	UUID   string `json:"uuid"`
	State  string `json:"state"`
	Result string `json:"lastResult"`
}

// Age is how long the oldest record of an invocation had waited.
type Age struct {
	Last float64   `json:"lastSeconds"`
	Most float64   `json:"mostSeconds"` // of the period
	At   time.Time `json:"at"`          // when Last was measured
}

// Condition is how a target does.
type Condition string

// The conditions of a target.
const (
	OK        Condition = "ok"
	Idle      Condition = "idle"      // no records
	Recovered Condition = "recovered" // it failed, and delivers since
	Diverted  Condition = "diverted"  // it did not take records, and delivers since
	Diverting Condition = "diverting" // onFailure takes its records
	Fails     Condition = "failing"
	Faulty    Condition = "faulty" // its attributes have faults, so its records fail
	Inactive  Condition = "inactive"
	Unseen    Condition = "unknown"
)

// Target is a target of a source.
type Target struct {
	ID          string    `json:"id"`
	Type        string    `json:"type"`
	Destination string    `json:"destination"` // without a password
	OnFailure   string    `json:"onFailure,omitempty"`
	Condition   Condition `json:"condition"`
	Counts      *Counts   `json:"counts"` // nil: inactive, or not known
	LastError   *Failure  `json:"lastError,omitempty"`

	Trend Trend `json:"-"`

	fault string // the first fault of its attributes
	queue string // of envelopes, for redrive; "": none
}

// Counts are the counts of a target in the period (docs/metrics.md).
type Counts struct {
	Delivered int `json:"delivered"`
	Already   int `json:"already"`
	Filtered  int `json:"filtered"`
	Dropped   int `json:"dropped"`
	Diverted  int `json:"diverted"`
	Failed    int `json:"failed"`
	Throttled int `json:"throttled"` // requests
}

// Trend has a value for each step of the period, -1 where nothing was measured.
type Trend struct {
	Delivered, Diverted, Failed []float64
}

// Failure is an error line of the function's log.
type Failure struct {
	At        time.Time `json:"at"`
	Source    string    `json:"source,omitempty"`
	Target    string    `json:"target,omitempty"` // "": the function itself
	Error     string    `json:"error"`
	Class     string    `json:"class,omitempty"`
	Records   int       `json:"records,omitempty"`
	Diverted  bool      `json:"diverted,omitempty"`
	Shard     string    `json:"shard,omitempty"`
	Sequence  string    `json:"sequence,omitempty"`
	Remedy    string    `json:"remedy,omitempty"`
	RequestID string    `json:"requestId,omitempty"`
}

// Unknown is what could not be read, and why.
type Unknown struct {
	What string `json:"what"`
	Why  string `json:"why"`
}
