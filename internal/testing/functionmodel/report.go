package functionmodel

import (
	"fmt"
	"slices"

	"fanout/engine"
	"fanout/internal/testing/modelkit"
	"fanout/lambda/dedup"
	"fanout/lambda/event"
)

// judgeReports judges the reports of a round. It returns the records that some target lacks.
func (w *world) judgeReports(all []*invocation) (lacking map[*sourceRecord]bool) {
	lacking = map[*sourceRecord]bool{}
	for _, v := range all {
		for _, r := range v.records {
			lacking[r] = true // unless there is a result
		}
		if v.late >= 0 {
			w.Broken(onTime, "an answer came %v after its deadline", v.late)
		}
	}
	for i := range w.results {
		r := &w.results[i]
		for k := range r.Records {
			lacking[w.sourceOf(&r.Records[k])] = r.Unclaimed
		}
		if r.Unclaimed {
			w.judgeUnclaimed(r)
			continue
		}
		for k := range r.Targets {
			j := &reportJudge{world: w, target: w.source(r.SourceARN).targets[r.Targets[k].ID], result: r, report: &r.Report.Targets[k]}
			j.judge(lacking)
		}
	}
	return lacking
}

// judgeUnclaimed checks that all records of a source without targets failed.
func (w *world) judgeUnclaimed(r *Result) {
	if failed := r.Report.Targets[0].Failed; failed != len(r.Records) {
		w.Broken(truthful, "%s has no targets, and of %d records %d failed", r.SourceARN, len(r.Records), failed)
	}
}

// reportJudge judges the report of one target.
type reportJudge struct {
	*world
	target *modelTarget
	result *Result
	report *engine.TargetReport
}

func (j *reportJudge) broken(p modelkit.Promise, format string, args ...any) {
	j.T.Helper()
	j.Broken(p, "target %s: %s", j.target, fmt.Sprintf(format, args...))
}

// judge adds the records that failed to lacking.
func (j *reportJudge) judge(lacking map[*sourceRecord]bool) {
	if j.CountTwice {
		j.report.Delivered++
	}
	j.judgeCounts()
	t := j.target
	blocked := map[string]bool{} // lanes of an ordered target in which a record failed
	sent := map[string]bool{}    // by lane and key: an owed part
	unsure := map[string]bool{}  // by lane and key: a part that comes again because its fate is unknown
	stopped := map[string]bool{} // lanes, and keys in them, with a part that a stage failed
	for i := range j.result.Records {
		lane, r := j.result.Records[i].Lane, j.sourceOf(&j.result.Records[i])
		fate, held := j.report.Fate(i), j.report.Held(i)
		owed := t.owes(r, lane, sent)
		t.allowRepeats(r, owed)
		j.judgeHeld(r, held, fate)
		j.allowStale(r, lane, held, unsure)
		j.judgeStopped(r, lane, owed, held, fate, stopped)
		if fate == engine.FateFailed {
			j.judgeFailed(r, owed)
			lacking[r] = true
		}
		if fate != engine.FateFailed || !blocked[lane] {
			j.judgeFaultless(r, owed, fate)
		}
		if fate == engine.FateFailed && t.ordered() {
			blocked[lane] = true
		}
		t.held[r] = held
	}
}

// allowStale allows parts of r that were acknowledged to come again, behind a part of their key whose
// fate is unknown because of a request that ignored its deadline. It notes the keys of such parts.
func (j *reportJudge) allowStale(r *sourceRecord, lane string, held engine.Held, unsure map[string]bool) {
	t := j.target
	if !t.ordered() || held.All {
		return
	}
	parts := t.parts(r)
	for _, p := range parts {
		key := lane + " " + p.key
		if !unsure[key] || has(held, &p, len(parts)) {
			continue
		}
		for _, name := range p.names {
			if t.acknowledged[name] == j.round {
				t.allowRepeat(name)
			}
		}
	}
	if t.hanging == 0 && (t.fallback() == nil || t.fallback().hanging == 0) {
		return
	}
	for _, p := range parts {
		unsure[lane+" "+p.key] = true
	}
}

