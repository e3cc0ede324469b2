package engine

import (
	"context"
	"errors"
	"slices"
	"sort"
	"time"
)

// queue decides which records of a lane the next request holds, and keeps each record
// until its fate is known. It has one request in flight. For an ordered target a queue
// holds a whole lane; otherwise a single request, which may have to be sent in parts.
type queue struct {
	d     *delivery
	lane  lane
	order order

	head  int       // records from here on were never taken
	again []retry   // to be sent next, or when due; ascending
	pause time.Time // nothing is sent before then
	max   int       // bound on records of a request, after a request was too large; 0: none

	request request  // in flight, if it has records
	rejects []reject // to be split, dropped or offered to another target before anything else
	failed  bool     // at least one record failed
}

// request holds the records of a request.
type request struct {
	recs    []Record
	packing Packing // of recs; nil: the sink takes them as they are
	bytes   int     // as Limits counts them
	first   int     // index in the lane of the first record, if taken is empty
	taken   []retry // otherwise: the index and history of each record
	copied  []Record
	attempt attempt // at its slot
}

// retry is a record of a queue and its history.
type retry struct {
	i     int       // index in the lane
	sent  bool      // it was sent before
	tries int       // failed attempts
	due   time.Time // not sent before then
	err   error     // of the last attempt
}

// index returns the index in the lane of record k of the request.
func (r *request) index(k int) int {
	if len(r.taken) > 0 {
		return r.taken[k].i
	}
	return r.first + k
}

// history returns the history of record k of the request.
func (r *request) history(k int) retry {
	if len(r.taken) > 0 {
		return r.taken[k]
	}
	return retry{i: r.first + k}
}

// resends reports whether the request holds records sent before.
func (r *request) resends() bool {
	return slices.ContainsFunc(r.taken, func(a retry) bool { return a.sent })
}

// collect gathers the taken records. It does not copy consecutive ones: hundreds of
// failed requests may wait at once.
func (r *request) collect(l *lane) {
	first, n := r.taken[0].i, len(r.taken)
	if r.taken[n-1].i == first+n-1 {
		r.recs = l.recs[first : first+n : first+n]
		return
	}
	for _, a := range r.taken {
		r.copied = append(r.copied, l.recs[a.i])
	}
	r.recs = r.copied
}

// newQueue returns the queue of a lane.
func (d *delivery) newQueue(l lane) *queue {
	return &queue{d: d, lane: l, order: d.newOrder(l)}
}

// errOvertake fails a record if its delivery would break the order of its key.
var errOvertake = errors.New("an earlier record of its key failed, and the target keeps order")

// next makes the next request. If nothing can be sent yet, it returns how long to wait.
// If nothing is left, the request is empty and the wait is zero. next may leave rejects,
// and the caller must settle them first.
func (q *queue) next(ctx context.Context, now time.Time) (wait time.Duration) {
	r := &q.request
	r.recs, r.packing = nil, nil
	if q.pause.After(now) {
		return q.pause.Sub(now)
	}
	if q.head == len(q.lane.recs) && len(q.again) == 0 {
		return 0
	}
	r.taken, r.copied = r.taken[:0], r.copied[:0]
	p := q.d.newPacker()
	p.records, p.packing = lower(p.records, q.max), q.d.pack(ctx)
	open, wait := q.takeAgain(&p, now)
	switch {
	case !open:
	case len(r.taken) == 0 && q.order.free():
		q.takeRange(&p)
	default:
		q.takeNew(&p)
	}
	if len(r.taken) > 0 {
		r.collect(&q.lane)
	}
	r.bytes, r.packing = p.bytes, p.packing
	if len(r.recs) > 0 {
		return 0
	}
	return wait
}

// takeAgain takes the retries that are due. It returns whether new records may
// follow, and the time until the next retry.
func (q *queue) takeAgain(p *packer, now time.Time) (open bool, wait time.Duration) {
	open = true
	kept := q.again[:0] // in place: a retry is read before another is written over it
	for k, a := range q.again {
		r := &q.lane.recs[a.i]
		if q.order.breaks(a.i, r) {
			q.failAndBlock(a.i, errOvertake)
			continue
		}
		if early := a.due.Sub(now); early > 0 {
			kept = append(kept, a)
			if wait == 0 || early < wait {
				wait = early
			}
			if !q.order.strict() {
				continue
			}
			kept, open = append(kept, q.again[k+1:]...), false
			break
		}
		size := q.d.size(r)
		if q.oversize(p, a.i, size) {
			if !q.mustSettle() {
				continue
			}
			kept, open = append(kept, q.again[k+1:]...), false
			break
		}
		if !q.together(a.i) || !p.add(r, size) {
			kept, open = append(kept, q.again[k:]...), false
			break
		}
		q.request.taken = append(q.request.taken, a)
	}
	q.again = kept
	if len(kept) == 0 && q.request.resends() {
		q.again = nil // frees the memory: the request has the histories
	}
	return open, wait
}

// takeNew takes records that were never taken.
func (q *queue) takeNew(p *packer) {
	for ; q.head < len(q.lane.recs) && !q.mustSettle(); q.head++ {
		r := &q.lane.recs[q.head]
		if q.order.breaks(q.head, r) {
			q.fail(q.head, errOvertake)
			continue
		}
		size := q.d.size(r)
		if q.order.waits(q.head, r) || q.oversize(p, q.head, size) {
			continue
		}
		if !q.together(q.head) || !p.add(r, size) {
			return
		}
		q.order.take(q.head, r)
		q.request.taken = append(q.request.taken, retry{i: q.head})
	}
}

// takeRange takes records that were never taken, without copying them.
func (q *queue) takeRange(p *packer) {
	first := q.head
	end := q.pieceEnd(q.head)
	for q.head < end {
		r := &q.lane.recs[q.head]
		size := q.d.size(r)
		if p.n == 0 && q.oversize(p, q.head, size) {
			q.head++
			first = q.head
			if q.head == end {
				end = q.pieceEnd(q.head)
			}
			if q.d.target.Ordered {
				q.takeNew(p) // the oversize record may block its key
				return
			}
			continue
		}
		if p.tooLarge(size) != nil || !p.add(r, size) {
			break
		}
		q.head++
	}
	q.request.first, q.request.recs = first, q.lane.recs[first:q.head]
}

// pieceEnd returns where the piece that holds record i ends.
func (q *queue) pieceEnd(i int) int {
	if k := sort.SearchInts(q.lane.cuts, i+1); k < len(q.lane.cuts) {
		return q.lane.cuts[k]
	}
	return len(q.lane.recs)
}

// together reports whether record i may share the request with the records taken:
// no cut lies between them.
func (q *queue) together(i int) bool {
	taken := q.request.taken
	return len(taken) == 0 || i < q.pieceEnd(taken[0].i)
}

// oversize rejects record i if it can never be sent.
func (q *queue) oversize(p *packer, i, size int) bool {
	err := p.tooLarge(size)
	if err != nil {
		q.reject(i, err, 0)
	}
	return err != nil
}

// mustSettle reports whether rejects must be settled before more records are taken.
func (q *queue) mustSettle() bool { return q.d.target.Ordered && len(q.rejects) > 0 }

// release ends the wait for record i, which was delivered or went elsewhere.
func (q *queue) release(i int) {
	if next := q.order.release(i, &q.lane.recs[i]); next > 0 {
		q.again = append(q.again, retry{i: next})
	}
}
