package engine

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"
)

// settle books the outcome of the request in flight. Failed records are queued
// again until stop, or fail permanently.
func (q *queue) settle(o *Outcome, now, stop time.Time) {
	defer func() { q.request.recs = nil }()
	if o.OK() {
		q.settleAll()
		return
	}
	if c := ClassOf(o.all); o.all != nil && (c == TooLarge || c == Refused) && len(q.request.recs) > 1 {
		q.halve()
		return
	}
	errs := o.errors(len(q.request.recs))
	q.learn(errs)
	delivered, tries, progress := q.settleDelivered(errs)
	if !progress {
		tries++
	}
	due := now.Add(q.d.target.Retry.wait(tries, errs))
	back, last := q.settleFailed(errs, progress, due, stop)
	if back > 0 {
		q.request.taken = nil // frees the memory: the histories are in again
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

// settleAll books a request that was delivered in full.
func (q *queue) settleAll() {
	q.d.deliver(q.request.recs)
	for k := range q.request.recs {
		q.release(q.request.index(k))
	}
	q.sortAgain()
	q.d.breaker.succeeded()
	q.grow()
	q.learn(nil)
}

// settleDelivered books the records of the request without an error. It returns
// their number, the most attempts made with any of the others, and whether a record
// that had failed before was delivered.
func (q *queue) settleDelivered(errs []error) (delivered, tries int, progress bool) {
	for k := range q.request.recs {
		a := q.request.history(k)
		if errs[k] != nil {
			tries = max(tries, a.tries)
			continue
		}
		q.d.deliver(q.request.recs[k : k+1])
		q.release(a.i)
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
		a := q.request.history(k)
		if !progress {
			a.tries++
		}
		if transient(err) {
			last = err
		}
		if final := q.d.target.final(&q.lane.recs[a.i], a.tries, due, stop, err); final != nil {
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
	size := &q.d.target.learned
	for k := range q.request.recs {
		r := &q.request.recs[k]
		switch {
		case errs != nil && errs[k] != nil:
			if q.tooLarge(r, errs[k]) {
				size.refused(q.d.size(r))
			}
		case size.bound() > 0:
			size.took(q.d.size(r))
		case errs == nil:
			return
		}
	}
}

// halve sends the records of the request again in two requests.
func (q *queue) halve() {
	q.max = len(q.request.recs) / 2
	for k := range q.request.recs {
		a := q.request.history(k)
		a.sent = true
		q.again = append(q.again, a)
	}
	q.sortAgain()
}

// grow doubles the size of halved requests, since the record at fault may be gone.
func (q *queue) grow() {
	q.max *= 2
	if q.max >= len(q.lane.recs) {
		q.max = 0
	}
}

func (q *queue) sortAgain() { slices.SortFunc(q.again, byIndex) }

func byIndex(a, b retry) int { return a.i - b.i }

// abandon gives up all remaining records. Records never sent fail with err.
func (q *queue) abandon(ctx context.Context, err error) {
	left := q.again
	for k := range q.request.recs {
		left = append(left, q.request.history(k))
	}
	q.request.recs, q.again = nil, nil
	for _, i := range q.order.waiting() {
		left = append(left, retry{i: i})
	}
	for ; q.head < len(q.lane.recs); q.head++ {
		left = append(left, retry{i: q.head})
	}
	slices.SortFunc(left, byIndex)
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
	r := &q.lane.recs[i]
	q.order.block(i, r)
	for next := q.order.release(i, r); next > 0; next = q.order.release(next, r) {
		q.fail(next, errOvertake)
	}
}

func (q *queue) fail(i int, err error) {
	q.failed = true
	q.d.tally.fail(&q.lane.recs[i], err)
}

// learnedLasts is how long a target keeps a learned size. After that its owner may have
// raised the limit.
const learnedLasts = 10 * time.Minute

// learnedSize is the message size that a target accepts, learned from its refusals.
type learnedSize struct {
	mu    sync.Mutex
	most  int // bytes; 0: none is known
	until time.Time
}

// bound returns the most bytes of a message; 0: unknown.
func (l *learnedSize) bound() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.most > 0 && time.Now().After(l.until) {
		l.most = 0
	}
	return l.most
}

// refused records that a message of this size was too large. The new bound is half
// of it.
func (l *learnedSize) refused(size int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if half := max(size/2, 1); l.most == 0 || half < l.most {
		l.most, l.until = half, time.Now().Add(learnedLasts)
	}
}

// took records that the target acknowledged a message of this size.
func (l *learnedSize) took(size int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.most > 0 {
		l.most = max(l.most, size)
	}
}
