package engine

import (
	"strings"
	"time"
)

// Fate is the result of one source record at one target.
type Fate uint8

const (
	fatePending   Fate = iota
	FateDropped        // everything made of it was dropped, by a rule of the user
	FateAlready        // the target had it already, so nothing was sent
	FateDelivered      // everything made of it and not dropped was acknowledged
	FateDiverted       // as delivered, but OnFailure took some or all of it
	FateFailed         // some part was not delivered, or its fate is unknown
)

// String returns a word, such as "delivered".
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

// Report lists the results of one run, one entry per target, in the order of the
// plan.
type Report struct {
	Targets []TargetReport

	// Idle reports that every stage and sink returned on its own, before the end of
	// its time. Nothing uses the records any more, so their memory may be reused.
	Idle bool
}

// TargetReport is the result of one run at one target. Delivered, Already, Dropped,
// Diverted and Failed count source records and add up to the input.
type TargetReport struct {
	ID        string
	Delivered int           // sent, and acknowledged
	Already   int           // not sent: the target had them from an earlier run
	Dropped   int           // by a rule of the user
	Diverted  int           // taken by OnFailure
	Failed    int           // the source sends them again
	Requests  int           // first attempts and retries
	Retries   int           // requests with a record that was sent before
	Throttled int           // requests that the service throttled, fully or partly
	Bytes     int64         // acknowledged data
	Took      time.Duration // from the start of the run to the last outcome
	Failures  []Failure     // reasons of failed and diverted records: the first few distinct ones

	fates []Fate
	held  map[int]Held // for failed records, the parts that the target has
}

// Failure is one reason why records failed at a target.
type Failure struct {
	Err      error
	Diverted bool   // OnFailure took them
	Lane     string // of the first such record of the batch
	Seq      string // of the first such record of the batch
	Count    int    // records of the target, after its stages

	src int32 // of the first such record
}

// of makes r the first record of f. It copies the strings, because a report may
// outlive the memory of the records.
func (f *Failure) of(r *Record) {
	f.Lane, f.Seq, f.src = strings.Clone(r.Lane), strings.Clone(r.Seq), r.first()
}

// Fate returns the fate of source record i.
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