// judgeStopped checks that no part of r was sent behind one of its key that a stage failed. It notes
// what the parts of r stop: later parts of their key, or if they have yet to get their key, of their
// lane. A part that onFailure took stops nothing, even if another part fails the record.
func (j *reportJudge) judgeStopped(r *sourceRecord, lane string, owed []bool, held engine.Held, fate engine.Fate, stopped map[string]bool) {
	t := j.target
	if !t.ordered() {
		return
	}
	parts := t.parts(r)
	for k, p := range parts {
		key := lane + " " + p.key
		for _, name := range p.names {
			if (stopped[lane] || stopped[key]) && t.acknowledged[name] == j.round && !t.diverted[name] {
				j.broken(inLine, "it got %s of record %s, and a stage failed an earlier record of %s", name, r.seq, p.key)
			}
		}
		switch {
		case p.end != fails || !owed[k] || fate != engine.FateFailed || has(held, &p, len(parts)):
		case r.flaw == unreadable && r.source.kind == event.DynamoDB: // so is its key
		case t.spec.Key != "" && !t.failsInEnvelope(r):
			stopped[lane] = true
		default:
			stopped[key] = true
		}
	}
}

// judgeCounts checks that the counts of the report match the fates.
func (j *reportJudge) judgeCounts() {
	fates := map[engine.Fate]int{}
	for i := range j.result.Records {
		fates[j.report.Fate(i)]++
	}
	total := 0
	for _, c := range []struct {
		fate    engine.Fate
		counted int
	}{
		{engine.FateDelivered, j.report.Delivered},
		{engine.FateAlready, j.report.Already},
		{engine.FateFiltered, j.report.Filtered},
		{engine.FateDropped, j.report.Dropped},
		{engine.FateDiverted, j.report.Diverted},
		{engine.FateFailed, j.report.Failed},
	} {
		j.Count(fmt.Sprint("records ", c.fate), c.counted)
		total += c.counted
		if c.counted != fates[c.fate] {
			j.broken(counted, "%d records have the fate %v, and %d count so", fates[c.fate], c.fate, c.counted)
		}
	}
	if n := len(j.result.Records); total != n {
		j.broken(counted, "the fates of %d records add up to %d", n, total)
	}
}

// owes returns which parts of r must come to t. These are the parts that the function does not know
// t to have and, for an ordered target, later parts of the same key. sent has the keys of owed
// parts, by lane.
func (t *modelTarget) owes(r *sourceRecord, lane string, sent map[string]bool) []bool {
	parts := t.parts(r)
	owed := make([]bool, len(parts))
	for k, p := range parts {
		key := lane + " " + p.key
		owed[k] = !t.holds(r, &p, len(parts)) || t.ordered() && sent[key] && p.end == passes
		if owed[k] && p.end == passes {
			sent[key] = true
		}
	}
	return owed
}

// holds reports whether the function knows t to have a part of a record with n of them.
func (t *modelTarget) holds(r *sourceRecord, p *part, n int) bool {
	return has(t.held[r], p, n)
}

// has reports whether held has a part of a record with n of them.
func has(held engine.Held, p *part, n int) bool {
	return held.All || held.Of == n && slices.Contains(held.Subs, p.sub)
}

// allowRepeats allows owed parts that t has to come again, for order.
func (t *modelTarget) allowRepeats(r *sourceRecord, owed []bool) {
	for k, p := range t.parts(r) {
		if owed[k] && t.holds(r, &p, len(owed)) {
			t.allowRepeat(p.names...)
		}
	}
}

// allowRepeat allows user records to come once more.
func (a *account) allowRepeat(names ...string) {
	for _, name := range names {
		a.mayRepeat[name]++
	}
}

// judgeHeld checks that the target, or its onFailure, has the parts that the report claims.
func (j *reportJudge) judgeHeld(r *sourceRecord, held engine.Held, fate engine.Fate) {
	t := j.target
	for _, p := range t.parts(r) {
		if !held.All && !slices.Contains(held.Subs, p.sub) {
			continue
		}
		for _, name := range p.names {
			if t.arrivals[name] == 0 && !t.mayLack(r, name) {
				j.broken(truthful, "it never got record %s, %s, and the fate is %v", r.seq, name, fate)
			}
		}
	}
}

