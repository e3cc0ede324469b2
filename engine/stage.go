package engine

import (
	"cmp"
	"context"
	"errors"
	"slices"
)

// Stage turns the records of one lane, in source order, into others. It is a
// comparable value whose fields are its options. Equal stages at the head of
// several targets run once, so targets may share the emitted records.
//
// Process must Emit, Drop or Fail every record of in: the record itself, one
// derived with [Record.With], or one that [Merge] made of it. Forgotten records
// fail. Process does not write into in, and keeps neither in nor out. It may be
// called concurrently, and again with a part of in. After a stage that cuts, the
// next stage gets each piece separately.
// stage sees each piece by itself.
type Stage interface {
	Name() string
	Process(ctx context.Context, in []Record, out *Out)
}

// Out collects the results of a stage.
type Out struct {
	*processed
	in     []Record // of the call under way
	done   []bool   // by index in in: accounted for
	forged bool     // the stage emitted a record without an origin in in
}

// Loss is a record that a stage dropped or failed.
type Loss struct {
	Record Record
	Err    error // the reason
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

// Drop drops r by a rule of the user, for the reason why.
func (o *Out) Drop(r Record, why string) {
	if o.account(&r) {
		o.dropped = append(o.dropped, Loss{r, errors.New(why)})
	}
}

// Fail fails r with err, and cuts.
func (o *Out) Fail(r Record, err error) {
	if o.account(&r) {
		o.fail([]Record{r}, cmp.Or(err, errNoReason))
	}
}

// account marks the records of in that r stands for as done. It reports whether r
// originates from in.
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
