package engine

import (
	"errors"
	"slices"
	"sort"
	"time"
)

// queue decides what the next request holds. It has one request in flight: of an
// ordered target it holds the records of a lane, of any other those of a request,
// which may have to be sent in parts.
type queue struct {
	d     *delivery
	recs  []Record
	cuts  []int // ascending, in (0, len(recs)): where a request must begin
	order order

	head  int       // recs[head:] were never taken
	again []retry   // to be sent next, or once they are due; ascending
	pause time.Time // nothing is sent before
	max   int       // bound on records of a request after one was too large; 0: none

	batch []Record // the request in flight, if any
	lo    int      // where batch begins in recs, if index is empty
	index []retry  // else what each record of batch is
	buf   []Record // of batch, if index is not empty

	// Of ordered queues: the first record of each key that a stage failed, and the
	// keys of records that failed for good since.
	lost map[string]*Record
	dead map[string]bool

	// Of queues in key order: for each key with a record in again or in flight,
	// the last record of the chain that waits for it, and the chain's links.
	tail map[string]int
	link []int
}

// order says what a queue must not do.
type order uint8

const (
	anyOrder  order = iota
	laneOrder       // never send a record before an earlier one
	keyOrder        // never send a record with, or before, an earlier one of its key
)

// retry is a record of a queue and its history.
type retry struct {
	i     int       // in recs
	tries int       // attempts that failed
	due   time.Time // not to be sent before
	err   error     // of the last attempt
}

// errOvertake fails a record whose delivery would break the order of its key.
var errOvertake = errors.New("an earlier record of its key failed, and the target keeps order")

// next makes up the next request. If nothing can be sent yet it returns how long
// to wait; if nothing is left, neither.
func (q *queue) next(now time.Time) (batch []Record, wait time.Duration) {
	if q.pause.After(now) {
		return nil, q.pause.Sub(now)
	}
	q.batch, q.index, q.buf = nil, q.index[:0], q.buf[:0]
	p := packer{limits: &q.d.t.limits, records: q.max}
	open, wait := q.takeAgain(&p, now)
	switch {
	case !open:
	case len(q.index) > 0 || q.order == keyOrder || len(q.dead)+len(q.lost) > 0:
		q.takeNew(&p)
	default:
		q.takeRange(&p)
	}
	if len(q.index) > 0 {
		q.batch = q.buf
	}
	if len(q.batch) > 0 {
		wait = 0
	}
	return q.batch, wait
}

