package engine

import (
	"cmp"
	"context"
	"slices"
	"time"
)

// sent returns the history of record k of the request in flight.
func (q *queue) sent(k int) retry {
	if len(q.index) > 0 {
		return q.index[k]
	}
	return retry{i: q.lo + k}
}

// settle takes the outcome of the request in flight. Records that it failed go
// back to be sent again until stop, or fail for good.
func (q *queue) settle(o *Outcome, now, stop time.Time) {
	defer func() { q.batch = nil }()
	if o.OK() && q.order != keyOrder {
		q.d.deliver(q.batch)
		q.d.breaker.succeeded()
		q.grow()
		q.learn(nil)
		return
	}
	if c := ClassOf(o.all); o.all != nil && (c == TooLarge || c == Refused) && len(q.batch) > 1 {
		q.halve()
		return
	}
	errs := o.errors(len(q.batch))
	q.learn(errs)
	delivered, tries, progress := q.settleDelivered(errs)
	if !progress {
		tries++
	}
	due := now.Add(q.d.target.Retry.wait(tries, errs))
	back, last := q.settleFailed(errs, progress, due, stop)
	q.sortAgain()
	switch {
	case delivered > 0:
		q.d.breaker.succeeded()
		q.grow()
	case last != nil:
		q.d.breaker.failed(q, last, back == 0)
		if back > 0 {
			q.pause = due
		}
	}
}

// settleDelivered books the records of the request that have no error, and returns how
// many these are, how often those that failed were tried before, and whether a record was
// delivered that had failed before.
func (q *queue) settleDelivered(errs []error) (delivered, tries int, progress bool) {
	for k := range q.batch {
		a := q.sent(k)
		if errs[k] != nil {
			tries = max(tries, a.tries)
			continue
		}
		q.d.deliver(q.batch[k : k+1])
		q.unblock(a.i)
		delivered++
		progress = progress || a.tries > 0
	}
	return delivered, tries, progress
}

// settleFailed rejects the records of the request that are not to be sent again, and puts
// the others back until due. It returns how many these are, and the last error that may
// pass.
func (q *queue) settleFailed(errs []error, progress bool, due, stop time.Time) (back int, last error) {
	for k, err := range errs {
		if err == nil {
			continue
		}
		a := q.sent(k)
		if !progress {
			a.tries++
		}
		if mayPass(err) {
			last = err
		}
		if final := q.d.target.final(&q.recs[a.i], a.tries, due, stop, err); final != nil {
			q.reject(a.i, final, a.tries)
			continue
		}
		a.due, a.err, a.sent = due, err, true
		q.again = append(q.again, a)
		back++
	}
	return back, last
}

// learn keeps which sizes of messages the target took and refused.
func (q *queue) learn(errs []error) {
	fit := &q.d.target.fit
	for k := range q.batch {
		r := &q.batch[k]
		switch {
		case errs != nil && errs[k] != nil:
			if q.tooLarge(r, errs[k]) {
				fit.refused(q.d.size(r))
			}
		case fit.bound() > 0:
			fit.took(q.d.size(r))
		case errs == nil:
			return
		}
	}
}

// halve sends the records of the request again in two.
func (q *queue) halve() {
	q.max = len(q.batch) / 2
	for k := range q.batch {
		a := q.sent(k)
		a.sent = true
		q.again = append(q.again, a)
	}
	q.sortAgain()
}

// grow lets requests that were halved become larger again: what was too large
// may be gone.
func (q *queue) grow() {
	if q.max *= 2; q.max >= len(q.recs) {
		q.max = 0
	}
}

func (q *queue) sortAgain() { slices.SortFunc(q.again, byIndex) }

func byIndex(a, b retry) int { return a.i - b.i }

// resends reports whether the request in flight holds records sent before.
func (q *queue) resends() bool {
	return slices.ContainsFunc(q.index, func(a retry) bool { return a.sent })
}

// reject is a record that this target will not take.
type reject struct {
	i     int // in recs
	err   error
	tries int
}

// reject gives record i up. It fails, unless it is to be parted or dropped, or another
// target may take it.
func (q *queue) reject(i int, err error, tries int) {
	r := &q.recs[i]
	if q.tooLarge(r, err) || q.d.target.drops(err) || q.d.target.diverts(r, err) {
		q.rejects = append(q.rejects, reject{i, err, tries})
		return
	}
	q.failAndBlock(i, err)
}

