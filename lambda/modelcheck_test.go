package lambda

import (
	"slices"
	"time"

	"fanout/engine"
	"fanout/lambda/envelope"
	"fanout/lambda/event"
	"fanout/lambda/target"
)

// checkResults checks what the function says became of the records of the events of
// a round. It returns the sequence numbers of those that failed somewhere.
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

// checkTarget checks what became of records at a target.
func (m *model) checkTarget(t *modelTarget, r *Result, rep *engine.TargetReport, failed map[*modelRecord]bool) {
	if n := rep.Delivered + rep.Already + rep.Dropped + rep.Diverted + rep.Failed; n != r.Records() {
		m.t.Errorf("target %s: the fates of %d records add up to %d", t, r.Records(), n)
	}
	counts := map[engine.Fate]int{}
	barred := map[string]bool{} // lanes of ordered targets with a record that failed
	for i := range r.records {
		lane := r.records[i].Lane
		rec, fate := m.record(&r.records[i]), rep.Fate(i)
		counts[fate]++
		if fate != engine.FateFailed {
			m.checkHas(t, rec, fate)
		}
		m.checkFailed(t, rec, fate)
		want, sure := t.expected(rec)
		if t.known[rec] {
			want, sure = engine.FateAlready, m.remembers()
		}
		if sure && m.undisturbed(t, want) && fate != want && (fate != engine.FateFailed || !barred[lane]) {
			m.t.Errorf("target %s: nothing befell it, and record %s, %d bytes, has fate %d; want %d: %v", t, rec.seq, len(rec.data()), fate, want, rep.Failures)
		}
		if fate == engine.FateFailed {
			failed[rec] = true
			barred[lane] = !t.spec.Parallel
		} else {
			t.known[rec] = true
		}
	}
	if got := [...]int{rep.Dropped, rep.Already, rep.Delivered, rep.Diverted, rep.Failed}; got != [...]int{
		counts[engine.FateDropped], counts[engine.FateAlready], counts[engine.FateDelivered], counts[engine.FateDiverted], counts[engine.FateFailed],
	} {
		m.t.Errorf("target %s: the counts are %v, and the fates %v", t, got, counts)
	}
}

// checkHas checks that t has a record that counts as delivered, or its onFailure has.
func (m *model) checkHas(t *modelTarget, r *modelRecord, fate engine.Fate) {
	for _, tok := range r.tokens() {
		if t.times[tok] == 0 && !t.drops(r, tok) {
			m.t.Errorf("target %s never got record %s, %s, and it has fate %d", t, r.seq, tok, fate)
		}
	}
}

