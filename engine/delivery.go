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
	tally           tally
	target          *target
	limits          Limits
	size            func(r *Record) int // bytes, as the sink counts them
	slots           *Slots
	breaker         *breaker
	fallbackBreaker *breaker                      // of OnFailure
	storeBreaker    *breaker                      // of Oversize; nil: there is none
	offers          *offers                       // set if this is the fallback of another target; nil: it has records of its own
	stageFailed     map[string]map[string]*Record // by lane and key: the first record that a stage failed
	keyless         map[string]*Record            // by lane: the first record that failed before it got its key
}

func newDelivery(t *target, slots *Slots, records int) *delivery {
	d := &delivery{tally: newTally(t.ID, records, t.Ordered), target: t, slots: slots, breaker: new(breaker), fallbackBreaker: new(breaker)}
	if t.Fault == nil {
		d.limits, d.size = t.Sink.Limits(), SizerOf(t.Sink)
	}
	if t.Oversize != nil {
		d.storeBreaker = new(breaker)
	}
	return d
}

// take delivers the records that the stages emitted, and books the ones that they
// dropped or failed. had holds the records that the target has from an earlier run.
func (d *delivery) take(ctx context.Context, lanes []lane, losses []*processed, had []Record) {
	if len(d.target.Stages) > 0 {
		d.tally.expect(lanes, losses, had)
	}
	d.tally.skip(had)
	if len(d.target.Stages) > 0 {
		lanes = d.fitted(ctx, lanes)
	}
	if d.target.Ordered {
		d.settleLosses(ctx, losses) // it finds the keys that are blocked
		d.run(ctx, lanes)
		return
	}
	var wg conc.WaitGroup
	wg.Go(func() { d.settleLosses(ctx, losses) })
	d.run(ctx, lanes)
	wg.Wait()
}

// run delivers the records that the stages emitted: an ordered target a lane at a time,
// any other a request at a time.
func (d *delivery) run(ctx context.Context, lanes []lane) {
	workers := pool.New().WithMaxGoroutines(d.target.InFlight)
	if d.target.Ordered {
		for _, l := range d.divide(lanes) {
			if len(l.recs) > 0 {
				workers.Go(func() { d.drive(ctx, d.newQueue(l)) })
			}
		}
		workers.Wait()
		return
	}
	all := queue{d: d, lane: join(lanes), order: anyOrder{}}
	for all.next(ctx, d.tally.start); len(all.request.recs) > 0; all.next(ctx, d.tally.start) {
		recs := all.request.recs
		q := &queue{d: d, lane: lane{recs: recs}, order: anyOrder{}, head: len(recs)}
		q.request.recs, q.request.bytes, q.request.packing = recs, all.request.bytes, all.request.packing
		workers.Go(func() { d.drive(ctx, q) })
	}
	if len(all.rejects) > 0 {
		all.settleRejects(ctx)
	}
	workers.Wait()
}

// drive sends the records of q, one request at a time. If q has a request already, that
// goes first.
func (d *delivery) drive(ctx context.Context, q *queue) {
	stop, _ := ctx.Deadline()
	wait := time.Duration(0)
	if len(q.request.recs) == 0 {
		wait = q.next(ctx, time.Now())
	}
	defer d.breaker.stopProbing(q)
	for len(q.request.recs) > 0 || wait > 0 || len(q.rejects) > 0 {
		if len(q.request.recs) > 0 {
			if err := d.breaker.wait(ctx, q); err != nil {
				q.abandon(ctx, err)
				return
			}
			if err := d.pace(ctx); err != nil {
				q.abandon(ctx, err)
				return
			}
			if o, ok := d.send(ctx, q); ok {
				q.settle(&o, time.Now(), stop)
			}
		} else if len(q.rejects) == 0 {
			sleep(ctx, wait)
		}
		if ctx.Err() != nil {
			q.abandon(ctx, unsent(ctx))
			return
		}
		if len(q.rejects) > 0 { // after the request, which the parts of a reject must not overtake
			q.settleRejects(ctx)
		}
		wait = q.next(ctx, time.Now())
	}
}

// pace waits until the target's rate allows a request. It returns an error if ctx ends
// first.
func (d *delivery) pace(ctx context.Context) error {
	if d.limits.Pace == nil || d.limits.Pace(ctx) == nil {
		return nil
	}
	if ctx.Err() != nil {
		return unsent(ctx)
	}
	return Errorf(Retryable, "the target's rate of requests left no time to send it before the deadline")
}

