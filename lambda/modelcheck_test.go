package lambda

import (
	"slices"
	"time"

	"fanout/engine"
	"fanout/lambda/dedup"
	"fanout/lambda/envelope"
	"fanout/lambda/event"
	"fanout/sinks"
)

// checkResults checks the reported outcomes of a round's records. It returns the records
// that failed somewhere.
func (m *model) checkResults(all []*invocation) (failed map[*modelRecord]bool) {
	failed = map[*modelRecord]bool{}
	for _, v := range all {
		for _, r := range v.sent {
			failed[r] = true // unless there is a result
		}
	}
	for i := range m.results {
		r := &m.results[i]
		for k := range r.records {
			failed[m.record(&r.records[k])] = false
		}
		for k := range r.Targets {
			rep := &r.Report.Targets[k]
			if r.Targets[k].ID == NoTarget {
				m.checkNone(r, rep, failed)
				continue
			}
			if m.miscounting {
				rep.Delivered++
			}
			m.checkTarget(m.source(r.SourceARN).targets[r.Targets[k].ID], r, rep, failed)
		}
	}
	for _, v := range all {
		if v.late >= 0 {
			m.t.Errorf("an answer came %v after its deadline", v.late)
		}
	}
	return failed
}

// checkNone checks that records of a source without targets fail.
func (m *model) checkNone(r *Result, rep *engine.TargetReport, failed map[*modelRecord]bool) {
	if len(r.Targets) > 1 || rep.Failed != len(r.records) {
		m.t.Errorf("of %d records of %s without a target %d failed", len(r.records), r.SourceARN, rep.Failed)
	}
	for i := range r.records {
		failed[m.record(&r.records[i])] = true
	}
}

// checkTarget checks the outcomes of records at a target.
func (m *model) checkTarget(t *modelTarget, r *Result, rep *engine.TargetReport, failed map[*modelRecord]bool) {
	if n := rep.Delivered + rep.Already + rep.Dropped + rep.Diverted + rep.Failed; n != r.Records() {
		m.t.Errorf("target %s: the fates of %d records add up to %d", t, r.Records(), n)
	}
	counts := map[engine.Fate]int{}
	barred := map[string]bool{} // lanes of ordered targets with a record that failed
	sent := map[string]bool{}   // by lane and key
	for i := range r.records {
		lane := r.records[i].Lane
		rec, fate, held := m.record(&r.records[i]), rep.Fate(i), rep.Held(i)
		due := t.due(rec, lane, sent)
		counts[fate]++
		m.checkHas(t, rec, held, fate)
		m.checkFailed(t, rec, due, fate)
		want, sure := t.expected(rec, due)
		if sure && m.remembers() && m.undisturbed(t, want) && fate != want && (fate != engine.FateFailed || !barred[lane]) {
			m.t.Errorf("target %s: nothing befell it, and record %s, %d bytes, has fate %v; want %v: %v", t, rec.seq, len(rec.data()), fate, want, rep.Failures)
		}
		t.held[rec] = held
		if fate == engine.FateFailed {
			failed[rec] = true
			barred[lane] = !t.spec.Parallel
		}
	}
	if got := [...]int{rep.Dropped, rep.Already, rep.Delivered, rep.Diverted, rep.Failed}; got != [...]int{
		counts[engine.FateDropped], counts[engine.FateAlready], counts[engine.FateDelivered], counts[engine.FateDiverted], counts[engine.FateFailed],
	} {
		m.t.Errorf("target %s: the counts are %v, and the fates %v", t, got, counts)
	}
}

// due returns which parts of r must come to t. These are the parts that the function does
// not know t to have and, where order is kept, later parts of the same key. sent holds the
// keys of due parts, by lane.
func (t *modelTarget) due(r *modelRecord, lane string, sent map[string]bool) []bool {
	parts, held := t.parts(r), t.held[r]
	due := make([]bool, len(parts))
	for k, p := range parts {
		has := held.All || held.Of == len(parts) && slices.Contains(held.Subs, k)
		due[k] = !has || !t.spec.Parallel && sent[lane+" "+p.key] && r.flaw != unreadable
		if due[k] && r.flaw != unreadable {
			sent[lane+" "+p.key] = true
		}
		if has && due[k] {
			for _, tok := range t.tokens(r, k) {
				t.excused[tok]++
			}
		}
	}
	return due
}

