package engine

import (
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
		q.d.succeeded()
		q.grow()
		return
	}
	if c := ClassOf(o.all); o.all != nil && (c == TooLarge || c == Refused) && len(q.batch) > 1 {
		q.halve()
		return
	}
	errs := o.errors(len(q.batch))
	tries, delivered, progress := 0, 0, false
	for k := range q.batch {
		a := q.sent(k)
		if errs[k] != nil {
			tries = max(tries, a.tries)
			continue
		}
		q.d.deliver(q.batch[k : k+1])
		q.pass(a.i)
		delivered++
		progress = progress || a.tries > 0
	}
	if !progress {
		tries++
	}
	due := now.Add(q.d.t.Retry.wait(tries, errs))
	back, last := 0, error(nil)
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
		if final := q.d.t.final(&q.recs[a.i], a.tries, due, stop, err); final != nil {
			q.reject(a.i, final, a.tries)
			continue
		}
		a.due, a.err, a.sent = due, err, true
		q.again = append(q.again, a)
		back++
	}
	q.sortAgain()
	switch {
	case delivered > 0:
		q.d.succeeded()
		q.grow()
	case last != nil:
		q.d.failed(q, last, back == 0)
		if back > 0 {
			q.pause = due
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

// reject gives record i up. It fails, unless it is to be dropped, or another target
// may take it.
func (q *queue) reject(i int, err error, tries int) {
	if q.d.t.drops(err) || q.d.t.diverts(&q.recs[i], err) {
		q.rejects = append(q.rejects, reject{i, err, tries})
		return
	}
	q.bury(i, err)
}

// settleRejects drops the rejects that are to be dropped, and offers the others to
// the other target. What waited for those dropped or taken goes on; the rest fails.
func (q *queue) settleRejects(ctx context.Context) {
	if len(q.rejects) == 0 {
		return
	}
	var offered []reject
	var rejected []Rejected
	for _, r := range q.rejects {
		if q.d.t.drops(r.err) {
			q.d.drop(&q.recs[r.i])
			q.pass(r.i)
			continue
		}
		offered = append(offered, r)
		rejected = append(rejected, Rejected{Record: q.recs[r.i], Err: r.err, Attempts: r.tries})
	}
	taken := q.d.divert(ctx, rejected)
	for k, r := range offered {
		if taken[k] {
			q.pass(r.i)
		} else {
			q.bury(r.i, r.err)
		}
	}
	q.rejects = q.rejects[:0]
	q.sortAgain()
}

// abandon gives up all that is left, with err if it was never sent.
func (q *queue) abandon(ctx context.Context, err error) {
	left := q.again
	for k := range q.batch {
		left = append(left, q.sent(k))
	}
	q.batch, q.again = nil, nil
	for k := 0; k < len(left); k++ {
		if w := q.behind(left[k].i); w > 0 {
			left = append(left, retry{i: w})
		}
	}
	for ; q.head < len(q.recs); q.head++ {
		left = append(left, retry{i: q.head})
	}
	slices.SortFunc(left, byIndex)
	// Each is given up by itself: nothing waits any more.
	q.link, q.tail = nil, nil
	for _, a := range left {
		q.reject(a.i, orElse(a.err, err), a.tries)
	}
	q.settleRejects(ctx)
}

// bury fails record i for good, and those that wait for it.
func (q *queue) bury(i int, err error) {
	r := &q.recs[i]
	q.d.fail(r, err)
	if q.order == anyOrder {
		return
	}
	q.kill(r.Key, i)
	for w := q.behind(i); w > 0; w = q.link[w] {
		q.d.fail(&q.recs[w], errOvertake)
	}
	delete(q.tail, r.Key)
}