// send makes one attempt with the request of q, within the bounds on requests in
// flight. It reports false if ctx ended before there was room for it.
func (d *delivery) send(ctx context.Context, q *queue) (o Outcome, ok bool) {
	if d.target.slots.Acquire(ctx, 1) != nil {
		return o, false
	}
	defer d.target.slots.Release(1)
	a := &q.request.attempt
	a.target, a.bytes = d.breaker, requestBytes
	if d.limits.Copies {
		a.bytes += q.request.bytes
	}
	ctx, ok = d.slots.acquire(ctx, a)
	if !ok {
		return o, false
	}
	defer func() { d.slots.release(a, o.all == nil) }()
	attempt := func() { o = d.target.Sink.Send(ctx, q.request.recs) }
	if packing := q.request.packing; packing != nil {
		attempt = func() { o = packing.Send(ctx) }
	}
	if p := panics.Try(attempt); p != nil {
		o = Failed(Errorf(Refused, "the sink panicked%s", describe(p)))
		d.tally.interrupted()
	}
	if ctx.Err() != nil {
		d.tally.interrupted()
	}
	d.tally.request(&o, q.request.resends())
	return o, true
}

// pack returns an empty request of a sink that packs requests itself, or nil.
func (d *delivery) pack(ctx context.Context) Packing {
	if sink, ok := d.target.Sink.(Packer); ok {
		return sink.Pack(ctx)
	}
	return nil
}

// unsent is the error of records that were not sent when ctx ended.
func unsent(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return Errorf(Retryable, "the deadline passed before it was sent")
	}
	return Errorf(Retryable, "the run was stopped before it was sent")
}

// sleep waits for d, or until ctx ends.
func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// join concatenates lanes.
func join(lanes []lane) lane {
	if len(lanes) == 1 {
		return lanes[0]
	}
	var all lane
	for _, l := range lanes {
		for _, c := range l.cuts {
			all.cuts = append(all.cuts, c+len(all.recs))
		}
		all.recs = append(all.recs, l.recs...)
	}
	return all
}

// settleLosses books the records that the stages on the way to the target
// filtered, dropped or failed.
func (d *delivery) settleLosses(ctx context.Context, losses []*processed) {
	var rejected []Rejected
	for _, out := range losses {
		for i := range out.dropped {
			d.tally.drop(&out.dropped[i].Record, out.dropped[i].fate())
		}
		for i := range out.failed {
			l := &out.failed[i]
			if d.target.diverts(&l.Record, l.Err) {
				rejected = append(rejected, Rejected{Record: l.Record, Err: l.Err, Unstaged: true, Passed: out.passed})
			} else {
				d.failLoss(&l.Record, l.Err, out.passed)
			}
		}
	}
	if len(rejected) == 0 {
		return
	}
	for i, left := range d.divert(ctx, rejected) {
		for k := range left {
			d.failLoss(&left[k], rejected[i].Err, rejected[i].Passed)
		}
	}
}

// deliver books acknowledged records.
func (d *delivery) deliver(recs []Record) {
	d.tally.deliver(recs)
	if d.offers != nil {
		d.offers.took(recs)
	}
}

// failLoss books a record that failed after it had passed some stages.
func (d *delivery) failLoss(r *Record, err error, passed int) {
	d.tally.fail(r, err)
	switch {
	case !d.target.Ordered:
	case passed < d.target.keyed:
		r.leaves(d.blockBehindKeyless)
	default:
		r.leaves(d.blockBehindLoss)
	}
}

// blockBehindKeyless remembers a record whose key is not known, because it failed before
// the stage that gives it one. Any later record of the lane may have the same key.
func (d *delivery) blockBehindKeyless(r *Record) {
	if d.keyless == nil {
		d.keyless = make(map[string]*Record)
	}
	if first := d.keyless[r.Lane]; first == nil || first.follows(r) {
		d.keyless[r.Lane] = r
	}
}

// blockBehindLoss remembers a record that a stage failed, so that no later record
// of its key overtakes it.
func (d *delivery) blockBehindLoss(r *Record) {
	lane := d.stageFailed[r.Lane]
	if lane == nil {
		if d.stageFailed == nil {
			d.stageFailed = make(map[string]map[string]*Record)
		}
		lane = make(map[string]*Record)
		d.stageFailed[r.Lane] = lane
	}
	if first := lane[r.Key]; first == nil || first.follows(r) {
		lane[r.Key] = r
	}
}
