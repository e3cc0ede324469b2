package engine

import (
	"sync"
	"time"
)

// maxFailures bounds the reasons that a report lists.
const maxFailures = 5

// tally keeps account of the records of one run at one target.
type tally struct {
	mu       sync.Mutex
	start    time.Time
	closed   bool    // later bookings are ignored
	cutShort bool    // a sink was cut short, and may still use records
	owed     []int32 // by source record: parts not booked yet; nil if each record is one part
	report   TargetReport

	// For targets with stages:
	lanes       []lane       // records that the stages emitted
	losses      []*processed // records that the stages dropped or failed
	had         []Record     // records that the target had before
	split       bool         // some record has several parts
	failedParts []part       // if split
}

func newTally(id string, records int) tally {
	return tally{start: time.Now(), report: TargetReport{ID: id, fates: make([]Fate, records)}}
}

// expect sets the records that remain to be booked, because stages may have split
// some.
func (l *tally) expect(lanes []lane, losses []*processed, had []Record) {
	l.book(func() {
		l.lanes, l.losses, l.had = lanes, losses, had
		l.owed = make([]int32, len(l.report.fates))
		l.parts(func(leaf *Record) {
			l.owed[leaf.src-1]++
			l.split = l.split || l.owed[leaf.src-1] > 1
		})
	})
}

// parts calls f with every part of the source records.
func (l *tally) parts(f func(leaf *Record)) {
	eachRecord(l.lanes, l.losses, func(r *Record) { r.leaves(f) })
	for i := range l.had {
		f(&l.had[i])
	}
}

// eachRecord calls f with every record in lanes and losses.
func eachRecord(lanes []lane, losses []*processed, f func(r *Record)) {
	for _, lot := range lanes {
		for i := range lot.recs {
			f(&lot.recs[i])
		}
	}
	for _, out := range losses {
		for _, lost := range [][]Loss{out.dropped, out.failed} {
			for i := range lost {
				f(&lost[i].Record)
			}
		}
	}
}

// skip books records that the target had before.
func (l *tally) skip(had []Record) {
	l.book(func() {
		for i := range had {
			l.fate(&had[i], FateAlready)
		}
	})
}

// deliver books records that were acknowledged.
func (l *tally) deliver(recs []Record) {
	l.book(func() {
		for i := range recs {
			l.fate(&recs[i], FateDelivered)
			l.report.Bytes += int64(recs[i].Data.Len())
		}
	})
}

// drop books a record that a stage dropped.
func (l *tally) drop(r *Record) {
	l.book(func() { l.fate(r, FateDropped) })
}

// diverted books a record that another target took, with the error of this one.
func (l *tally) diverted(r *Record, err error) {
	l.book(func() {
		l.fate(r, FateDiverted)
		l.reason(r, err, true)
	})
}

// fail books a record that will not be delivered.
func (l *tally) fail(r *Record, err error) {
	l.book(func() {
		l.fate(r, FateFailed)
		l.failedPart(r)
		l.reason(r, err, false)
	})
}

// interrupted records that a sink was cut short.
func (l *tally) interrupted() {
	l.book(func() { l.cutShort = true })
}

// request books an attempt and its outcome.
func (l *tally) request(o *Outcome, again bool) {
	l.book(func() {
		l.report.Requests++
		if again {
			l.report.Retries++
		}
		if o.throttled() {
			l.report.Throttled++
		}
		l.report.Took = time.Since(l.start)
	})
}

func (l *tally) book(entry func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.closed {
		entry()
	}
}

// fate books the fate of r. Among the parts of a source record, a failed one
// weighs most and a dropped one least.
func (l *tally) fate(r *Record, f Fate) {
	if r.parts == nil { // the common case, without a call
		l.part(int(r.src)-1, f)
		return
	}
	r.sources(func(src int) { l.part(src, f) })
}

// part books the fate of one part of a source record.
func (l *tally) part(src int, f Fate) {
	l.report.fates[src] = max(l.report.fates[src], f)
	if l.owed != nil {
		l.owed[src]--
	}
}

func (l *tally) reason(r *Record, err error, diverted bool) {
	text, src := err.Error(), r.first()
	for i := range l.report.Failures {
		if f := &l.report.Failures[i]; f.Diverted == diverted && f.Err.Error() == text {
			f.Count++
			if src < f.src {
				f.of(r)
			}
			return
		}
	}
	if len(l.report.Failures) < maxFailures {
		f := Failure{Err: err, Diverted: diverted, Count: 1}
		f.of(r)
		l.report.Failures = append(l.report.Failures, f)
	}
}

// close ends the account. Records with a part that is not booked fail with err.
func (l *tally) close(recs []Record, err error) TargetReport {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	for i, f := range l.report.fates {
		if l.owed != nil && l.owed[i] > 0 && f != FateFailed {
			f = fatePending
		}
		switch f {
		case FateDelivered:
			l.report.Delivered++
			continue
		case FateAlready:
			l.report.Already++
			continue
		case FateDropped:
			l.report.Dropped++
			continue
		case FateDiverted:
			l.report.Diverted++
			continue
		case fatePending:
			l.report.fates[i] = FateFailed
			l.reason(&recs[i], err, false)
		case FateFailed:
		}
		l.report.Failed++
	}
	l.report.held = l.held()
	return l.report
}
