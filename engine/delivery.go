package engine

import (
	"context"
	"errors"
	"time"

	"github.com/sourcegraph/conc"
	"github.com/sourcegraph/conc/panics"
	"github.com/sourcegraph/conc/pool"
)

// delivery sends the records of one run to one target.
type delivery struct {
	ledger
	t      *target
	limits Limits
	slots  *Slots
	*circuit
	backup  *circuit                      // of OnFailure
	letters *letters                      // of the fallback of another target; nil: it has records of its own
	lost    map[string]map[string]*Record // by lane and key: the first record that a stage failed
}

func newDelivery(t *target, slots *Slots, records int) *delivery {
	d := &delivery{ledger: newLedger(t.ID, records), t: t, slots: slots, circuit: new(circuit), backup: new(circuit)}
	if t.Fault == nil {
		d.limits = t.Sink.Limits()
	}
	return d
}

// take delivers what the stages made of the records, and books what they did not
// let through. had is what the target has from an earlier run.
func (d *delivery) take(ctx context.Context, lots []lot, losses []*Out, had []Record) {
	if len(d.t.Stages) > 0 {
		d.expect(lots, losses, had)
	}
	d.skip(had)
	if len(d.t.Stages) > 0 {
		lots = d.fitted(ctx, lots)
	}
	if d.t.Ordered {
		d.lose(ctx, losses) // it says what may not be overtaken
		d.run(ctx, lots)
		return
	}
	var wg conc.WaitGroup
	wg.Go(func() { d.lose(ctx, losses) })
	d.run(ctx, lots)
	wg.Wait()
}

// run delivers what the stages made of the records, a lot for each lane.
func (d *delivery) run(ctx context.Context, lots []lot) {
	workers := pool.New().WithMaxGoroutines(d.t.InFlight)
	if d.t.Ordered {
		order := laneOrder
		if d.limits.OnePerKey {
			order = keyOrder
		}
		for _, l := range lots {
			if len(l.recs) == 0 {
				continue
			}
			q := &queue{d: d, recs: l.recs, cuts: l.cuts, order: order, lost: d.lost[l.recs[0].Lane]}
			workers.Go(func() { d.drive(ctx, q) })
		}
	} else {
		all := join(lots)
		whole := queue{d: d, recs: all.recs, cuts: all.cuts}
		for batch, _ := whole.next(d.start); len(batch) > 0; batch, _ = whole.next(d.start) {
			q := &queue{d: d, recs: batch, batch: batch, bytes: whole.bytes, head: len(batch)}
			workers.Go(func() { d.drive(ctx, q) })
		}
		whole.settleRejects(ctx)
	}
	workers.Wait()
}

// drive sends the records of q, one request at a time, beginning with the one
// that q was made with, if any.
func (d *delivery) drive(ctx context.Context, q *queue) {
	stop, _ := ctx.Deadline()
	batch, wait := q.batch, time.Duration(0)
	if batch == nil {
		batch, wait = q.next(time.Now())
	}
	defer d.leave(q)
	for len(batch) > 0 || wait > 0 || len(q.rejects) > 0 {
		if len(batch) == 0 { // parts of a reject must not overtake the request
			q.settleRejects(ctx)
		}
		if len(batch) > 0 {
			if err := d.admit(ctx, q); err != nil {
				q.abandon(ctx, err)
				return
			}
			if o, ok := d.send(ctx, q); ok {
				q.settle(&o, time.Now(), stop)
				q.settleRejects(ctx)
			}
		} else if wait > 0 {
			sleep(ctx, wait)
		}
		if ctx.Err() != nil {
			q.abandon(ctx, unsent(ctx))
			return
		}
		batch, wait = q.next(time.Now())
	}
}

// send makes one attempt with the request of q, within the bounds on requests in
// flight. It reports false if ctx ended before there was room for it.
func (d *delivery) send(ctx context.Context, q *queue) (o Outcome, ok bool) {
	if d.t.slots.Acquire(ctx, 1) != nil {
		return o, false
	}
	defer d.t.slots.Release(1)
	a := &q.attempt
	a.target, a.bytes = d.circuit, requestBytes
	if d.limits.Copies {
		a.bytes += q.bytes
	}
	if !d.slots.acquire(ctx, a) {
		return o, false
	}
	defer func() { d.slots.release(a, o.all == nil) }()
	if p := panics.Try(func() { o = d.t.Sink.Send(ctx, q.batch) }); p != nil {
		o = Failed(Errorf(Refused, "the sink panicked%s", describe(p)))
		d.left()
	}
	if ctx.Err() != nil {
		d.left()
	}
	d.request(&o, q.resends())
	return o, true
}

// unsent is the error of records that were not sent when ctx ended.
func unsent(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return Errorf(Retryable, "the deadline came before it was sent")
	}
	return Errorf(Retryable, "the run was stopped before it was sent")
}

// sleep waits, or until ctx ends.
func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// join puts lots behind one another.
func join(lots []lot) lot {
	if len(lots) == 1 {
		return lots[0]
	}
	var all lot
	for _, l := range lots {
		for _, c := range l.cuts {
			all.cuts = append(all.cuts, c+len(all.recs))
		}
		all.recs = append(all.recs, l.recs...)
	}
	return all
}

// lose books what the stages on the way to the target did not let through.
func (d *delivery) lose(ctx context.Context, losses []*Out) {
	var rejected []Rejected
	for _, out := range losses {
		for i := range out.dropped {
			d.drop(&out.dropped[i].Record)
		}
		for i := range out.failed {
			l := &out.failed[i]
			if d.t.diverts(&l.Record, l.Err) {
				rejected = append(rejected, Rejected{Record: l.Record, Err: l.Err, Unstaged: true, Passed: out.passed})
			} else {
				d.loseOne(&l.Record, l.Err)
			}
		}
	}
	for i, left := range d.divert(ctx, rejected) {
		for k := range left {
			d.loseOne(&left[k], rejected[i].Err)
		}
	}
}

// deliver books records that were acknowledged.
func (d *delivery) deliver(recs []Record) {
	d.ledger.deliver(recs)
	if d.letters != nil {
		d.letters.took(recs)
	}
}

func (d *delivery) loseOne(r *Record, err error) {
	d.fail(r, err)
	if d.t.Ordered {
		r.leaves(d.bar)
	}
}

// bar remembers a record that a stage failed, so that none of its key overtakes it.
func (d *delivery) bar(r *Record) {
	lane := d.lost[r.Lane]
	if lane == nil {
		if d.lost == nil {
			d.lost = make(map[string]map[string]*Record)
		}
		lane = make(map[string]*Record)
		d.lost[r.Lane] = lane
	}
	if first := lane[r.Key]; first == nil || first.follows(r) {
		lane[r.Key] = r
	}
}