// checkHas checks that t, or its onFailure, has the reported parts of a record.
func (m *model) checkHas(t *modelTarget, r *modelRecord, held engine.Held, fate engine.Fate) {
	for k := range t.parts(r) {
		if !held.All && !slices.Contains(held.Subs, k) {
			continue
		}
		for _, tok := range t.tokens(r, k) {
			if t.times[tok] == 0 && !t.drops(r, tok) {
				m.t.Errorf("target %s never got record %s, %s, and it has fate %v", t, r.seq, tok, fate)
			}
		}
	}
}

// checkFailed checks that the function does not resend parts that it knows t has. A record
// taken by onFailure may come again if onFailure overruns its deadline with another record.
// A part may come again if another part is unknown.
func (m *model) checkFailed(t *modelTarget, r *modelRecord, due []bool, fate engine.Fate) {
	if fate != engine.FateFailed {
		return
	}
	other := t.source.targets[t.spec.OnFailure]
	all, untold := true, other != nil && other.hanging > 0
	for k := range due {
		for _, tok := range t.tokens(r, k) {
			if t.acked[tok] != m.round {
				all = all && !due[k]
			} else if len(due) > 1 && t.hanging > 0 || untold {
				t.excused[tok]++
			}
		}
	}
	if m.remembers() && all && !untold {
		m.t.Errorf("target %s: record %s counts as failed, and the target has it", t, r.seq)
	}
}

// undisturbed reports whether nothing befell t in this round, and nothing its onFailure
// if that is to take a record. One that does not heed its deadline holds up both.
func (m *model) undisturbed(t *modelTarget, want engine.Fate) bool {
	quiet := func(t *modelTarget) bool { return t.round != m.round && t.hanging == 0 }
	other := t.source.targets[t.spec.OnFailure]
	return quiet(t) && (other == nil || other.hanging == 0 && (want != engine.FateDiverted || quiet(other)))
}

// expected returns the fate of a record at t with these due parts if no fault occurs, and
// whether it is certain.
func (t *modelTarget) expected(r *modelRecord, due []bool) (fate engine.Fate, sure bool) {
	rejected := engine.FateFailed
	if other := t.source.targets[t.spec.OnFailure]; other != nil && !other.faulty {
		rejected = engine.FateDiverted
		if other.limits.Bytes > 0 || other.limits.RecordBytes > 0 {
			return 0, false // the envelope may be too large for it
		}
	}
	switch {
	case !slices.Contains(due, true):
		return engine.FateAlready, true
	case t.faulty:
		return engine.FateFailed, true
	case r.flaw == unreadable:
		return rejected, true
	case t.spec.Collapse != sinks.CollapseNone:
		return engine.FateDelivered, t.limits.Bytes == 0 && t.limits.RecordBytes == 0
	}
	fate = engine.FateDropped
	for k, p := range t.parts(r) {
		switch {
		case !due[k]:
			fate = max(fate, engine.FateAlready)
		case t.oversize(p) && t.spec.DropOversize:
		case t.oversize(p) || t.unstorable(r):
			fate = rejected
		default:
			fate = max(fate, engine.FateDelivered)
		}
	}
	return fate, true
}

// unstorable reports whether t stores items, and r has none to store.
func (t *modelTarget) unstorable(r *modelRecord) bool {
	return t.spec.NeedsImages() && r.imageless() && r.action != "REMOVE"
}

func (t *modelTarget) oversize(p modelUser) bool {
	l := &t.limits
	return l.RecordBytes > 0 && len(p.data) > l.RecordBytes || l.Bytes > 0 && len(p.data) > l.Bytes
}

// drops reports whether t may drop the part with a token because it is too large.
func (t *modelTarget) drops(r *modelRecord, tok string) bool {
	if !t.spec.DropOversize || t.large[tok] {
		return t.spec.DropOversize
	}
	if t.spec.Collapse != sinks.CollapseNone {
		return t.limits.Bytes > 0 || t.limits.RecordBytes > 0
	}
	return slices.ContainsFunc(t.parts(r), func(p modelUser) bool {
		return t.oversize(p) && (p.token == tok || p.token == "")
	})
}

// checkEnvelope checks that onFailure was due to get this envelope.
func (m *model) checkEnvelope(t *modelTarget, e *envelope.Envelope) {
	may := e.Class == engine.Retryable.String() || e.Class == engine.Throttled.String()
	age := time.Since(e.Arrived)
	if t.spec.Collapse != sinks.CollapseNone { // a message is as old as its oldest record, and so are its parts
		for _, c := range t.source.cursors {
			for _, r := range c.all {
				age = max(age, time.Since(r.born))
			}
		}
	}
	if may && (t.spec.MaxAge == 0 || age < time.Duration(t.spec.MaxAge)*time.Second) {
		m.t.Errorf("target %s: record %s went to onFailure after %v, and might have been delivered yet", t, e.Sequence, age)
	}
}

