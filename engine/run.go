package engine

import (
	"context"
	"errors"
	"time"

	"github.com/sourcegraph/conc"
	"github.com/sourcegraph/conc/panics"
)

// errUnfinished fails records of a target whose stages or sink had not returned
// when the run had to end.
var errUnfinished = errors.New("the target's stages or sink did not return in time")

// minGrace is how long stages and sinks have at least to return once the run ends.
const minGrace = 50 * time.Millisecond

// run is one run of a plan.
type run struct {
	wg         conc.WaitGroup
	deliveries []*delivery
	apart      []bool // by target: it runs by itself, without what it has already
}

// Run takes recs through the stages and to the targets, and reports what became
// of each. It takes recs over: do not use them again. When ctx ends, or its
// deadline less the plan's margin comes, it stops sending, and what was not
// acknowledged has failed. It returns then even if a stage or a sink does not.
func (p *Plan) Run(ctx context.Context, recs []Record) *Report {
	return p.Resume(ctx, recs, nil)
}

// Resume is Run for records that were run before. held says how much a target, by its
// place in the plan, has of a record already, by its place in recs: that is not sent
// there again. But where a target keeps order, what lies behind a record of its key that
// is sent is sent too, so that no older value stays. A nil held means nothing.
func (p *Plan) Resume(ctx context.Context, recs []Record, held func(target, record int) Held) *Report {
	grace := p.grace(ctx)
	ctx, cancel := p.untilMargin(ctx)
	defer cancel()
	r := &run{apart: make([]bool, len(p.targets))}
	for _, t := range p.targets {
		r.deliveries = append(r.deliveries, newDelivery(t, p.opts.Slots, len(recs)))
	}
	lots, unreadable := lanes(recs)
	done := make(chan *panics.Recovered, 1)
	if held != nil {
		r.resume(ctx, lots, unreadable, held)
	}
	r.wg.Go(func() { r.descend(ctx, &p.root, 0, lots, unreadable) })
	go func() { done <- r.wg.WaitAndRecover() }()

	report := &Report{Targets: make([]TargetReport, len(r.deliveries))}
	err := errUnfinished
	select {
	case crash := <-done:
		if report.Idle = crash == nil; crash != nil {
			err = Errorf(Retryable, "the engine panicked%s", describe(crash))
		}
	case <-ctx.Done():
		select {
		case <-done:
		case <-time.After(grace()):
		}
	}
	for i, d := range r.deliveries {
		report.Targets[i] = d.close(recs, orElse(d.t.Fault, err))
		report.Idle = report.Idle && !d.cut
	}
	return report
}

// grace returns how long stages and sinks have to return once ctx has ended: half
// the margin, or half of what is left until the deadline.
func (p *Plan) grace(ctx context.Context) func() time.Duration {
	deadline, ok := ctx.Deadline()
	return func() time.Duration {
		d := max(p.opts.Margin/2, minGrace)
		if ok {
			d = min(d, time.Until(deadline)/2)
		}
		return d
	}
}

// untilMargin returns a context that ends the plan's margin before ctx's deadline.
func (p *Plan) untilMargin(ctx context.Context) (context.Context, context.CancelFunc) {
	if deadline, ok := ctx.Deadline(); ok {
		return context.WithDeadline(ctx, deadline.Add(-p.opts.Margin))
	}
	return context.WithCancel(ctx)
}

// descend delivers lots to the targets at n and takes them through the stages
// below, each branch by itself. losses are those of the stages above, of which there
// are depth.
func (r *run) descend(ctx context.Context, n *node, depth int, lots []lot, losses []*Out) {
	for _, t := range n.targets {
		if d := r.deliveries[t.index]; !r.apart[t.index] {
			r.wg.Go(func() { d.take(ctx, lots, losses, nil) })
		}
	}
	for _, k := range n.kids {
		r.wg.Go(func() {
			emitted, losses := pass(ctx, k.stage, depth, lots, losses)
			r.descend(ctx, k, depth+1, emitted, losses)
		})
	}
}

// pass takes lots through a stage, which depth others come before. The losses it
// returns are those given and its own.
func pass(ctx context.Context, s Stage, depth int, lots []lot, losses []*Out) ([]lot, []*Out) {
	outs, emitted := make([]*Out, len(lots)), make([]lot, len(lots))
	for i, l := range lots {
		outs[i] = &Out{passed: depth}
		outs[i].through(ctx, s, l)
		emitted[i] = outs[i].lot
	}
	return emitted, append(losses[:len(losses):len(losses)], outs...)
}

// lanes gives recs their origin and parts them by lane. Records that could not be
// read go no further.
func lanes(recs []Record) ([]lot, []*Out) {
	unreadable := new(Out)
	index := make(map[string]int)
	var lots []lot
	whole := true // recs are one lane, all readable
	for i := range recs {
		if recs[i].Lane != recs[0].Lane || recs[i].Data.Err() != nil {
			whole = false
			break
		}
	}
	stamp(recs)
	if whole {
		return []lot{{recs: recs}}, nil
	}
	for _, r := range recs {
		k, ok := index[r.Lane]
		if !ok {
			k = len(lots)
			index[r.Lane] = k
			lots = append(lots, lot{})
		}
		if err := r.Data.Err(); err != nil {
			unreadable.fail([]Record{r}, err)
			lots[k].cut() // see Out.fail
			continue
		}
		r.at = int32(len(lots[k].recs) + 1) //nolint:gosec // a batch has far fewer than 2³¹ records
		lots[k].recs = append(lots[k].recs, r)
	}
	return lots, []*Out{unreadable}
}
