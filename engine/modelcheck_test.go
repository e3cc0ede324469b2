package engine_test

import (
	"fmt"
	"strings"

	"fanout/engine"
)

// taken counts the parts of records that came in a run, by sequence number.
type taken map[string]int

// check checks what became of the records in at m, and learns what m has.
func (m *modelTarget) check(t judge, in []engine.Record, r *engine.TargetReport) {
	t.Helper()
	if n := r.Delivered + r.Dropped + r.Diverted + r.Failed; n != len(in) {
		t.Errorf("target %s: the fates of %d records add up to %d", m.ID, len(in), n)
	}
	accepted := m.accepted(t)
	diverted := m.diverted()
	barred := map[string]bool{} // lanes of ordered targets with a record that failed
	failed := map[string]string{}
	for i, rec := range in {
		fate, got, away := r.Fate(i), accepted[rec.Seq], diverted[rec.Seq]
		parts, unstaged := m.parts(&rec)
		switch {
		case m.has[i] && (fate != engine.FateDelivered || got+away > 0):
			t.Errorf("target %s: it had record %s, and it came %d times more, with fate %v", m.ID, rec.Seq, got+away, fate)
		case m.has[i]:
			continue
		case got > parts:
			t.Errorf("target %s: record %s was accepted %d times", m.ID, rec.Seq, got)
		case fate == engine.FateFailed && got >= parts && parts > 0:
			t.Errorf("target %s: record %s counts as failed, and was accepted", m.ID, rec.Seq)
		case fate != engine.FateFailed && (away > 0) != (fate == engine.FateDiverted):
			t.Errorf("target %s: record %s has fate %v, and %d of its parts were diverted", m.ID, rec.Seq, fate, away)
		case fate != engine.FateFailed && got+away != parts+unstaged && (m.Oversize != engine.DropOversize || got+away > parts):
			t.Errorf("target %s: record %s counts as delivered, and %d of its %d parts were accepted and %d diverted", m.ID, rec.Seq, got, parts, away)
		case fate == engine.FateDropped && parts > 0 && m.Oversize != engine.DropOversize:
			t.Errorf("target %s: record %s with %d bytes was dropped", m.ID, rec.Seq, rec.Data.Len())
		}
		want := m.expected(&rec)
		if want != 0 && m.quiet && (m.calm || m.dead == nil || !m.Ordered && want != engine.FateDiverted) && fate != want && !barred[rec.Lane] {
			t.Errorf("target %s: nothing befell it, and record %s with %d bytes has fate %v; want %v: %v", m.ID, rec.Seq, rec.Data.Len(), fate, want, r.Failures)
		}
		key := rec.Lane + " " + rec.Key
		if before, ok := failed[key]; ok && m.Ordered && fate == engine.FateDelivered {
			t.Errorf("target %s: record %s of %s was accepted, and %s before it failed", m.ID, rec.Seq, key, before)
		}
		if m.has[i] = fate != engine.FateFailed; !m.has[i] {
			failed[key], barred[rec.Lane] = rec.Seq, m.Ordered
		}
	}
	for _, f := range r.Failures {
		if strings.Contains(f.Err.Error(), "engine panicked") {
			t.Errorf("target %s: %v", m.ID, f.Err)
		}
	}
	m.checkRequests(t)
}

// accepted counts what m accepted since the last run, and checks its order.
func (m *modelTarget) accepted(t judge) taken {
	t.Helper()
	n := taken{}
	all := m.sink.Accepted()
	for i := range all[m.sent:] {
		for _, leaf := range leaves(&all[m.sent+i]) {
			n[leaf.Seq]++
			name := names(&leaf)
			if m.first[name] {
				continue // order is that of what came first
			}
			m.first[name] = true
			var place int
			_, _ = fmt.Sscan(leaf.Seq, &place)
			key := leaf.Lane + " " + leaf.Key
			if place = 2*place + leaf.Sub; m.Ordered && place < m.last[key] && m.Oversize != engine.DropOversize {
				t.Errorf("target %s: record %s of %s was accepted after a later one", m.ID, name, key)
			}
			m.last[key] = place
		}
	}
	m.sent = len(all)
	return n
}

// diverted counts what OnFailure accepted since the last run.
func (m *modelTarget) diverted() taken {
	n := taken{}
	if m.dead == nil {
		return n
	}
	all := m.dead.Accepted()
	for _, rec := range all[m.gone:] {
		for _, name := range strings.Fields(string(rec.Data.Bytes())) {
			seq, _, _ := strings.Cut(name, ".")
			n[seq]++
		}
	}
	m.gone = len(all)
	return n
}

func leaves(r *engine.Record) (all []engine.Record) {
	if r.Parts() == nil {
		return []engine.Record{*r}
	}
	for i := range r.Parts() {
		all = append(all, leaves(&r.Parts()[i])...)
	}
	return all
}

// parts is how many records the stages make of r, and how many they do not let through.
func (m *modelTarget) parts(r *engine.Record) (parts, unstaged int) {
	n := r.Data.Len()
	switch {
	case r.Data.Err() != nil, m.stage && (n == 4 || n == 5):
		return 0, 1
	case m.stage && n == 3:
		return 0, 0
	case m.stage && n == 6:
		return 2, 0
	}
	return 1, 0
}

// expected returns the fate of r if nothing befalls a request, whatever it is merged with.
func (m *modelTarget) expected(r *engine.Record) engine.Fate {
	rejected := engine.FateFailed
	if m.OnFailure != nil {
		rejected = engine.FateDiverted
	}
	parts, unstaged := m.parts(r)
	oversize := m.sink.Bounds.RecordBytes > 0 && r.Data.Len() > m.sink.Bounds.RecordBytes
	switch {
	case unstaged > 0:
		return rejected
	case parts == 0:
		return engine.FateDropped
	case oversize && m.Oversize == engine.DropOversize:
		return engine.FateDropped
	case oversize:
		return rejected
	}
	return engine.FateDelivered
}

// checkRequests checks that where it matters no request has two records of a key.
func (m *modelTarget) checkRequests(t judge) {
	t.Helper()
	for _, request := range m.sink.Requests() {
		keys := map[string]bool{}
		for _, rec := range request {
			if key := rec.Lane + " " + rec.Key; m.Ordered && m.sink.Bounds.OnePerKey && keys[key] {
				t.Errorf("target %s: two records of %s in one request", m.ID, key)
			} else {
				keys[key] = true
			}
		}
	}
}