// takeAgain takes from again what is due. It returns whether new records may
// follow, and how long it is until the next retry.
func (q *queue) takeAgain(p *packer, now time.Time) (open bool, wait time.Duration) {
	open = true
	kept := q.again[:0]
	for k, a := range q.again {
		r := &q.recs[a.i]
		if q.dead[r.Key] {
			q.bury(a.i, errOvertake)
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
		size := q.d.t.limits.SizeOf(r)
		if q.oversize(p, a.i, size) {
			continue
		}
		if !q.together(a.i) || !p.add(size) {
			kept, open = append(kept, q.again[k:]...), false
			break
		}
		q.take(a)
	}
	q.again = kept
	return open, wait
}

// takeNew takes records that were never taken.
func (q *queue) takeNew(p *packer) {
	for ; q.head < len(q.recs); q.head++ {
		r := &q.recs[q.head]
		if q.barred(r) {
			q.d.fail(r, errOvertake)
			continue
		}
		size := q.d.t.limits.SizeOf(r)
		if q.wait(q.head) || q.oversize(p, q.head, size) {
			continue
		}
		if !q.together(q.head) || !p.add(size) {
			return
		}
		if q.order == keyOrder {
			q.tail[r.Key] = q.head
		}
		q.take(retry{i: q.head})
	}
}

// takeRange takes records that were never taken, without copying them.
func (q *queue) takeRange(p *packer) {
	q.lo = q.head
	end := q.pieceEnd(q.head)
	for q.head < end {
		size := q.d.t.limits.SizeOf(&q.recs[q.head])
		if p.n == 0 && q.oversize(p, q.head, size) {
			q.head++
			q.lo = q.head
			if q.head == end {
				end = q.pieceEnd(q.head)
			}
			if q.order != anyOrder {
				q.takeNew(p) // it has killed its key
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

// pieceEnd is where the piece of recs that holds i ends.
func (q *queue) pieceEnd(i int) int {
	if k := sort.SearchInts(q.cuts, i+1); k < len(q.cuts) {
		return q.cuts[k]
	}
	return len(q.recs)
}

// together reports whether record i may be in the request with those taken: no
// cut lies between them.
func (q *queue) together(i int) bool {
	return len(q.index) == 0 || i < q.pieceEnd(q.index[0].i)
}

func (q *queue) take(a retry) {
	q.index = append(q.index, a)
	q.buf = append(q.buf, q.recs[a.i])
}

// oversize fails record i if it can never be sent.
func (q *queue) oversize(p *packer, i, size int) bool {
	err := p.tooLarge(size)
	if err != nil {
		q.bury(i, err)
	}
	return err != nil
}

// wait puts record i behind an earlier one of its key that is not delivered yet.
func (q *queue) wait(i int) bool {
	if q.order != keyOrder {
		return false
	}
	if q.tail == nil {
		q.tail, q.link = make(map[string]int), make([]int, len(q.recs))
	}
	last, ok := q.tail[q.recs[i].Key]
	if ok {
		q.link[last] = i
		q.tail[q.recs[i].Key] = i
	}
	return ok
}

// pass lets the record that waits for record i go.
func (q *queue) pass(i int) {
	if w := q.behind(i); w > 0 {
		q.again = append(q.again, retry{i: w})
	} else {
		delete(q.tail, q.recs[i].Key)
	}
}

// behind returns the record that waits for record i; 0: none.
func (q *queue) behind(i int) int {
	if q.link == nil {
		return 0
	}
	return q.link[i]
}

// barred reports whether sending r would break the order of its key.
func (q *queue) barred(r *Record) bool {
	if len(q.lost) > 0 {
		r.leaves(func(leaf *Record) {
			if first := q.lost[leaf.Key]; first != nil && leaf.follows(first) {
				q.kill(r.Key)
			}
		})
	}
	return q.dead[r.Key]
}

// kill bars the records of a key that were not taken yet.
func (q *queue) kill(key string) {
	if q.dead == nil {
		q.dead = make(map[string]bool)
	}
	q.dead[key] = true
}

// bury fails record i for good, and those that wait for it.
func (q *queue) bury(i int, err error) {
	r := &q.recs[i]
	q.d.fail(r, err)
	if q.order == anyOrder {
		return
	}
	q.kill(r.Key)
	for w := q.behind(i); w > 0; w = q.link[w] {
		q.d.fail(&q.recs[w], errOvertake)
	}
	delete(q.tail, r.Key)
}

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
		q.grow()
		return
	}
	if o.all != nil && ClassOf(o.all) == TooLarge && len(q.batch) > 1 {
		q.halve(o.all)
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
	back := 0
	for k, err := range errs {
		if err == nil {
			continue
		}
		a := q.sent(k)
		if !progress {
			a.tries++
		}
		if err := q.d.t.final(a.tries, due, stop, err); err != nil {
			q.bury(a.i, err)
			continue
		}
		a.due, a.err = due, err
		q.again = append(q.again, a)
		back++
	}
	q.sortAgain()
	if delivered > 0 {
		q.grow()
	} else if back > 0 {
		q.pause = due
	}
}

// halve sends the records of the request again in two.
func (q *queue) halve(err error) {
	q.max = len(q.batch) / 2
	for k := range q.batch {
		a := q.sent(k)
		a.err = err
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

func (q *queue) sortAgain() {
	slices.SortFunc(q.again, func(a, b retry) int { return a.i - b.i })
}

// resends reports whether the request in flight holds records sent before.
func (q *queue) resends() bool {
	return slices.ContainsFunc(q.index, func(a retry) bool { return a.err != nil })
}

// abandon fails all that is left, with err if it was never sent.
func (q *queue) abandon(err error) {
	for k := range q.batch {
		q.again = append(q.again, q.sent(k))
	}
	for _, a := range q.again {
		q.d.fail(&q.recs[a.i], orElse(a.err, err))
		for w := q.behind(a.i); w > 0; w = q.link[w] {
			q.d.fail(&q.recs[w], err)
		}
	}
	for i := q.head; i < len(q.recs); i++ {
		q.d.fail(&q.recs[i], err)
	}
	q.batch, q.again, q.head = nil, nil, len(q.recs)
}
