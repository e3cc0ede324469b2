package engine_test

import (
	"fmt"
	"slices"
	"strings"

	"fanout/engine"
)

// taken counts the parts of records that arrived in a run, by sequence number.
type taken map[string]int

// check checks the fates of the records in at m, and updates m.has.
func (m *modelTarget) check(t judge, in []engine.Record, r *engine.TargetReport) {
	t.Helper()
	if n := r.Delivered + r.Already + r.Dropped + r.Diverted + r.Failed; n != len(in) {
		t.Errorf("target %s: the fates of %d records add up to %d", m.ID, len(in), n)
	}
	accepted := m.accepted(t)
	diverted := m.diverted()
	lacks := m.lacks(in)
	barred := map[string]bool{} // lanes of ordered targets with a failed record
	failed := map[string]string{}
	for i, rec := range in {
		m.checkHeld(t, &rec, r.Held(i))
		fate, got, away := r.Fate(i), accepted[rec.Seq], diverted[rec.Seq]
		due := lacks[i]
		switch {
		case due.nothing && (fate != engine.FateAlready || got+away > 0):
			t.Errorf("target %s: it had record %s, and it came %d times more, with fate %v", m.ID, rec.Seq, got+away, fate)
		case due.nothing:
			continue
		case fate == engine.FateAlready && m.Oversize != engine.DropOversize:
			t.Errorf("target %s: record %s counts as had before, and %d parts were not", m.ID, rec.Seq, due.parts)
		case got > due.parts:
			t.Errorf("target %s: of record %s %d parts were accepted, %d times more than it lacked", m.ID, rec.Seq, got, got-due.parts)
		case fate == engine.FateFailed && got >= due.parts && due.parts > 0 && due.unstaged == 0:
			t.Errorf("target %s: record %s counts as failed, and was accepted", m.ID, rec.Seq)
		case fate != engine.FateFailed && (away > 0) != (fate == engine.FateDiverted):
			t.Errorf("target %s: record %s has fate %v, and %d of its parts were diverted", m.ID, rec.Seq, fate, away)
		case fate != engine.FateFailed && got+away != due.parts+due.unstaged && (m.Oversize != engine.DropOversize || got+away > due.parts):
			t.Errorf("target %s: record %s counts as delivered, and %d of its %d parts were accepted and %d diverted", m.ID, rec.Seq, got, due.parts, away)
		case fate == engine.FateDropped && due.parts > 0 && m.Oversize != engine.DropOversize:
			t.Errorf("target %s: record %s with %d bytes was dropped", m.ID, rec.Seq, rec.Data.Len())
		}
		want := m.expected(&rec, due)
		if m.quiet && (m.calm || m.dead == nil || !m.Ordered && want != engine.FateDiverted) && fate != want && !barred[rec.Lane] {
			t.Errorf("target %s: nothing befell it, and record %s with %d bytes has fate %v; want %v: %v", m.ID, rec.Seq, rec.Data.Len(), fate, want, r.Failures)
		}
		key := rec.Lane + " " + rec.Key
		if len(m.leaves(&rec)) > 1 {
			key = "" // its parts have their own keys
		}
		if before, ok := failed[key]; ok && key != "" && m.Ordered && fate == engine.FateDelivered {
			t.Errorf("target %s: record %s of %s was accepted, and %s before it failed", m.ID, rec.Seq, key, before)
		}
		if m.has[i] = r.Held(i); fate == engine.FateFailed {
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

// accepted counts the records that m accepted since the last run, and checks their
// order.
func (m *modelTarget) accepted(t judge) taken {
	t.Helper()
	n := taken{}
	all := m.sink.Accepted()
	for i := range all[m.sent:] {
		for _, leaf := range leaves(&all[m.sent+i]) {
			n[leaf.Seq]++
			name, key, place := names(&leaf), leaf.Lane+" "+leaf.Key, placeOf(&leaf)
			m.latest[key] = place
			if m.first[name] {
				continue // only first arrivals must be in order
			}
			m.first[name] = true
			if m.Ordered && place < m.last[key] && !m.away[name] && m.Oversize != engine.DropOversize {
				t.Errorf("target %s: record %s of %s was accepted after a later one", m.ID, name, key)
			}
			m.last[key] = place
		}
	}
	m.sent = len(all)
	return n
}

// placeOf returns the position in the batch of a record or of a part of one.
func placeOf(leaf *engine.Record) (place int) {
	_, _ = fmt.Sscan(leaf.Seq, &place)
	return 8*place + leaf.Sub
}

// due is the share of a record that a target must get in a run.
type due struct {
	parts, unstaged int  // parts that the stages emit, and parts that they fail
	nothing         bool // the target has all of it
}

// lacks returns the parts of each record that m must get: the parts that it lacks,
// and for an ordered target also everything behind such a part of the same key.
func (m *modelTarget) lacks(in []engine.Record) []due {
	all := make([]due, len(in))
	sent := map[string]bool{} // by lane and key
	for i := range in {
		d, held, leaves := &all[i], m.has[i], m.leaves(&in[i])
		d.nothing = held.All || len(held.Subs) > 0
		for _, leaf := range leaves {
			key, has := leaf.Lane+" "+leaf.Key, held.All || held.Of == len(leaves) && slices.Contains(held.Subs, leaf.Sub)
			switch fate := m.staged(&leaf); {
			case fate == engine.FateDelivered && (!has || m.Ordered && sent[key]):
				d.parts++
				sent[key] = true
				d.nothing = false
			case fate != engine.FateDelivered && !has:
				d.nothing = false
				if fate == engine.FateFailed {
					d.unstaged++
				}
			}
		}
	}
	return all
}

// checkHeld checks that m has the parts that h claims, and that no older value lies
// behind them.
func (m *modelTarget) checkHeld(t judge, rec *engine.Record, h engine.Held) {
	t.Helper()
	if m.Oversize == engine.DropOversize {
		return
	}
	for _, leaf := range m.leaves(rec) {
		if !h.All && !slices.Contains(h.Subs, leaf.Sub) {
			continue
		}
		name, key := names(&leaf), leaf.Lane+" "+leaf.Key
		switch {
		case !m.first[name] && !m.away[name] && m.staged(&leaf) != engine.FateDropped:
			t.Errorf("target %s: %s counts as delivered, and never came", m.ID, name)
		case m.Ordered && m.first[name] && !m.away[name] && m.latest[key] < placeOf(&leaf):
			t.Errorf("target %s: the latest value of %s is that of record %d, and %s counts as delivered", m.ID, key, m.latest[key]/8, name)
		}
	}
}

// leaves returns the records that the stages make of a source record if they emit
// it.
func (m *modelTarget) leaves(rec *engine.Record) (all []engine.Record) {
	if n := rec.Data.Len(); !m.stage || n != 6 && n != 7 {
		return []engine.Record{*rec}
	}
	for i, key := range strings.Fields(rec.HashKey) {
		part := *rec
		part.Key, part.Sub = key, i
		all = append(all, part)
	}
	return all
}

// diverted counts the records that OnFailure accepted since the last run.
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
			m.away[name+" "] = true
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

// staged returns the fate that the stages give a leaf: delivered, dropped or
// failed.
func (m *modelTarget) staged(leaf *engine.Record) engine.Fate {
	switch n := leaf.Data.Len(); {
	case leaf.Data.Err() != nil, m.stage && (n == 4 || n == 5 || n == 7 && leaf.Sub == 1):
		return engine.FateFailed
	case m.stage && n == 3:
		return engine.FateDropped
	}
	return engine.FateDelivered
}

// expected returns the fate of r if its requests meet no faults, regardless of
// merging. Some of r is due.
func (m *modelTarget) expected(r *engine.Record, due due) engine.Fate {
	rejected := engine.FateFailed
	if m.OnFailure != nil {
		rejected = engine.FateDiverted
	}
	oversize := m.sink.Bounds.RecordBytes > 0 && r.Data.Len() > m.sink.Bounds.RecordBytes
	switch {
	case due.unstaged > 0:
		return rejected
	case due.parts == 0:
		return engine.FateDropped
	case oversize && m.Oversize == engine.DropOversize:
		return engine.FateDropped
	case oversize:
		return rejected
	}
	return engine.FateDelivered
}

// checkRequests checks that no request has two records of a key if the target
// forbids it.
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
