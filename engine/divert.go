package engine

import (
	"context"
	"time"
)

// Oversize says what becomes of a record that is too large for a target.
type Oversize uint8

const (
	FailOversize Oversize = iota // it fails, or goes to OnFailure
	DropOversize                 // it is dropped, and counted
)

// Fallback takes the records that a target cannot.
type Fallback struct {
	ID    string
	Sink  Sink
	Retry Retry // zero fields: DefaultRetry's

	// Wrap makes the record that is sent instead of a rejected one. Nil sends the
	// record itself.
	Wrap func(r Rejected) Record

	// MaxAge is how old a record must be, since it arrived at its source, for the
	// fallback to take it although it might be delivered yet. Zero: it never does.
	MaxAge time.Duration
}

// Rejected is a record that a target did not take.
type Rejected struct {
	Record   Record
	Err      error
	Attempts int  // made; 0: it was never sent
	Unstaged bool // a stage failed it, so it is as that stage got it
}

// diverts reports whether the fallback takes r, which failed with err.
func (t *target) diverts(r *Record, err error) bool {
	if t.OnFailure == nil {
		return false
	}
	if c := ClassOf(err); c == Permanent || c == TooLarge {
		return true
	}
	age := time.Since(time.UnixMilli(r.Arrived))
	return t.OnFailure.MaxAge > 0 && r.Arrived > 0 && age >= t.OnFailure.MaxAge
}

// divert sends rejected records to the fallback and returns which of them it took.
func (d *delivery) divert(ctx context.Context, rejected []Rejected) (taken []bool) {
	if len(rejected) == 0 {
		return nil
	}
	taken = make([]bool, len(rejected))
	wrapped := make([]Record, len(rejected))
	for i, r := range rejected {
		wrapped[i] = r.Record
		if wrap := d.t.OnFailure.Wrap; wrap != nil {
			wrapped[i] = wrap(r)
		}
		wrapped[i].parts = nil
	}
	other := newDelivery(d.t.fallback, d.slots, len(wrapped))
	lots, unreadable := lanes(wrapped)
	other.take(ctx, lots, unreadable)
	other.close(wrapped, errUnfinished)
	for i := range rejected {
		if taken[i] = other.report.Fate(i) == FateDelivered; taken[i] {
			d.diverted(&rejected[i].Record, rejected[i].Err)
		}
	}
	return taken
}
