package engine

import (
	"context"
	"fmt"
)

// A record that is too large by itself can go by reference: its data goes to a store, and
// the target gets a reference in its place. The reference carries the record, as a merged
// record carries its parts, so sinks identify both alike.

// isReference reports whether the engine sends p in place of stored data.
func (p Payload) isReference() bool { return p.c != nil && p.c.reference }

// original returns the record that r stands for: r itself, unless it is a reference.
func (r *Record) original() *Record {
	if r.Data.isReference() {
		return &r.parts[0]
	}
	return r
}

// stores reports whether the data of r, which failed with err, is to be stored.
func (t *target) stores(r *Record, err error) bool {
	return t.Oversize != nil && ClassOf(err) == TooLarge && !r.Data.isReference()
}

// refer stores the data of r and returns the reference, once the store has acknowledged
// the data. The error says why it is not stored.
func (d *delivery) refer(ctx context.Context, r *Record) (lane, error) {
	store, data := d.target.Oversize(r)
	ctx, cancel := d.fallbackContext(ctx)
	defer cancel()
	to := newTarget(Target{ID: d.target.ID, Sink: store, Retry: d.target.Retry, InFlight: 1}, 0)
	put := newDelivery(to, d.slots, len(d.tally.report.fates))
	put.breaker = d.storeBreaker // shared, so a store that is down is not probed again for each record
	q := put.newQueue(lane{recs: []Record{*r}})
	put.drive(ctx, q)
	if put.tally.cutShort {
		d.tally.interrupted()
	}
	if q.failed {
		err := put.tally.report.Failures[0].Err
		return lane{}, &Error{Class: ClassOf(err), Err: fmt.Errorf("the record is too large, and could not be stored: %w", err)}
	}
	ref := r.With(data)
	ref.Raw, ref.parts = r.Raw, []Record{*r}
	ref.Data.c.reference = true
	return lane{recs: []Record{ref}}, nil
}