// checkAnswer checks that the answer of v names, for each batch, exactly the first record
// that some target needs.
func (m *model) checkAnswer(v *invocation, failed map[*modelRecord]bool) {
	some := false
	for _, c := range v.cursors {
		first := slices.IndexFunc(c.under(), func(r *modelRecord) bool { return failed[r] })
		some = some || first >= 0
		if first < 0 {
			first = c.size
		}
		for first > 0 && first < c.size && c.under()[first].numbered(c.under()[first-1]) {
			first-- // they come again together
		}
		if v.err != nil {
			continue
		}
		switch n := m.through(v, c); {
		case n > first:
			m.t.Errorf("the answer %s passes over record %s", v.answer, c.under()[first].seq)
		case n < first:
			m.t.Errorf("the answer %s stops at record %s, and %d records need not be sent again", v.answer, c.under()[n].seq, first-n)
		}
	}
	switch {
	case v.err != nil && !some:
		m.t.Errorf("the answer is error %v, and nothing failed", v.err)
	case v.err == nil && some && !m.report:
		m.t.Errorf("the answer is no error, and something failed")
	case v.err != nil && m.report && !m.nameless(v, failed):
		m.t.Errorf("the answer is error %v, and what failed has names", v.err)
	}
}

// nameless reports whether an event contains something that batchItemFailures cannot name:
// a notification, a failed record without a sequence number, or a source with unknown
// targets.
func (m *model) nameless(v *invocation, failed map[*modelRecord]bool) bool {
	if slices.ContainsFunc(v.sent, func(r *modelRecord) bool { return r.seq == "" && failed[r] }) {
		return true
	}
	return slices.ContainsFunc(v.cursors, func(c *cursor) bool {
		return c.source.kind == event.SNS || !slices.ContainsFunc(m.results, func(r Result) bool {
			return slices.ContainsFunc(r.records, func(rec engine.Record) bool { return m.record(&rec) == c.under()[0] })
		})
	})
}

// checkEnd checks the final contents of a target.
func (m *model) checkEnd(t *modelTarget) {
	if !t.spec.Active {
		return
	}
	for _, c := range t.source.cursors {
		m.checkLatest(t, c)
		last := map[string]int{}
		for _, r := range c.all {
			for _, u := range r.users {
				m.checkTimes(t, r, u.token)
				at, came := t.place[u.token]
				// A record dropped as too large in one batch may come in another.
				if !came || t.spec.Parallel || t.drops(r, u.token) {
					continue
				}
				key := t.key(r, u)
				if at < last[key] {
					m.t.Errorf("target %s got %s of record %s after a later one of %s", t, u.token, r.seq, key)
				}
				last[key] = at
			}
		}
	}
}

// checkLatest checks that t has no older value of a key after the last one. The end of a
// batch that was given up may not have come again. A FIFO queue drops the second of two
// equal messages. If the function forgot a delivery, earlier messages may be grouped
// differently than the first time, and are not equal.
func (m *model) checkLatest(t *modelTarget, c *cursor) {
	merged := t.spec.Collapse != sinks.CollapseNone
	if t.spec.Parallel || t.fifo && merged && (m.crashed || !m.remembers()) || slices.ContainsFunc(c.all, func(r *modelRecord) bool { return r.givenUp }) {
		return
	}
	last := map[string]int{}
	for _, r := range c.all {
		for _, u := range r.users {
			at, came := t.latest[u.token]
			if !came || t.diverted[u.token] || t.drops(r, u.token) {
				continue
			}
			key := t.key(r, u)
			if at < last[key] {
				m.t.Errorf("target %s keeps an older value of %s than %s of record %s", t, key, u.token, r.seq)
			}
			last[key] = at
		}
	}
}

// remembers reports whether the function's memory has room for everything it learns.
func (m *model) remembers() bool { return m.remembered >= dedup.MaxRemembered }

// checkTimes checks that the part with a token came to t, and not too often.
func (m *model) checkTimes(t *modelTarget, r *modelRecord, tok string) {
	switch n := t.times[tok]; {
	case n == 0 && !r.givenUp && !t.drops(r, tok):
		m.t.Errorf("target %s never got %s of record %s", t, tok, r.seq)
	case n > 1+t.excused[tok] && m.remembers():
		m.t.Errorf("target %s got %s of record %s %d times, and %d can be explained", t, tok, r.seq, n, 1+t.excused[tok])
	}
}
