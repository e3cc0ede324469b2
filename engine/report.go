package engine

import (
	"strings"
	"sync"
	"time"
)

// Fate is the result of one source record at one target.
type Fate uint8

const (
	fatePending   Fate = iota
	FateFiltered       // everything made of it was filtered
	FateDropped        // everything made of it was dropped, by a rule of the user, or filtered
	FateAlready        // the target had it already, so nothing was sent
	FateDelivered      // everything made of it and not dropped or filtered was acknowledged
	FateDiverted       // as delivered, but OnFailure took some or all of it
	FateFailed         // some part was not delivered, or its fate is unknown
)

// String returns a word, such as "delivered".
func (f Fate) String() string {
	switch f {
	case FateFiltered:
		return "filtered"
	case FateDropped:
		return "dropped"
	case FateAlready:
		return "already delivered"
	case FateDelivered:
		return "delivered"
	case FateDiverted:
		return "diverted"
	case FateFailed:
		return "failed"
	case fatePending:
	}
	return "pending"
}

// Report lists the results of one run, one entry per target, in the order of the
// plan.
type Report struct {
	Targets []TargetReport

	// Idle reports that every stage and sink returned on its own, before the end of
	// its time. Nothing uses the records any more, so their memory may be reused.
	Idle bool
}

// TargetReport is the result of one run at one target. Delivered, Already, Filtered,
// Dropped, Diverted and Failed count source records and add up to the input.
type TargetReport struct {
	ID        string
	Delivered int           // sent, and acknowledged
	Already   int           // not sent: the target had them from an earlier run
	Filtered  int           // not wanted: a filter took them out
	Dropped   int           // by a rule of the user
	Diverted  int           // taken by OnFailure
	Failed    int           // the source sends them again
	Throttled int           // requests that the service throttled, fully or partly
	Bytes     int64         // acknowledged data
	Took      time.Duration // from the start of the run to the last outcome
	Failures  []Failure     // reasons of failed and diverted records: the first few distinct ones

	Requests, Retries int // attempts, and those with a record that was sent before
	Referenced        int // acknowledged references, each in place of a record that is too large

	fates []Fate
	held  map[int]Held // for failed and stale records, the parts that the target has
}

// Failure is one reason why records failed at a target.
type Failure struct {
	Err       error
	Diverted  bool   // OnFailure took them
	Lane, Seq string // of the first such record of the batch
	Count     int    // records of the target, after its stages

	src int32 // of the first such record
}

// of makes r the first record of f. It copies the strings, because a report may
// outlive the memory of the records.
func (f *Failure) of(r *Record) {
	f.Lane, f.Seq, f.src = strings.Clone(r.Lane), strings.Clone(r.Seq), r.first()
}

// Fate returns the fate of source record i.
func (t *TargetReport) Fate(i int) Fate { return t.fates[i] }

// Failed reports whether source record i failed at some target.
func (r *Report) Failed(i int) bool {
	for t := range r.Targets {
		if r.Targets[t].fates[i] == FateFailed {
			return true
		}
	}
	return false
}

// OK reports whether nothing failed.
func (r *Report) OK() bool {
	for t := range r.Targets {
		if r.Targets[t].Failed > 0 {
			return false
		}
	}
	return true
}

// maxFailures bounds the reasons that a report lists.
const maxFailures = 5

// tally keeps account of the records of one run at one target.
type tally struct {
	mu       sync.Mutex
	start    time.Time
	closed   bool    // later bookings are ignored
	cutShort bool    // a sink was cut short, and may still use records
	unbooked []int32 // by source record: parts not booked yet; nil if each record is one part
	report   TargetReport

	ordered bool // the target keeps order

	// For targets with stages:
	lanes       []lane       // records that the stages emitted
	losses      []*processed // records that the stages filtered, dropped or failed
	had         []Record     // records that the target had before
	split       bool         // some record has several parts
	failedParts []part       // if split
}

func newTally(id string, records int, ordered bool) tally {
	return tally{start: time.Now(), ordered: ordered, report: TargetReport{ID: id, fates: make([]Fate, records)}}
}

// expect sets the records that remain to be booked, because stages may have split
// some.
func (t *tally) expect(lanes []lane, losses []*processed, had []Record) {
	t.book(func() {
		t.lanes, t.losses, t.had = lanes, losses, had
		t.unbooked = make([]int32, len(t.report.fates))
		t.parts(func(leaf *Record) {
			t.unbooked[leaf.src-1]++
			t.split = t.split || t.unbooked[leaf.src-1] > 1
		})
	})
}