// judgeFailed checks that the target lacks an owed part of a record that failed.
//
// The function may not know that the target has a part. A request that ignores its deadline may be
// the reason: one with another part of the record, or one to onFailure. Then the part may come again.
func (j *reportJudge) judgeFailed(r *sourceRecord, owed []bool) {
	t, fallback := j.target, j.target.fallback()
	fallbackHangs := fallback != nil && fallback.hanging > 0
	lacks := false
	for k, p := range t.parts(r) {
		for _, name := range p.names {
			switch acknowledged := t.acknowledged[name] == j.round; {
			case !acknowledged && owed[k] && (t.faulty || p.end != filtered):
				lacks = true
			case acknowledged && (len(owed) > 1 && t.hanging > 0 || fallbackHangs):
				t.allowRepeat(name)
			}
		}
	}
	if !lacks && !fallbackHangs && j.remembersAll() {
		j.broken(truthful, "record %s counts as failed, and the target has it", r.seq)
	}
}

// remembersAll reports whether the function's memory has room for everything that it learns.
func (w *world) remembersAll() bool { return w.remembered >= dedup.MaxRemembered }

// judgeFaultless checks the fate of a record that no fault can have affected.
func (j *reportJudge) judgeFaultless(r *sourceRecord, owed []bool, fate engine.Fate) {
	want, certain := j.target.faultlessFate(r, owed)
	if fate == want || !certain || !j.remembersAll() || !j.unaffected(want) {
		return
	}
	p := isolated
	switch {
	case want == engine.FateDiverted:
		p = diverting
	case j.target.spec.OversizeType != nil && slices.ContainsFunc(j.target.parts(r), func(p part) bool { return j.target.exceedsLimits(&p) }):
		p = referring
	}
	j.broken(p, "record %s with %d bytes met no fault and has fate %v; want %v: %v", r.seq, len(r.data()), fate, want, j.report.Failures)
}

// unaffected reports whether no request of the target met a fault in this round, and no request of
// its onFailure if that is to take the record. A request that ignores its deadline affects both.
func (j *reportJudge) unaffected(want engine.Fate) bool {
	calm := func(t *modelTarget) bool { return t.faultRound != j.round && t.hanging == 0 }
	fallback := j.target.fallback()
	return calm(j.target) && (fallback == nil || fallback.hanging == 0 && (want != engine.FateDiverted || calm(fallback)))
}

// faultlessFate returns the fate of a record with owed parts if its requests meet no fault, and
// whether that is certain.
func (t *modelTarget) faultlessFate(r *sourceRecord, owed []bool) (fate engine.Fate, certain bool) {
	rejected := engine.FateFailed
	if fallback := t.fallback(); fallback != nil && !fallback.faulty {
		rejected = engine.FateDiverted
		if fallback.limitsBytes() {
			return 0, false // the envelope may be too large for it
		}
	}
	switch {
	case !slices.Contains(owed, true):
		return engine.FateAlready, true
	case t.faulty:
		return engine.FateFailed, true
	case t.merges() && t.limitsBytes() && slices.ContainsFunc(t.parts(r), func(p part) bool { return p.end == passes }):
		return 0, false
	}
	fate = engine.FateFiltered
	for k, p := range t.parts(r) {
		fate = max(fate, t.faultlessEnd(r, &p, owed[k], rejected))
	}
	return fate, true
}

// faultlessEnd returns the fate of a part if its requests meet no fault. rejected is that of parts
// that t rejects.
func (t *modelTarget) faultlessEnd(r *sourceRecord, p *part, owed bool, rejected engine.Fate) engine.Fate {
	tooLarge := !t.merges() && t.exceedsLimits(p)
	switch {
	case !owed:
		return engine.FateAlready
	case p.end == filtered:
		return engine.FateFiltered
	case p.end == fails:
		return rejected
	case tooLarge && t.spec.DropOversize:
		return engine.FateDropped
	case tooLarge && t.spec.OversizeType == nil, t.storesNothing(r):
		return rejected
	}
	return engine.FateDelivered
}
