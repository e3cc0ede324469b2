package engine_test

import (
	"fmt"
	"slices"
	"strings"

	"fanout/engine"
	"fanout/internal/testing/modelkit"
)

// oracle judges the report of one run at one target.
type oracle struct {
	*modelTarget
	judge    *modelkit.Judge
	report   *engine.TargetReport
	accepted map[string]int // parts that the target accepted in this run, by sequence number
	taken    map[string]int // parts that the fallback accepted in this run, by sequence number
	owed     []owed         // by record

	failed  map[string]string // by key: the last part that failed
	blocked map[string]bool   // lanes of an ordered target in which a record failed
}

// judge judges the report of a run, and keeps the target's new state.
func (t *modelTarget) judge(j *modelkit.Judge, records []engine.Record, r *engine.TargetReport) {
	o := &oracle{modelTarget: t, judge: j, report: r, owed: t.owes(records), failed: map[string]string{}, blocked: map[string]bool{}}
	o.noteStored()
	o.accepted, o.taken = o.judgeArrivals(), t.divertedNow()
	o.judgeCounts(len(records))
	for i := range records {
		rec := &records[i]
		o.judgeHeld(rec, r.Held(i))
		o.judgeRepeats(rec, r.Fate(i), &o.owed[i])
		if o.owed[i].nothing {
			continue
		}
		o.judgeFate(rec, r.Fate(i), &o.owed[i])
		o.judgeFaultless(rec, r.Fate(i), &o.owed[i])
		o.judgeBlocked(rec, r.Fate(i))
		t.held[i] = r.Held(i)
	}
	for _, f := range r.Failures {
		if strings.Contains(f.Err.Error(), "engine panicked") {
			o.broken(sturdy, "%v", f.Err)
		}
	}
	o.judgeRequests()
}

func (o *oracle) broken(p modelkit.Promise, format string, args ...any) {
	o.judge.T.Helper()
	o.judge.Broken(p, "target %s: %s", o.ID, fmt.Sprintf(format, args...))
}

func (o *oracle) judgeCounts(records int) {
	r, j := o.report, o.judge
	if n := r.Delivered + r.Already + r.Filtered + r.Dropped + r.Diverted + r.Failed; n != records {
		o.broken(counted, "the fates of %d records add up to %d", records, n)
	}
	j.Count("records delivered", r.Delivered)
	j.Count("records already delivered", r.Already)
	j.Count("records filtered", r.Filtered)
	j.Count("records dropped", r.Dropped)
	j.Count("records diverted", r.Diverted)
	j.Count("records failed", r.Failed)
}

// judgeArrivals judges the order of the parts that the target accepted in this run, and counts
// them by sequence number.
func (o *oracle) judgeArrivals() map[string]int {
	n, references := map[string]int{}, 0
	all := o.sink.Accepted()
	for i := range all[o.judged:] {
		if rec := &all[o.judged+i]; string(rec.Data.Bytes()) == reference {
			references++
			o.judgeReference(&rec.Parts()[0])
		}
		for _, part := range unmerged(&all[o.judged+i]) {
			n[part.Seq]++
			o.judgeArrival(&part, o.sink.RequestOf(o.judged+i))
		}
	}
	if o.report.Referenced > references {
		o.broken(counted, "%d references count as delivered, and %d came", o.report.Referenced, references)
	}
	o.judge.Count("records delivered by reference", references)
	o.judge.Count("records accepted", len(all)-o.judged)
	o.judged = len(all)
	return n
}

// noteStored notes the parts whose data the store has.
func (o *oracle) noteStored() {
	if o.store == nil {
		return
	}
	for _, r := range o.store.Accepted() {
		for _, name := range partNames(&r) {
			o.stored[name] = true
		}
	}
}

// judgeReference judges a reference in place of r.
func (o *oracle) judgeReference(r *engine.Record) {
	for _, name := range partNames(r) {
		if !o.stored[name] {
			o.broken(referring, "a reference to part %s came, and its data was not stored", name)
		}
	}
	if o.faultless && r.Data.Len() <= o.sink.Bounds.RecordBytes {
		o.broken(referring, "a reference came in place of a record of %d bytes, and the target takes %d", r.Data.Len(), o.sink.Bounds.RecordBytes)
	}
}

