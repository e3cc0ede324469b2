package engine

import (
	"errors"
	"sort"
	"time"
)

// queue decides which records the next request holds. It has one request in flight.
// For an ordered target a queue holds a whole lane; otherwise a single request,
// which may have to be sent in parts.
type queue struct {
	d     *delivery
	recs  []Record
	cuts  []int // ascending, in (0, len(recs)): where a request must begin
	order order

	head  int       // recs[head:] were never taken
	again []retry   // to be sent next, or when due; ascending
	pause time.Time // nothing is sent before then
	max   int       // bound on records of a request, after a request was too large; 0: none

	rejects []reject // to be split, dropped or offered to another target before anything else
	failed  bool     // at least one record failed

	batch []Record // the request in flight, if any
	bytes int      // of batch, as Limits counts them
	lo    int      // where batch begins in recs, if index is empty
	index []retry  // otherwise the history of each record of batch
	buf   []Record // of batch, if it is not a part of recs

	attempt attempt // of the request in flight, at its slot

	// For ordered queues. stageFailed: for each key, the first record that a stage
	// failed. blockedKeys: for each key, the index in recs of the first record that
	// failed permanently.
	stageFailed map[string]*Record
	blockedKeys map[string]int

	waiters waiters // for key order
}

// order is the ordering rule of a queue.
type order uint8

const (
	anyOrder  order = iota
	laneOrder       // never send a record before an earlier one
	keyOrder        // never send a record with, or before, an earlier one of its key
)

// retry is a record of a queue and its history.
type retry struct {
	i     int       // in recs
	sent  bool      // it was sent before
	tries int       // failed attempts
	due   time.Time // not sent before then
	err   error     // of the last attempt
}

// errOvertake fails a record if its delivery would break the order of its key.
var errOvertake = errors.New("an earlier record of its key failed, and the target keeps order")

// next builds the next request. If nothing can be sent yet, it returns how long to
// wait. If nothing is left, it returns neither. It may leave rejects, and the
// caller must settle them first.
func (q *queue) next(now time.Time) (batch []Record, wait time.Duration) {
	if q.pause.After(now) {
		return nil, q.pause.Sub(now)
	}
	q.batch, q.index, q.buf = nil, q.index[:0], q.buf[:0]
	p := packer{limits: &q.d.limits, records: q.max, most: q.d.target.fit.bound()}
	open, wait := q.takeAgain(&p, now)
	switch {
	case !open:
	case len(q.index) > 0 || q.order == keyOrder || len(q.blockedKeys)+len(q.stageFailed) > 0:
		q.takeNew(&p)
	default:
		q.takeRange(&p)
	}
	if len(q.index) > 0 {
		q.batch = q.taken()
	}
	if len(q.batch) > 0 {
		wait = 0
	}
	q.bytes = p.bytes
	return q.batch, wait
}

// takeAgain takes the retries that are due. It returns whether new records may
// follow, and the time until the next retry.
func (q *queue) takeAgain(p *packer, now time.Time) (open bool, wait time.Duration) {
	open = true
	kept := q.again[:0]
	for k, a := range q.again {
		r := &q.recs[a.i]
		if first, ok := q.blockedKeys[r.Key]; ok && a.i > first {
			q.failAndBlock(a.i, errOvertake)
			continue
		}
		if early := a.due.Sub(now); early > 0 {
			kept = append(kept, a)
			if wait == 0 || early < wait {
				wait = early
			}
			if q.order != laneOrder {
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
		if !q.together(a.i) || !p.add(size) {
			kept, open = append(kept, q.again[k:]...), false
			break
		}
		q.take(a)
	}
	if q.again = kept; len(kept) == 0 && q.resends() {
		q.again = nil // the histories are in index
	}
	return open, wait
}

// takeNew takes records that were never taken.
func (q *queue) takeNew(p *packer) {
	for ; q.head < len(q.recs) && !q.mustSettle(); q.head++ {
		r := &q.recs[q.head]
		if q.blocked(r) {
			q.fail(q.head, errOvertake)
			continue
		}
		size := q.d.size(r)
		if q.wait(q.head) || q.oversize(p, q.head, size) {
			continue
		}
		if !q.together(q.head) || !p.add(size) {
			return
		}
		if q.order == keyOrder {
			q.waiters.enter(r.Key, q.head, len(q.recs))
		}
		q.take(retry{i: q.head})
	}
}

// takeRange takes records that were never taken, without copying them.
func (q *queue) takeRange(p *packer) {
	q.lo = q.head
	end := q.pieceEnd(q.head)
	for q.head < end {
		size := q.d.size(&q.recs[q.head])
		if p.n == 0 && q.oversize(p, q.head, size) {
			q.head++
			q.lo = q.head
			if q.head == end {
				end = q.pieceEnd(q.head)
			}
			if q.order != anyOrder {
				q.takeNew(p) // the oversize record may block its key
				return
			}
			continue
		}
		if p.tooLarge(size) != nil || !p.add(size) {
			break
		}
		q.head++
	}
	q.batch = q.recs[q.lo:q.head]
}

// pieceEnd returns where the piece that holds record i ends.
func (q *queue) pieceEnd(i int) int {
	if k := sort.SearchInts(q.cuts, i+1); k < len(q.cuts) {
		return q.cuts[k]
	}
	return len(q.recs)
}

// together reports whether record i may share the request with the records taken:
// no cut lies between them.
func (q *queue) together(i int) bool {
	return len(q.index) == 0 || i < q.pieceEnd(q.index[0].i)
}

func (q *queue) take(a retry) { q.index = append(q.index, a) }

// taken returns the records of index. It does not copy consecutive records: hundreds of
// failed requests may wait at once.
func (q *queue) taken() []Record {
	first := q.index[0].i
	for k, a := range q.index {
		if a.i != first+k {
			return q.copies()
		}
	}
	end := first + len(q.index)
	return q.recs[first:end:end]
}

func (q *queue) copies() []Record {
	for _, a := range q.index {
		q.buf = append(q.buf, q.recs[a.i])
	}
	return q.buf
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
func (q *queue) mustSettle() bool { return q.order != anyOrder && len(q.rejects) > 0 }

// wait queues record i behind an earlier, undelivered record of its key.
func (q *queue) wait(i int) bool {
	return q.order == keyOrder && q.waiters.wait(q.recs[i].Key, i)
}

// unblock releases the record that waits for record i.
func (q *queue) unblock(i int) {
	if w := q.waiters.behind(i); w > 0 {
		q.again = append(q.again, retry{i: w})
	} else {
		q.waiters.leave(q.recs[i].Key)
	}
}

// blocked reports whether sending r, the first record never taken, would break the
// order of its key.
func (q *queue) blocked(r *Record) bool {
	if len(q.stageFailed) > 0 {
		r.leaves(func(leaf *Record) {
			if first := q.stageFailed[leaf.Key]; first != nil && leaf.follows(first) {
				q.blockKey(r.Key, q.head)
			}
		})
	}
	_, dead := q.blockedKeys[r.Key]
	return dead
}

// blockKey blocks the records of a key behind record i.
func (q *queue) blockKey(key string, i int) {
	if q.blockedKeys == nil {
		q.blockedKeys = make(map[string]int)
	}
	if first, ok := q.blockedKeys[key]; !ok || i < first {
		q.blockedKeys[key] = i
	}
}
