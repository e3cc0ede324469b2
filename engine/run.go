package engine

import (
	"cmp"
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
	resumed    []bool // by target: it runs by itself, without what it has already
}

// Run takes recs through the stages and to the targets, and reports what became
// of each. It stamps recs with where they come from, and reads them until the report's Idle
// says that nothing does; the caller may read them too, and must not write. When ctx ends, or its
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
	p.opts.Slots.join(p.demand)
	defer p.opts.Slots.join(-p.demand)
	r := &run{resumed: make([]bool, len(p.targets))}
	for _, t := range p.targets {
		r.deliveries = append(r.deliveries, newDelivery(t, p.opts.Slots, len(recs)))
	}
	lanes, unreadable := splitLanes(recs)
	done := make(chan *panics.Recovered, 1)
	if held != nil {
		r.resume(ctx, lanes, unreadable, held)
	}
	r.wg.Go(func() { r.descend(ctx, &p.root, 0, lanes, unreadable) })
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
		report.Targets[i] = d.tally.close(recs, cmp.Or(d.target.Fault, err))
		report.Idle = report.Idle && !d.tally.cutShort
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

// descend delivers lanes to the targets at n and takes them through the stages
// below, each branch by itself. losses are those of the stages above, of which there
// are depth.
func (r *run) descend(ctx context.Context, n *node, depth int, lanes []lane, losses []*processed) {
	for _, t := range n.targets {
		if d := r.deliveries[t.index]; !r.resumed[t.index] {
			r.wg.Go(func() { d.take(ctx, lanes, losses, nil) })
		}
	}
	for _, k := range n.kids {
		r.wg.Go(func() {
			emitted, losses := runStage(ctx, k.stage, depth, lanes, losses)
			r.descend(ctx, k, depth+1, emitted, losses)
		})
	}
}