// checkFailed checks that the function does not send again what it knows t has. What
// onFailure took may come again, if it does not heed its deadline with another record,
// and a part of a record, if nothing is known of another part.
func (m *model) checkFailed(t *modelTarget, r *modelRecord, fate engine.Fate) {
	if fate != engine.FateFailed {
		return
	}
	other := t.source.targets[t.spec.OnFailure]
	all, untold := true, other != nil && other.hanging > 0
	for _, tok := range r.tokens() {
		if t.acked[tok] != m.round {
			all = false
		} else if len(t.parts(r)) > 1 && t.hanging > 0 || untold {
			t.excused[tok]++
		}
	}
	if m.remembers() && (all && !untold || t.known[r]) {
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

// expected returns what becomes of a record at t if nothing befalls a request, and
// whether that can be told.
func (t *modelTarget) expected(r *modelRecord) (fate engine.Fate, sure bool) {
	rejected := engine.FateFailed
	if other := t.source.targets[t.spec.OnFailure]; other != nil && !other.faulty {
		rejected = engine.FateDiverted
		if other.limits.Bytes > 0 || other.limits.RecordBytes > 0 {
			return 0, false // the envelope may be too large for it
		}
	}
	switch {
	case t.faulty:
		return engine.FateFailed, true
	case r.flaw == unreadable:
		return rejected, true
	case t.spec.Collapse != target.CollapseNone:
		return engine.FateDelivered, t.limits.Bytes == 0 && t.limits.RecordBytes == 0
	}
	dropped, delivered := 0, 0
	for _, p := range t.parts(r) {
		switch {
		case !t.oversize(p):
			delivered++
		case t.spec.DropOversize:
			dropped++
		default:
			return rejected, true
		}
	}
	if delivered == 0 {
		return engine.FateDropped, true
	}
	return engine.FateDelivered, true
}

func (t *modelTarget) oversize(p modelUser) bool {
	l := &t.limits
	return l.RecordBytes > 0 && len(p.data) > l.RecordBytes || l.Bytes > 0 && len(p.data) > l.Bytes
}

// drops reports whether t may drop what has a token, because it is too large.
func (t *modelTarget) drops(r *modelRecord, tok string) bool {
	if !t.spec.DropOversize || t.large[tok] {
		return t.spec.DropOversize
	}
	if t.spec.Collapse != target.CollapseNone {
		return t.limits.Bytes > 0 || t.limits.RecordBytes > 0
	}
	return slices.ContainsFunc(t.parts(r), func(p modelUser) bool {
		return t.oversize(p) && (p.token == tok || p.token == "")
	})
}

// checkEnvelope checks that what onFailure got it was to get.
func (m *model) checkEnvelope(t *modelTarget, e *envelope.Envelope) {
	may := e.Class == engine.Retryable.String() || e.Class == engine.Throttled.String()
	age := time.Since(e.Arrived)
	if may && (t.spec.MaxAge == 0 || age < time.Duration(t.spec.MaxAge)*time.Second) {
		m.t.Errorf("target %s: record %s went to onFailure after %v, and might have been delivered yet", t, e.Sequence, age)
	}
}

// checkAnswer checks that the answer of v names, of each batch, the first record that
// some target needs, and no other.
func (m *model) checkAnswer(v *invocation, failed map[*modelRecord]bool) {
	any := false
	for _, c := range v.cursors {
		first := slices.IndexFunc(c.under(), func(r *modelRecord) bool { return failed[r] })
		any = any || first >= 0
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
	case v.err != nil && !any:
		m.t.Errorf("the answer is error %v, and nothing failed", v.err)
	case v.err == nil && any && !m.report:
		m.t.Errorf("the answer is no error, and something failed")
	case v.err != nil && m.report && !m.nameless(v, failed):
		m.t.Errorf("the answer is error %v, and what failed has names", v.err)
	}
}

// nameless reports whether an event holds what batchItemFailures cannot name: a
// notification, a record without a sequence number that failed, or a source whose
// targets are unknown.
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

// checkEnd checks what a target has in the end.
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
				// What was dropped as too large with some may come with others, in another batch.
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

// checkLatest checks that t has no older value of a key than the last that came there. Of
// batches that were given up, the end may not have come again.
func (m *model) checkLatest(t *modelTarget, c *cursor) {
	if t.spec.Parallel || slices.ContainsFunc(c.all, func(r *modelRecord) bool { return r.givenUp }) {
		return
	}
	last := map[string]int{}
	for _, r := range c.all {
		for _, u := range r.users {
			at, came := t.latest[u.token]
			if !came || t.diverted[u.token] || t.drops(r, u.token) {
				continue
			}
			key := r.key
			if t.spec.Deaggregate {
				key = u.key
			}
			if at < last[key] {
				m.t.Errorf("target %s keeps an older value of %s than %s of record %s", t, key, u.token, r.seq)
			}
			last[key] = at
		}
	}
}

// remembers reports whether the function's memory has room for all that it learns.
func (m *model) remembers() bool { return m.remembered >= maxRemembered }

// checkTimes checks that what has a token came to t, and as often as it may.
func (m *model) checkTimes(t *modelTarget, r *modelRecord, tok string) {
	switch n := t.times[tok]; {
	case n == 0 && !r.givenUp && !t.drops(r, tok):
		m.t.Errorf("target %s never got %s of record %s", t, tok, r.seq)
	case n > 1+t.excused[tok] && m.remembers():
		m.t.Errorf("target %s got %s of record %s %d times, and %d can be explained", t, tok, r.seq, n, 1+t.excused[tok])
	}
}
