package engine

import (
	"context"
	"slices"
)

// reject is a record that this target does not accept.
type reject struct {
	i     int // index in the lane
	err   error
	tries int
}

// reject gives up record i. The record fails, unless it can be split, stored, dropped or
// offered to another target.
func (q *queue) reject(i int, err error, tries int) {
	r := &q.lane.recs[i]
	if q.tooLarge(r, err) || q.d.target.stores(r, err) || q.d.target.drops(err) || q.d.target.diverts(r, err) {
		q.rejects = append(q.rejects, reject{i, err, tries})
		return
	}
	q.failAndBlock(i, err)
}

// tooLarge reports whether r is too large and carries several records.
func (q *queue) tooLarge(r *Record, err error) bool {
	return ClassOf(err) == TooLarge && q.d.splittable(r)
}

// settleRejects splits, stores or drops rejects where possible, and offers the others
// to the other target. Waiting records go on behind a reject that was delivered in
// parts or as a reference, dropped or taken. All other rejects fail.
func (q *queue) settleRejects(ctx context.Context) {
	rejects := q.rejects
	q.rejects = nil
	slices.SortFunc(rejects, func(a, b reject) int { return a.i - b.i }) // those of the request come after those that it left out
	var offered []reject
	for _, r := range rejects {
		rec := &q.lane.recs[r.i]
		large := q.tooLarge(rec, r.err)
		if large || q.d.target.stores(rec, r.err) {
			if q.d.target.Ordered {
				q.offer(ctx, offered) // they come before the parts
				offered = nil
			}
			if q.sendInstead(ctx, &r) {
				continue
			}
		}
		switch {
		case !large && q.d.target.drops(r.err):
			q.d.tally.drop(rec, FateDropped)
			q.release(r.i)
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
	if len(offered) == 0 {
		return
	}
	var rejected []Rejected
	for _, r := range offered {
		rejected = append(rejected, Rejected{Record: *q.lane.recs[r.i].original(), Err: r.err, Attempts: r.tries})
	}
	for k, left := range q.d.divert(ctx, rejected) {
		r := offered[k]
		if len(left) == 0 {
			q.release(r.i)
			continue
		}
		q.failed = true
		for i := range left {
			q.d.tally.fail(&left[i], r.err)
		}
		q.blockBehind(r.i)
	}
}

// sendInstead delivers the parts of a reject, or a reference to its data, in a queue of
// their own. It reports false if the reject can be neither split nor stored, and then
// its error says why.
func (q *queue) sendInstead(ctx context.Context, r *reject) bool {
	rec := &q.lane.recs[r.i]
	if q.order.breaks(r.i, rec) {
		q.failAndBlock(r.i, errOvertake)
		return true
	}
	if q.order.strict() && slices.ContainsFunc(q.again, func(a retry) bool { return a.i < r.i }) {
		q.again = append(q.again, retry{i: r.i, sent: r.tries > 0})
		return true
	}
	instead, ok := q.d.split(ctx, rec)
	if !ok && q.d.target.stores(rec, r.err) {
		instead, r.err = q.d.refer(ctx, rec)
		ok = r.err == nil
	}
	if !ok {
		return false
	}
	q.d.breaker.stopProbing(q) // what goes instead may probe a target that is down
	sub := q.d.newQueue(instead)
	q.d.drive(ctx, sub)
	if sub.failed {
		q.failed = true
		q.blockBehind(r.i)
	} else {
		q.release(r.i)
	}
	return true
}
