package engine

import (
	"context"
	"errors"

	"github.com/sourcegraph/conc/panics"
)

// processed is the result of a stage for one lane.
type processed struct {
	lane           // emitted
	dropped []Loss // or filtered
	failed  []Loss
	passed  int // stages before it
}

// runStage runs lanes through stage s, which comes after depth other stages. It
// returns the given losses plus its own.
func runStage(ctx context.Context, s Stage, depth int, lanes []lane, losses []*processed) ([]lane, []*processed) {
	all, emitted := make([]*processed, len(lanes)), make([]lane, len(lanes))
	for i, l := range lanes {
		all[i] = &processed{passed: depth}
		(&Out{processed: all[i]}).pieces(ctx, s, l)
		emitted[i] = all[i].lane
	}
	return emitted, append(losses[:len(losses):len(losses)], all...)
}

// Applied is the result of a stage.
type Applied struct {
	Emitted []Record // in order
	Cuts    []int    // indexes in Emitted at which a new request begins

	Dropped, Failed []Loss // dropped: or filtered, with the reason "filtered"

	// StaleRaw counts the changed records that the stage emitted or failed with the
	// Raw of the original. The engine dropped it.
	StaleRaw int

	Faults []error // in Failed: of the stage itself, not of a record
}

// Apply runs s once over the records of one lane, as a plan does: a panic is
// narrowed down to the records that cause it, and records that s forgets fail.
// It is meant for tests of stages.
func Apply(ctx context.Context, s Stage, in []Record) *Applied {
	out := &Out{processed: new(processed)}
	out.process(ctx, s, stamp(append([]Record(nil), in...)))
	a := &Applied{Emitted: out.recs, Cuts: out.cuts, Dropped: out.dropped, Failed: out.failed, StaleRaw: out.stale}
	for _, loss := range out.failed {
		if fault, ok := errors.AsType[*stageError](loss.Err); ok {
			a.Faults = append(a.Faults, fault)
		}
	}
	return a
}

// pieces runs s over each piece of l.
func (o *Out) pieces(ctx context.Context, s Stage, l lane) {
	lo := 0
	for _, hi := range l.cuts {
		o.process(ctx, s, l.recs[lo:hi])
		o.Cut()
		lo = hi
	}
	o.process(ctx, s, l.recs[lo:])
}

// process runs s once over the records of a piece. After a panic it runs s again
// over each half, to find the records at fault.
func (o *Out) process(ctx context.Context, s Stage, in []Record) {
	if len(in) == 0 {
		return
	}
	o.in, o.forged = in, false
	o.done = append(o.done[:0], make([]bool, len(in))...)
	recs, cuts, dropped, failed, used := len(o.recs), len(o.cuts), len(o.dropped), len(o.failed), o.used
	undo := func() {
		o.recs, o.cuts, o.dropped, o.failed = o.recs[:recs], o.cuts[:cuts], o.dropped[:dropped], o.failed[:failed]
		o.used = used
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

// fail books recs as failed, and cuts. Without the cut a later stage could merge
// records from before and behind them. For ordered targets that would block the
// earlier records too.
func (p *processed) fail(recs []Record, err error) {
	for _, r := range recs {
		p.failed = append(p.failed, Loss{r, err})
	}
	p.cut()
}

func forgot(ctx context.Context, s Stage) error {
	if err := context.Cause(ctx); err != nil {
		return Errorf(Retryable, "stage %s was interrupted: %w", s.Name(), err)
	}
	return faulty(s, "neither emitted, filtered, dropped nor failed the record")
}

// stageError is a fault of a stage itself, not of a record.
type stageError struct {
	stage, did string // its name, and the fault as a verb phrase
}

func (e *stageError) Error() string { return "stage " + e.stage + " " + e.did }

func faulty(s Stage, did string) error {
	return &Error{Class: Permanent, Err: &stageError{s.Name(), did}}
}