// tooLarge reports whether r carries several records and is too large.
func (q *queue) tooLarge(r *Record, err error) bool {
	return ClassOf(err) == TooLarge && q.d.divisible(r)
}

// settleRejects parts or drops the rejects that are to be, and offers the others to
// the other target. What waited for those delivered in parts, dropped or taken goes on;
// the rest fails.
func (q *queue) settleRejects(ctx context.Context) {
	if len(q.rejects) == 0 {
		return
	}
	rejects := q.rejects
	q.rejects = nil
	var offered []reject
	for _, r := range rejects {
		rec := &q.recs[r.i]
		large := q.tooLarge(rec, r.err)
		if large && q.order != anyOrder {
			q.offer(ctx, offered) // they come first
			offered = nil
		}
		if large && q.sendParts(ctx, r) {
			continue
		}
		switch {
		case !large && q.d.target.drops(r.err):
			q.d.tally.drop(rec)
			q.unblock(r.i)
		case q.d.target.diverts(rec, r.err):
			offered = append(offered, r)
		default:
			q.failAndBlock(r.i, r.err)
		}
	}
	q.offer(ctx, offered)
	q.sortAgain()
}

// offer offers rejects to the other target.
func (q *queue) offer(ctx context.Context, offered []reject) {
	var rejected []Rejected
	for _, r := range offered {
		rejected = append(rejected, Rejected{Record: q.recs[r.i], Err: r.err, Attempts: r.tries})
	}
	for k, left := range q.d.divert(ctx, rejected) {
		r := offered[k]
		if len(left) == 0 {
			q.unblock(r.i)
			continue
		}
		q.failed = true
		for i := range left {
			q.d.tally.fail(&left[i], r.err)
		}
		q.blockBehind(r.i)
	}
}

// sendParts delivers a reject in parts, in a queue of their own. It reports false if it
// cannot be parted.
func (q *queue) sendParts(ctx context.Context, r reject) bool {
	rec := &q.recs[r.i]
	if first, ok := q.blockedKeys[rec.Key]; ok && r.i > first {
		q.failAndBlock(r.i, errOvertake)
		return true
	}
	if q.order == laneOrder && slices.ContainsFunc(q.again, func(a retry) bool { return a.i < r.i }) {
		q.again = append(q.again, retry{i: r.i, sent: r.tries > 0})
		return true
	}
	parts, ok := q.d.part(ctx, rec)
	if !ok {
		return false
	}
	q.d.breaker.stopProbing(q) // the parts may be the next to try a target that is down
	sub := &queue{d: q.d, recs: parts.recs, cuts: parts.cuts, order: q.order, stageFailed: q.stageFailed}
	q.d.drive(ctx, sub)
	if sub.failed {
		q.failed = true
		q.blockBehind(r.i)
	} else {
		q.unblock(r.i)
	}
	return true
}

// abandon gives up all that is left, with err if it was never sent.
func (q *queue) abandon(ctx context.Context, err error) {
	left := q.again
	for k := range q.batch {
		left = append(left, q.sent(k))
	}
	q.batch, q.again = nil, nil
	for k := 0; k < len(left); k++ {
		if w := q.waiters.behind(left[k].i); w > 0 {
			left = append(left, retry{i: w})
		}
	}
	for ; q.head < len(q.recs); q.head++ {
		left = append(left, retry{i: q.head})
	}
	slices.SortFunc(left, byIndex)
	// Each is source up by itself: nothing waits any more.
	q.waiters = waiters{}
	for _, a := range left {
		q.reject(a.i, cmp.Or(a.err, err), a.tries)
	}
	q.settleRejects(ctx)
}

// failAndBlock fails record i for good, and those that wait for it.
func (q *queue) failAndBlock(i int, err error) {
	q.fail(i, err)
	q.blockBehind(i)
}

// blockBehind fails the records that wait for record i, which has failed at least in part, and
// bars those of its key behind it.
func (q *queue) blockBehind(i int) {
	if q.order == anyOrder {
		return
	}
	key := q.recs[i].Key
	q.blockKey(key, i)
	for w := q.waiters.behind(i); w > 0; w = q.waiters.behind(w) {
		q.fail(w, errOvertake)
	}
	q.waiters.leave(key)
}

func (q *queue) fail(i int, err error) {
	q.failed = true
	q.d.tally.fail(&q.recs[i], err)
}
