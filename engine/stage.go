package engine

import (
	"context"
	"errors"
	"slices"

	"github.com/sourcegraph/conc/panics"
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
	lot
	dropped []Loss
	failed  []Loss

	in     []Record // of the call under way
	done   []bool   // which of in are accounted for
	forged bool     // a record without an origin in in was emitted
	passed int      // stages that in has passed
}

// lot is records of one lane and where among them requests must begin.
type lot struct {
	recs []Record
	cuts []int // ascending, in (0, len(recs)]; the last may stand at the end
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
	if r.at == fresh {
		r.src = int32(-o.passed - 1) //nolint:gosec // a target has a few stages
	}
	o.recs = append(o.recs, r)
	o.recs[len(o.recs)-1].at = int32(len(o.recs)) //nolint:gosec // a batch has far fewer than 2³¹ records
}

// Grow makes room for n more records, for a stage that knows how many it emits.
func (o *Out) Grow(n int) { o.recs = slices.Grow(o.recs, n) }

// Cut makes the next Emit begin a new request.
func (o *Out) Cut() { o.cut() }

// cut makes the next record begin a new request.
func (l *lot) cut() {
	n := len(l.recs)
	if n > 0 && (len(l.cuts) == 0 || l.cuts[len(l.cuts)-1] < n) {
		l.cuts = append(l.cuts, n)
	}
}

// Drop says that r is not to be delivered, by a rule the user wrote.
func (o *Out) Drop(r Record, why string) {
	if o.account(&r) {
		o.dropped = append(o.dropped, Loss{r, errors.New(why)})
	}
}

// Fail says that r cannot be delivered, and cuts.
func (o *Out) Fail(r Record, err error) {
	if o.account(&r) {
		o.fail([]Record{r}, orElse(err, errNoReason))
	}
}

// Emitted returns the records passed on, in order.
func (o *Out) Emitted() []Record { return o.recs }

// Cuts returns the indexes in Emitted at which a new request begins.
func (o *Out) Cuts() []int { return o.cuts }

// Dropped returns the records dropped.
func (o *Out) Dropped() []Loss { return o.dropped }

// Failed returns the records failed.
func (o *Out) Failed() []Loss { return o.failed }

// account ticks off the records of in that r stands for. It reports whether r has
// its origin there.
func (o *Out) account(r *Record) bool {
	if r.at == fresh {
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

// Apply runs s once over the records of one lane, as a plan does: a panic is
// narrowed down to the records that cause it, and records that s forgets fail.
// It is meant for tests of stages.
func Apply(ctx context.Context, s Stage, in []Record) *Out {
	out := new(Out)
	out.process(ctx, s, stamp(append([]Record(nil), in...)))
	return out
}

// stamp gives source records their origin.
func stamp(recs []Record) []Record {
	for i := range recs {
		recs[i].src = int32(i + 1)
		recs[i].at = recs[i].src
	}
	return recs
}

// through runs s over each piece of l.
func (o *Out) through(ctx context.Context, s Stage, l lot) {
	lo := 0
	for _, hi := range l.cuts {
		o.process(ctx, s, l.recs[lo:hi])
		o.Cut()
		lo = hi
	}
	o.process(ctx, s, l.recs[lo:])
}

func (o *Out) process(ctx context.Context, s Stage, in []Record) {
	if len(in) == 0 {
		return
	}
	o.in, o.forged = in, false
	o.done = append(o.done[:0], make([]bool, len(in))...)
	recs, cuts, dropped, failed := len(o.recs), len(o.cuts), len(o.dropped), len(o.failed)
	undo := func() {
		o.recs, o.cuts, o.dropped, o.failed = o.recs[:recs], o.cuts[:cuts], o.dropped[:dropped], o.failed[:failed]
	}

	if p := panics.Try(func() { s.Process(ctx, in, o) }); p != nil {
		undo()
		if len(in) == 1 {
			o.fail(in, faulty(s, "panicked"+describe(p)))
			return
		}
		o.process(ctx, s, in[:len(in)/2])
		o.process(ctx, s, in[len(in)/2:])
		return
	}
	if o.forged {
		undo()
		o.fail(in, faulty(s, "emitted a record that it did not derive with With or Merge"))
		return
	}
	for i, done := range o.done {
		if !done {
			o.fail(in[i:i+1], forgot(ctx, s))
		}
	}
}

// fail books recs as failed. It cuts: a later stage that merged records before them
// with some behind them would bar the earlier ones too where order is kept.
func (o *Out) fail(recs []Record, err error) {
	for _, r := range recs {
		o.failed = append(o.failed, Loss{r, err})
	}
	o.cut()
}

func forgot(ctx context.Context, s Stage) error {
	if err := context.Cause(ctx); err != nil {
		return Errorf(Retryable, "stage %s was interrupted: %w", s.Name(), err)
	}
	return faulty(s, "neither emitted, dropped nor failed the record")
}

// StageError is a fault of a stage itself, as against one of a record.
type StageError struct {
	Stage string // its name
	Did   string // what it did wrong
}

func (e *StageError) Error() string { return "stage " + e.Stage + " " + e.Did }

func faulty(s Stage, did string) error {
	return &Error{Class: Permanent, Err: &StageError{Stage: s.Name(), Did: did}}
}