// parts calls f with every part of the source records.
func (t *tally) parts(f func(leaf *Record)) {
	eachRecord(t.lanes, t.losses, func(r *Record) { r.leaves(f) })
	for i := range t.had {
		f(&t.had[i])
	}
}

// eachRecord calls f with every record in lanes and losses.
func eachRecord(lanes []lane, losses []*processed, f func(r *Record)) {
	for _, l := range lanes {
		for i := range l.recs {
			f(&l.recs[i])
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
func (t *tally) skip(had []Record) {
	t.book(func() {
		for i := range had {
			t.fate(&had[i], FateAlready)
		}
	})
}

// deliver books records that were acknowledged.
func (t *tally) deliver(recs []Record) {
	t.book(func() {
		for i := range recs {
			t.fate(&recs[i], FateDelivered)
			t.report.Bytes += int64(recs[i].Data.Len())
			if recs[i].Data.isReference() {
				t.report.Referenced++
			}
		}
	})
}

// drop books a record that a stage dropped or filtered, or that the target dropped.
func (t *tally) drop(r *Record, f Fate) {
	t.book(func() { t.fate(r, f) })
}

// diverted books a record that another target took, with the error of this one.
func (t *tally) diverted(r *Record, err error) {
	t.book(func() {
		t.fate(r, FateDiverted)
		t.reason(r, err, true)
	})
}

// fail books a record that will not be delivered.
func (t *tally) fail(r *Record, err error) {
	t.book(func() {
		t.fate(r, FateFailed)
		t.failedPart(r)
		t.reason(r, err, false)
	})
}

// interrupted records that a sink was cut short.
func (t *tally) interrupted() {
	t.book(func() { t.cutShort = true })
}

// request books an attempt and its outcome.
func (t *tally) request(o *Outcome, again bool) {
	t.book(func() {
		t.report.Requests++
		if again {
			t.report.Retries++
		}
		if o.throttled() {
			t.report.Throttled++
		}
		t.report.Took = time.Since(t.start)
	})
}

func (t *tally) book(entry func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.closed {
		entry()
	}
}

// fate books the fate of r. Among the parts of a source record, a failed one
// weighs most and a filtered one least.
func (t *tally) fate(r *Record, f Fate) {
	if r.parts == nil { // the common case, without a call
		t.part(int(r.src)-1, f)
		return
	}
	r.sources(func(src int) { t.part(src, f) })
}

// part books the fate of one part of a source record.
func (t *tally) part(src int, f Fate) {
	t.report.fates[src] = max(t.report.fates[src], f)
	if t.unbooked != nil {
		t.unbooked[src]--
	}
}

func (t *tally) reason(r *Record, err error, diverted bool) {
	text, src := err.Error(), r.first()
	for i := range t.report.Failures {
		if f := &t.report.Failures[i]; f.Diverted == diverted && f.Err.Error() == text {
			f.Count++
			if src < f.src {
				f.of(r)
			}
			return
		}
	}
	if len(t.report.Failures) < maxFailures {
		f := Failure{Err: err, Diverted: diverted, Count: 1}
		f.of(r)
		t.report.Failures = append(t.report.Failures, f)
	}
}

// close ends the account. Records with a part that is not booked fail with err.
func (t *tally) close(recs []Record, err error) TargetReport {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
	for i, f := range t.report.fates {
		if t.unbooked != nil && t.unbooked[i] > 0 && f != FateFailed {
			f = fatePending
		}
		switch f {
		case FateDelivered:
			t.report.Delivered++
			continue
		case FateAlready:
			t.report.Already++
			continue
		case FateFiltered:
			t.report.Filtered++
			continue
		case FateDropped:
			t.report.Dropped++
			continue
		case FateDiverted:
			t.report.Diverted++
			continue
		case fatePending:
			t.report.fates[i] = FateFailed
			t.reason(&recs[i], err, false)
		case FateFailed:
		}
		t.report.Failed++
	}
	if t.split && t.report.Failed > 0 {
		t.report.held = t.held()
	}
	return t.report
}

// part names a part of a source record.
type part struct {
	src int // index of the source record
	sub int
}

// failedPart remembers a failed part, in case other parts of its record did not
// fail.
func (t *tally) failedPart(r *Record) {
	if t.split {
		r.leaves(func(leaf *Record) { t.failedParts = append(t.failedParts, part{int(leaf.src) - 1, leaf.Sub}) })
	}
}
