package engine

import (
	"context"
	"sync"
	"time"
)

// Fallback takes the records that a target rejects.
type Fallback struct {
	ID   string
	Sink Sink

	// Wrap makes the record that is sent in place of a rejected one. Nil sends the
	// record itself.
	Wrap func(r Rejected) Record

	// Oversize stores wrapped records that are too large, as Target.Oversize does.
	Oversize func(r *Record) (store Sink, reference Payload)

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
	return t.DropOversize && ClassOf(err) == TooLarge
}

// diverts reports whether the fallback takes r, which failed with err.
func (t *target) diverts(r *Record, err error) bool {
	return t.OnFailure != nil && (!transient(err) || t.overdue(r))
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
	left = make([][]Record, len(rejected))
	wrapped := make([]Record, len(rejected))
	offers := newOffers(d, rejected)
	for i, r := range rejected {
		wrapped[i] = offers.wrap(r)
	}
	ctx, cancel := d.fallbackContext(ctx)
	defer cancel()
	other := newDelivery(d.target.fallback, d.slots, len(wrapped))
	other.breaker = d.fallbackBreaker // shared, so a fallback that is down is not probed again for each record
	other.offers = offers
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
		taken, left[i] = offers.results(i)
		for k := range taken {
			d.tally.diverted(&taken[k], rejected[i].Err)
		}
	}
	return left
}

// offers are rejected records on their way to a fallback. The at of a record in the
// fallback's delivery is its position here.
type offers struct {
	from *delivery
	mu   sync.Mutex
	all  []offer
}

// offer is a rejected record, or a half of one that was split.
type offer struct {
	Rejected
	root  int  // index of the rejected record
	split bool // its halves have offers of their own
	taken bool // the fallback acknowledged it
}

func newOffers(from *delivery, rejected []Rejected) *offers {
	o := &offers{from: from, all: make([]offer, len(rejected))}
	for i, r := range rejected {
		o.all[i] = offer{Rejected: r, root: i}
	}
	return o
}

// wrap makes the record that is sent instead of a rejected one.
func (o *offers) wrap(r Rejected) Record {
	out := r.Record
	if wrap := o.from.target.OnFailure.Wrap; wrap != nil {
		out = wrap(r)
	}
	out.parts = nil
	return out
}

// rejected returns the rejected record that r stands for.
func (o *offers) rejected(r *Record) *Record {
	o.mu.Lock()
	defer o.mu.Unlock()
	return &o.all[r.at-1].Record
}

// took marks the acknowledged offers.
func (o *offers) took(recs []Record) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i := range recs {
		o.all[recs[i].at-1].taken = true
	}
}

// results returns the offers of a rejected record in two lists: taken by the
// fallback, and left.
func (o *offers) results(root int) (taken, left []Record) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i := range o.all {
		switch one := &o.all[i]; {
		case one.root != root || one.split:
		case one.taken:
			taken = append(taken, one.Record)
		default:
			left = append(left, one.Record)
		}
	}
	return taken, left
}

// split splits the merged record that r stands for, and makes an offer of each half.
func (o *offers) split(ctx context.Context, r *Record) (halves lane, ok bool) {
	i := r.at - 1
	o.mu.Lock()
	whole := o.all[i]
	o.mu.Unlock()
	if whole.Unstaged {
		return lane{}, false
	}
	parts, ok := o.from.split(ctx, &whole.Record)
	if !ok {
		return lane{}, false
	}
	var all []offer
	for _, p := range parts.recs {
		half := offer{Rejected: whole.Rejected, root: whole.root}
		half.Record = p
		out := o.wrap(half.Rejected)
		if out.Data.Err() != nil {
			return lane{}, false
		}
		all = append(all, half)
		out.src = r.src
		halves.recs = append(halves.recs, out)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.all[i].split = true
	for k := range halves.recs {
		o.all = append(o.all, all[k])
		halves.recs[k].at = int32(len(o.all)) //nolint:gosec // a batch has far fewer than 2³¹ records
	}
	return halves, true
}
