package engine

import (
	"strings"
	"time"
)

// Fate is what became of one source record at one target.
type Fate uint8

const (
	fatePending   Fate = iota
	FateDropped        // all that came of it was dropped, by a rule the user wrote
	FateAlready        // the target had it, so nothing was sent
	FateDelivered      // all that came of it, and was not dropped, was acknowledged
	FateDiverted       // the same, but OnFailure took some or all of it
	FateFailed         // something that came of it was not, or is not known to be
)

// String is a word, such as "delivered".
func (f Fate) String() string {
	switch f {
	case FateDropped:
		return "dropped"
	case FateAlready:
		return "already delivered"
	case FateDelivered:
		return "delivered"
	case FateDiverted:
		return "diverted"
	case FateFailed:
		return "failed"
	case fatePending:
	}
	return "pending"
}

// Report tells what became of the records of one run, target by target in the
// order of the plan.
type Report struct {
	Targets []TargetReport

	// Idle reports that every stage and sink has returned, and none was cut short by
	// the end of its time: nothing uses the records any more, so their memory may be
	// used for others.
	Idle bool
}

// TargetReport tells what became of the records of one run at one target.
// Delivered, Already, Dropped, Diverted and Failed count source records and add up
// to the input.
type TargetReport struct {
	ID        string
	Delivered int           // sent, and acknowledged
	Already   int           // not sent: the target had them from an earlier run
	Dropped   int           // by a rule the user wrote
	Diverted  int           // taken by OnFailure
	Failed    int           // to be sent again by the source
	Requests  int           // sent, first attempts and retries
	Retries   int           // requests that held a record sent before
	Throttled int           // requests that the service throttled, in whole or in part
	Bytes     int64         // of data, acknowledged
	Took      time.Duration // from the start of the run to the last outcome
	Failures  []Failure     // why records failed or were diverted: the first few different reasons

	fates []Fate
	held  map[int]Held // of records that failed: the parts that did not
}

// Failure is one reason for which records failed at a target.
type Failure struct {
	Err      error
	Diverted bool   // OnFailure took them
	Lane     string // of the first such record of the batch
	Seq      string // of the first such record of the batch
	Count    int    // records of the target, after its stages

	src int32 // of the first such record
}

// of makes r the first record of f. What it says are copies: a report may outlive the
// memory of the records.
func (f *Failure) of(r *Record) {
	f.Lane, f.Seq, f.src = strings.Clone(r.Lane), strings.Clone(r.Seq), r.first()
}

// Fate returns what became of source record i.
func (t *TargetReport) Fate(i int) Fate { return t.fates[i] }

// Failed reports whether source record i failed at some target.
func (r *Report) Failed(i int) bool {
	for t := range r.Targets {
		if r.Targets[t].fates[i] == FateFailed {
			return true
		}
	}
	return false
}

// OK reports whether nothing failed.
func (r *Report) OK() bool {
	for t := range r.Targets {
		if r.Targets[t].Failed > 0 {
			return false
		}
	}
	return true
}