// judgeArrival judges the order of parts that arrive for the first time.
func (o *oracle) judgeArrival(part *engine.Record, request []engine.Record) {
	name, key := partName(part), partKey(part)
	now := arrival{name, placeOf(part), request}
	first := !o.arrived[name]
	o.arrived[name] = true
	o.latest[key], o.took[name] = now, request
	if !first {
		return
	}
	for _, a := range o.arrivals[key] {
		if o.Ordered && now.place < a.place {
			o.judge.Count("parts after a later one of an ordered target", 1)
		}
		if o.Ordered && now.place < a.place && !o.mayFollow(name, a.request) && !o.diverted[name] && !o.DropOversize {
			o.broken(o.order(), "part %s of %s was accepted after part %s", name, key, a.part)
		}
	}
	o.arrivals[key] = append(o.arrivals[key], now)
}

// order returns the promise about the order of an ordered target.
func (t *modelTarget) order() modelkit.Promise {
	if t.OrderRequests {
		return requestsInOrder
	}
	return inOrder
}

// mayFollow reports whether the target may accept a part after a later one that a request took.
func (t *modelTarget) mayFollow(part string, request []engine.Record) bool {
	return t.OrderRequests && t.sink.Bounds.OnePerKey && slices.ContainsFunc(request, func(r engine.Record) bool {
		return slices.Contains(partNames(&r), part)
	})
}

// placeOf returns the position of a part in the batch.
func placeOf(part *engine.Record) (place int) {
	_, _ = fmt.Sscan(part.Seq, &place)
	return 8*place + part.Sub
}

// divertedNow counts the parts that the fallback accepted in this run, by sequence number.
func (t *modelTarget) divertedNow() map[string]int {
	n := map[string]int{}
	if t.fallback == nil {
		return n
	}
	all := t.fallback.Accepted()
	for i := range all[t.judgedOff:] {
		for _, letter := range unmerged(&all[t.judgedOff+i]) { // a reference carries the letter
			for _, name := range strings.Fields(string(letter.Data.Bytes())) {
				seq, _, _ := strings.Cut(name, ".")
				n[seq]++
				t.diverted[name] = true
			}
		}
	}
	t.judgedOff = len(all)
	return n
}

// owed is the share of a record that the target must get in a run.
type owed struct {
	parts   int  // that the stages let through
	failed  int  // that the stages fail
	nothing bool // the target has all of it
}

// owes returns the parts of each record that t lacks. For an ordered target this includes
// everything behind such a part of the same key.
func (t *modelTarget) owes(records []engine.Record) []owed {
	all := make([]owed, len(records))
	sent := map[string]bool{} // by key
	for i := range records {
		o, held, parts := &all[i], t.held[i], t.parts(&records[i])
		o.nothing = held.All || len(held.Subs) > 0
		for _, part := range parts {
			key, has := partKey(&part), held.All || held.Of == len(parts) && slices.Contains(held.Subs, part.Sub)
			switch staged := t.staged(&part); {
			case staged == engine.FateDelivered && (!has || t.Ordered && sent[key]):
				o.parts++
				sent[key] = true
				o.nothing = false
			case staged != engine.FateDelivered && !has:
				o.nothing = false
				if staged == engine.FateFailed {
					o.failed++
				}
			}
		}
	}
	return all
}

// judgeHeld checks that the target has the parts that the report claims, and that it keeps no
// older value than theirs.
func (o *oracle) judgeHeld(r *engine.Record, h engine.Held) {
	if o.DropOversize {
		return
	}
	for _, part := range o.parts(r) {
		if !h.All && !slices.Contains(h.Subs, part.Sub) {
			continue
		}
		name, key := partName(&part), partKey(&part)
		switch {
		case !o.arrived[name] && !o.diverted[name] && !o.withheld(&part):
			o.broken(truthful, "part %s counts as delivered, and never came", name)
		case o.Ordered && o.arrived[name] && !o.diverted[name] && o.latest[key].place < placeOf(&part) && !o.mayFollow(o.latest[key].part, o.took[name]):
			o.broken(o.order(), "the latest value of %s is that of part %s, and part %s counts as delivered", key, o.latest[key].part, name)
		}
	}
}

// judgeRepeats checks that no part came that the target had.
func (o *oracle) judgeRepeats(r *engine.Record, fate engine.Fate, owed *owed) {
	accepted, taken := o.accepted[r.Seq], o.taken[r.Seq]
	switch {
	case owed.nothing && (fate != engine.FateAlready || accepted+taken > 0):
		o.broken(once, "it had record %s, and got %d parts again, with fate %v", r.Seq, accepted+taken, fate)
	case !owed.nothing && accepted > owed.parts:
		o.broken(once, "it got %d parts of record %s, and lacked %d", accepted, r.Seq, owed.parts)
	}
}

