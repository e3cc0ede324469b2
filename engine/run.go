package engine

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/sourcegraph/conc"
	"github.com/sourcegraph/conc/panics"
)

// errUnfinished fails the records of a target whose stages or sink did not return
// before the run had to end.
var errUnfinished = errors.New("the target's stages or sink did not return in time")

// minGrace is the least time that stages and sinks have to return once the run
// ends.
const minGrace = 50 * time.Millisecond

// run is one run of a plan.
type run struct {
	wg         conc.WaitGroup
	deliveries []*delivery
	resumed    []bool // by target: it runs separately, without the records that it has already
}

// Run takes recs through the stages to the targets, and reports the fate of each.
// It stamps recs with their origin. It reads them until the report's Idle is true.
// Until then the caller may read them too, and must not write. When ctx ends, or
// its deadline less the plan's margin comes, Run stops sending, and unacknowledged
// records have failed. Run then returns even if a stage or a sink does not.
func (p *Plan) Run(ctx context.Context, recs []Record) *Report {
	return p.Resume(ctx, recs, nil)
}

// Resume is like Run, for records that ran before. held returns how much of a
// record a target has, by the target's position in the plan and the record's
// position in recs. Those parts are not sent there again. An ordered target also
// gets everything behind a record of the same key that is sent, so that no older
// value stays. A nil held means that the targets have nothing.
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
		report.Idle = crash == nil
		if crash != nil {
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
// the margin, or half of the time left until the deadline.
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
// below, each branch in its own goroutine. losses come from the depth stages above.
func (r *run) descend(ctx context.Context, n *node, depth int, lanes []lane, losses []*processed) {
	for _, t := range n.targets {
		if d := r.deliveries[t.index]; !r.resumed[t.index] {
			r.wg.Go(func() { d.take(ctx, lanes, losses, nil) })
		}
	}
	for _, k := range n.children {
		r.wg.Go(func() {
			emitted, losses := runStage(ctx, k.stage, depth, lanes, losses)
			r.descend(ctx, k, depth+1, emitted, losses)
		})
	}
}

// lane holds records of one lane and the places where requests must begin.
type lane struct {
	recs []Record
	cuts []int // ascending, in (0, len(recs)]; the last may stand at the end
}

// cut makes the next record begin a new request.
func (l *lane) cut() {
	n := len(l.recs)
	if n > 0 && (len(l.cuts) == 0 || l.cuts[len(l.cuts)-1] < n) {
		l.cuts = append(l.cuts, n)
	}
}

// splitLanes stamps recs with their origin and groups them by lane. Unreadable
// records go no further.
func splitLanes(recs []Record) ([]lane, []*processed) {
	unreadable := new(processed)
	index := make(map[string]int)
	var lanes []lane
	whole := true // recs are one lane, all readable
	for i := range recs {
		if recs[i].Lane != recs[0].Lane || recs[i].Data.Err() != nil {
			whole = false
			break
		}
	}
	stamp(recs)
	if whole {
		return []lane{{recs: recs}}, nil
	}
	for _, r := range recs {
		k, ok := index[r.Lane]
		if !ok {
			k = len(lanes)
			index[r.Lane] = k
			lanes = append(lanes, lane{})
		}
		if err := r.Data.Err(); err != nil {
			unreadable.fail([]Record{r}, err)
			lanes[k].cut() // see Out.fail
			continue
		}
		r.at = int32(len(lanes[k].recs) + 1) //nolint:gosec // a batch has far fewer than 2³¹ records
		lanes[k].recs = append(lanes[k].recs, r)
	}
	return lanes, []*processed{unreadable}
}

// stamp gives source records their origin.
func stamp(recs []Record) []Record {
	for i := range recs {
		recs[i].src = int32(i + 1)
		recs[i].at = recs[i].src
	}
	return recs
}
