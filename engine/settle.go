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

// settle books the outcome of the request in flight. Failed records are queued
// again until stop, or fail permanently.
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
	if back > 0 {
		q.index = nil // the histories are in again
	}
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

// settleDelivered books the records of the request without an error. It returns
// their number, the most attempts made with any of the others, and whether a record
// that had failed before was delivered.
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

// settleFailed rejects the failed records that are not to be sent again, and
// requeues the others until due. It returns the number requeued, and the last error
// that may pass.
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

// learn updates the message size that the target accepts.
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

// halve sends the records of the request again in two requests.
func (q *queue) halve() {
	q.max = len(q.batch) / 2
	for k := range q.batch {
		a := q.sent(k)
		a.sent = true
		q.again = append(q.again, a)
	}
	q.sortAgain()
}

// grow doubles the size of halved requests, since the record at fault may be gone.
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

// reject is a record that this target does not accept.
type reject struct {
	i     int // in recs
	err   error
	tries int
}

// reject gives up record i. The record fails, unless it can be split, dropped or
// offered to another target.
func (q *queue) reject(i int, err error, tries int) {
	r := &q.recs[i]
	if q.tooLarge(r, err) || q.d.target.drops(err) || q.d.target.diverts(r, err) {
		q.rejects = append(q.rejects, reject{i, err, tries})
		return
	}
	q.failAndBlock(i, err)
}

// tooLarge reports whether r is too large and carries several records.
func (q *queue) tooLarge(r *Record, err error) bool {
	return ClassOf(err) == TooLarge && q.d.divisible(r)
}

// settleRejects splits or drops rejects where possible, and offers the others to
// the other target. Waiting records go on behind a reject that was delivered in
// parts, dropped or taken. All other rejects fail.
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
			q.offer(ctx, offered) // they come before the parts
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

// sendParts splits a reject and delivers the parts in a queue of their own. It
// reports false if the reject cannot be split.
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
	q.d.breaker.stopProbing(q) // the parts may probe a target that is down
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

// abandon gives up all remaining records. Records never sent fail with err.
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
	// Each record is given up separately, so none waits any more.
	q.waiters = waiters{}
	for _, a := range left {
		q.reject(a.i, cmp.Or(a.err, err), a.tries)
	}
	q.settleRejects(ctx)
}

// failAndBlock fails record i permanently, with the records that wait for it.
func (q *queue) failAndBlock(i int, err error) {
	q.fail(i, err)
	q.blockBehind(i)
}

// blockBehind fails the records that wait for record i, and blocks later ones of
// its key. Record i has failed, at least in part.
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
