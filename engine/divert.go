package engine

import (
	"context"
	"time"
)

// Oversize says how a target handles a record that is too large.
type Oversize uint8

const (
	FailOversize Oversize = iota // it fails, or goes to OnFailure
	DropOversize                 // it is dropped, and counted
)

// Fallback takes the records that a target rejects.
type Fallback struct {
	ID    string
	Sink  Sink
	Retry Retry

	// Wrap makes the record that is sent in place of a rejected one. Nil sends the
	// record itself.
	Wrap func(r Rejected) Record

	// MaxAge is the age, counted from the arrival at the source, from which the
	// fallback takes a record even if the target may still accept it. Zero: no age
	// limit.
	MaxAge time.Duration
}

// Rejected is a record that a target did not take.
type Rejected struct {
	Record   Record
	Err      error
	Attempts int  // made; 0: it was never sent
	Unstaged bool // a stage failed it, so Record is the input of that stage
	Passed   int  // stages before that one; 0 unless Unstaged
}

// drops reports whether a record that failed with err is to be dropped.
func (t *target) drops(err error) bool {
	return t.Oversize == DropOversize && ClassOf(err) == TooLarge
}

// diverts reports whether the fallback takes r, which failed with err.
func (t *target) diverts(r *Record, err error) bool {
	return t.OnFailure != nil && (!mayPass(err) || t.overdue(r))
}

// overdue reports whether r is so old that the fallback takes it even if the target
// may still accept it.
func (t *target) overdue(r *Record) bool {
	return t.OnFailure != nil && t.OnFailure.MaxAge > 0 && r.Arrived > 0 &&
		time.Since(time.UnixMilli(r.Arrived)) >= t.OnFailure.MaxAge
}

// fallbackContext returns a context for work that holds up an ordered target: it
// gets a quarter of the time left.
func (d *delivery) fallbackContext(ctx context.Context) (context.Context, context.CancelFunc) {
	if deadline, ok := ctx.Deadline(); ok && d.target.Ordered {
		return context.WithTimeout(ctx, time.Until(deadline)/4)
	}
	return context.WithCancel(ctx)
}

// divert sends rejected records to the fallback and books the records that it took.
// For each rejected record it returns the rest: nothing, the record itself, or the
// parts that the fallback did not take.
func (d *delivery) divert(ctx context.Context, rejected []Rejected) (left [][]Record) {
	if len(rejected) == 0 {
		return nil
	}
	left = make([][]Record, len(rejected))
	wrapped := make([]Record, len(rejected))
	inside := newOffers(d, rejected)
	for i, r := range rejected {
		wrapped[i] = inside.write(r)
	}
	ctx, cancel := d.fallbackContext(ctx)
	defer cancel()
	other := newDelivery(d.target.fallback, d.slots, len(wrapped))
	other.breaker = d.fallbackBreaker // shared, so a fallback that is down is not probed again for each record
	other.offers = inside
	lanes, unreadable := splitLanes(wrapped)
	for _, l := range lanes {
		for i := range l.recs {
			l.recs[i].at = l.recs[i].src
		}
	}
	other.take(ctx, lanes, unreadable, nil)
	other.tally.close(wrapped, errUnfinished)
	if other.tally.cutShort {
		d.tally.interrupted()
	}
	for i := range rejected {
		var taken []Record
		taken, left[i] = inside.sorted(i)
		for k := range taken {
			d.tally.diverted(&taken[k], rejected[i].Err)
		}
	}
	return left
}
