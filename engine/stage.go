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
// Process must Emit, Filter, Drop or Fail every record of in: the record itself, one
// derived with [Record.With], or one that [Merge] made of it. Forgotten records
// fail. Process does not write into in, and keeps neither in nor out. It may be
// called concurrently, and again with a part of in. After a stage that cuts, the
// next stage gets each piece separately.
//
// A stage that changes keys has a method Rekeys(). If a record fails before it, an
// ordered target sends no later record of the lane, because any may have the same key.
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
	used   int      // see Use
	stale  int      // changed records that the stage passed on with the Raw of the original
}

// Loss is a record that a stage filtered, dropped or failed.
type Loss struct {
	Record Record
	Err    error // the reason
}

// errFiltered is the reason of all filtered records.
var errFiltered = errors.New("filtered")

// fate returns the fate of a record that a stage filtered or dropped.
func (l *Loss) fate() Fate {
	if l.Err == errFiltered { //nolint:errorlint // no other error is this one
		return FateFiltered
	}
	return FateDropped
}

// Emit passes r on. If r differs from the record that it was made of, r.Raw is
// dropped: no target may get the original in place of r. A record with unreadable
// data fails, and keeps the data that the stage got.
func (o *Out) Emit(r Record) {
	o.dropStale(&r)
	o.emit(r)
}

// EmitWithSource is like Emit for a record that a source record still describes:
// raw, which may be that of the record that r was made of. Targets that take more
// than the data from source records take it from raw, and a function gets raw with
// the data of r, or raw itself. So raw must not hold anything that the stage took
// out of the data.
func (o *Out) EmitWithSource(r Record, raw []byte) {
	r.Raw = raw
	o.emit(r)
}

func (o *Out) emit(r Record) {
	if err := r.Data.Err(); err != nil {
		o.failUnreadable(r, err)
		return
	}
	if !o.account(&r) {
		return
	}
	if r.at == unemitted {
		r.src = int32(-o.passed - 1) //nolint:gosec // a target has a few stages
	}
	o.recs = append(o.recs, r)
	o.recs[len(o.recs)-1].at = int32(len(o.recs)) //nolint:gosec // a batch has far fewer than 2³¹ records
}

// Grow makes room for n more records, for a stage that knows how many it emits.
func (o *Out) Grow(n int) { o.recs = slices.Grow(o.recs, n) }

// Use adds n to what the stage has used up for the lane, such as memory, and returns the
// sum. It includes earlier pieces of the lane, which failed records or a stage cut apart.
func (o *Out) Use(n int) int {
	o.used += n
	return o.used
}

// Cut makes the next Emit begin a new request.
func (o *Out) Cut() { o.cut() }

// Drop drops r by a rule of the user, for the reason why.
func (o *Out) Drop(r Record, why string) {
	if o.account(&r) {
		o.dropped = append(o.dropped, Loss{r, errors.New(why)})
	}
}

// Filter takes out r, because the target does not want it.
func (o *Out) Filter(r Record) {
	if o.account(&r) {
		o.dropped = append(o.dropped, Loss{r, errFiltered})
	}
}

// failUnreadable fails r with the data of the record that it was made of, because
// OnFailure must not get a record without data.
func (o *Out) failUnreadable(r Record, err error) {
	if r.at == unemitted {
		for i := range r.parts {
			o.failAsIs(r.parts[i], err)
		}
		return
	}
	if i := o.index(&r); i >= 0 {
		r.Data, r.Raw = o.in[i].Data, o.in[i].Raw
	}
	o.failAsIs(r, err)
}

// Fail fails r with err, and cuts. It drops r.Raw as Emit does.
func (o *Out) Fail(r Record, err error) {
	o.dropStale(&r)
	o.failAsIs(r, err)
}

func (o *Out) failAsIs(r Record, err error) {
	if o.account(&r) {
		o.fail([]Record{r}, cmp.Or(err, errNoReason))
	}
}

// account marks the records of in that r stands for as done. It reports whether r
// originates from in.
func (o *Out) account(r *Record) bool {
	if r.at == unemitted {
		for i := range r.parts {
			if !o.account(&r.parts[i]) {
				return false
			}
		}
		return true
	}
	i := o.index(r)
	if i < 0 {
		o.forged = true
		return false
	}
	o.done[i] = true
	return true
}

// index returns the index in in of the record that r was made of. It returns -1 if
// r was merged by the stage or has no origin in in.
func (o *Out) index(r *Record) int {
	if len(o.in) == 0 || r.at <= 0 {
		return -1
	}
	i := int(r.at - o.in[0].at)
	if i < 0 || i >= len(o.in) || o.in[i].src != r.src {
		return -1
	}
	return i
}

// dropStale drops Raw if r differs from the record that it was made of.
func (o *Out) dropStale(r *Record) {
	if r.Raw == nil {
		return
	}
	if i := o.index(r); i < 0 || differ(r, &o.in[i]) {
		r.Raw = nil
		o.stale++
	}
}

// differ reports whether r differs from in in anything but Raw.
func differ(r, in *Record) bool {
	return r.Data != in.Data || r.Key != in.Key || r.HashKey != in.HashKey || r.Lane != in.Lane ||
		r.Seq != in.Seq || r.Sub != in.Sub || r.Action != in.Action || r.Arrived != in.Arrived
}