// judgeFate checks that the fate of a record is true.
func (o *oracle) judgeFate(r *engine.Record, fate engine.Fate, owed *owed) {
	accepted, taken := o.accepted[r.Seq], o.taken[r.Seq]
	drops := o.DropOversize // any part may be dropped, as part of a merged record
	switch {
	case fate == engine.FateAlready && !drops:
		o.broken(truthful, "record %s counts as already delivered, and %d parts were not", r.Seq, owed.parts)
	case fate == engine.FateFailed && accepted >= owed.parts && owed.parts > 0 && owed.failed == 0:
		o.broken(missing, "record %s counts as failed, and was accepted", r.Seq)
	case fate == engine.FateFailed:
	case (taken > 0) != (fate == engine.FateDiverted):
		o.broken(truthful, "record %s has fate %v, and %d of its parts were diverted", r.Seq, fate, taken)
	case accepted+taken != owed.parts+owed.failed && (!drops || accepted+taken > owed.parts):
		o.broken(truthful, "record %s has fate %v, and of its %d parts %d were accepted and %d diverted", r.Seq, fate, owed.parts, accepted, taken)
	case fate == engine.FateDropped && owed.parts > 0 && !drops, fate == engine.FateFiltered && owed.parts > 0:
		o.broken(truthful, "record %s with %d bytes was %v", r.Seq, r.Data.Len(), fate)
	}
}

// judgeFaultless checks the fate of a record that no fault can have affected.
func (o *oracle) judgeFaultless(r *engine.Record, fate engine.Fate, owed *owed) {
	want := o.faultlessFate(r, owed)
	fallbackIdle := !o.Ordered && want != engine.FateDiverted // no record waits for the fallback
	storeIdle := !o.Ordered && !o.oversize(r)
	unaffected := o.faultless && (o.fallbackFaultless || fallbackIdle) && (o.storeFaultless || storeIdle)
	if !unaffected || fate == want || o.blocked[r.Lane] {
		return
	}
	p := isolated
	switch {
	case want == engine.FateDiverted:
		p = diverting
	case o.Oversize != nil && o.oversize(r):
		p = referring
	}
	o.broken(p, "record %s with %d bytes met no fault and has fate %v; want %v: %v", r.Seq, r.Data.Len(), fate, want, o.report.Failures)
}

// faultlessFate returns the fate of a record with an owed share if no fault hits its requests.
func (t *modelTarget) faultlessFate(r *engine.Record, owed *owed) engine.Fate {
	rejected := engine.FateFailed
	if t.OnFailure != nil {
		rejected = engine.FateDiverted
	}
	oversize := t.oversize(r)
	switch {
	case owed.failed > 0:
		return rejected
	case owed.parts == 0:
		return t.staged(r)
	case oversize && t.DropOversize:
		return engine.FateDropped
	case oversize && t.Oversize == nil:
		return rejected
	}
	return engine.FateDelivered
}

// oversize reports whether r is above the limit that the target declares.
func (t *modelTarget) oversize(r *engine.Record) bool {
	return t.sink.Bounds.RecordBytes > 0 && r.Data.Len() > t.sink.Bounds.RecordBytes
}

// judgeBlocked checks that an ordered target gets nothing behind a failed record of the same key.
func (o *oracle) judgeBlocked(r *engine.Record, fate engine.Fate) {
	key := partKey(r)
	if len(o.parts(r)) > 1 {
		key = "" // its parts have keys of their own
	}
	name := partName(r)
	if earlier, ok := o.failed[key]; ok && key != "" && o.Ordered && fate == engine.FateDelivered && !o.mayFollow(earlier, o.took[name]) {
		o.broken(o.order(), "part %s of %s was accepted, and %s before it failed", name, key, earlier)
	}
	if fate == engine.FateFailed {
		o.failed[key], o.blocked[r.Lane] = name, o.Ordered
	}
}

// judgeRequests checks that no request of an ordered target has two records of a key, if the sink
// may refuse the earlier one alone.
func (o *oracle) judgeRequests() {
	for _, fault := range o.flights.faults {
		o.broken(withinLanes, "%s", fault)
	}
	o.judge.Count("requests beside another of their shard", o.flights.parallel)
	o.flights.faults, o.flights.parallel = nil, 0
	if !o.Ordered || o.OrderRequests || !o.sink.Bounds.OnePerKey {
		return
	}
	for _, request := range o.sink.Requests() {
		keys := map[string]bool{}
		for i := range request {
			key := partKey(&request[i])
			if keys[key] {
				o.broken(inOrder, "two records of %s are in one request", key)
			}
			keys[key] = true
		}
	}
}
