package engine

import (
	"cmp"
	"context"
	"errors"
	"slices"
)

// Stage turns the records of one lane, in source order, into others. It is a
// comparable value whose fields are its options; equal stages at the head of
// several targets run once, so what it emits may be shared.
//
// Process must Emit, Drop or Fail every record of in, itself, in a record derived
// with [Record.With], or inside one made with [Merge]; what it forgets fails. It
// does not write into in, and keeps neither in nor out. It may be called
// concurrently, and again with a part of in. After a stage that cuts, the next
// stage sees each piece by itself.
type Stage interface {
	Name() string
	Process(ctx context.Context, in []Record, out *Out)
}

// Out takes what a stage makes of its records.
type Out struct {
	*processed
	in     []Record // of the call under way
	done   []bool   // which of in are accounted for
	forged bool     // a record without an origin in in was emitted
}

// Loss is a record that a stage did not let through.
type Loss struct {
	Record Record
	Err    error // why
}

// Emit passes r on. If its data is unreadable, r fails.
func (o *Out) Emit(r Record) {
	if err := r.Data.Err(); err != nil {
		o.Fail(r, err)
		return
	}
	if !o.account(&r) {
		return
	}
	if r.at == unplaced {
		r.src = int32(-o.passed - 1) //nolint:gosec // a target has a few stages
	}
	o.recs = append(o.recs, r)
	o.recs[len(o.recs)-1].at = int32(len(o.recs)) //nolint:gosec // a batch has far fewer than 2³¹ records
}

// Grow makes room for n more records, for a stage that knows how many it emits.
func (o *Out) Grow(n int) { o.recs = slices.Grow(o.recs, n) }

// Cut makes the next Emit begin a new request.
func (o *Out) Cut() { o.cut() }

// Drop says that r is not to be delivered, by a rule the user wrote.
func (o *Out) Drop(r Record, why string) {
	if o.account(&r) {
		o.dropped = append(o.dropped, Loss{r, errors.New(why)})
	}
}

// Fail says that r cannot be delivered, and cuts.
func (o *Out) Fail(r Record, err error) {
	if o.account(&r) {
		o.fail([]Record{r}, cmp.Or(err, errNoReason))
	}
}

// account ticks off the records of in that r stands for. It reports whether r has
// its origin there.
func (o *Out) account(r *Record) bool {
	if r.at == unplaced {
		for i := range r.parts {
			if !o.account(&r.parts[i]) {
				return false
			}
		}
		return true
	}
	if len(o.in) > 0 {
		if i := int(r.at - o.in[0].at); r.at > 0 && i >= 0 && i < len(o.in) && o.in[i].src == r.src {
			o.done[i] = true
			return true
		}
	}
	o.forged = true
	return false
}
