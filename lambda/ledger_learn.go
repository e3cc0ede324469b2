package lambda

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sourcegraph/conc/pool"
	"go.uber.org/zap"

	"fanout/engine"
	"fanout/lambda/event"
	"fanout/lambda/ledger"
)

// learn writes down what targets have of an event that Lambda sends again. If it
// does not, it removes what was written of the event before; where nothing had
// failed there is nothing to do.
func (m *sharedMemory) learn(ctx context.Context, results []Result, again bool) {
	if m == nil {
		return
	}
	ctx, cancel := writable(ctx)
	defer cancel()
	p := pool.New().WithErrors().WithMaxGoroutines(maxShards)
	for i := range results {
		r := &results[i]
		switch {
		case !r.tried():
		case again:
			for s, e := range r.past.entries(r) {
				if !r.past.says(s, e) {
					p.Go(func() error { return m.table.Write(ctx, m.name(s), e) })
				}
			}
		default:
			for _, b := range r.past.passed(r) {
				p.Go(func() error { return m.table.Delete(ctx, m.name(b.shard), b.last) })
			}
		}
	}
	if err := p.Wait(); err != nil {
		m.log.Warn("ledger", zap.Error(err))
	}
}

// writable returns a context that leaves time to answer: half of what is left.
func writable(ctx context.Context) (context.Context, context.CancelFunc) {
	limit := writing
	if deadline, ok := ctx.Deadline(); ok {
		limit = min(limit, time.Until(deadline)/2)
	}
	return context.WithTimeout(ctx, limit)
}

// entries returns what is to be written of r, by shard: of every shard of which targets
// have something, or an entry says so, which may hold no more.
func (rec *recollection) entries(r *Result) map[shard]ledger.Entry {
	places := make(map[shard][]int) // of records
	for i := range r.records {
		if event.Number(r.records[i].Seq) != "" { // without one it has no place in the ledger
			s := shardOf(r, i)
			places[s] = append(places[s], i)
		}
	}
	prints, all := fingerprints(r.Targets), make(map[shard]ledger.Entry)
	for s, at := range places {
		n := newNote(r, prints)
		for _, group := range r.bySeq(at) {
			n.add(group)
		}
		if len(n.entry.Has) > 0 || rec != nil && len(rec.found[s]) > 0 {
			all[s] = n.entry
		}
	}
	return all
}

// note makes an entry of what became of records.
type note struct {
	result *Result
	prints []string
	entry  ledger.Entry
}

func newNote(r *Result, prints []string) *note {
	return &note{result: r, prints: prints, entry: ledger.Entry{Has: make(map[string]ledger.Bits)}}
}

// add adds the records that have a sequence number, which is higher than those before.
// There should be one, but what the ledger says of a number must be true of all of them.
func (n *note) add(group []int) {
	e, targets := &n.entry, n.result.Report.Targets
	seq := n.result.records[group[0]].Seq
	e.Last = event.Number(seq)
	record := n.name(seq)
	parts := make(map[string]int)
	for t := range targets {
		if hasAll(&targets[t], group) {
			n.set(t, record)
			continue
		}
		if len(group) > 1 {
			continue
		}
		held := targets[t].Held(group[0])
		for _, sub := range held.Subs {
			name := ledger.Part(seq, sub, held.Of)
			k, ok := parts[name]
			if !ok {
				k = n.name(name)
				parts[name] = k
			}
			n.set(t, k)
		}
	}
}

// name adds a name and returns its place.
func (n *note) name(name string) int {
	n.entry.Names = append(n.entry.Names, name)
	return len(n.entry.Names) - 1
}

// set says that a target has what a name stands for.
func (n *note) set(t, k int) {
	print := n.prints[t]
	n.entry.Has[print] = n.entry.Has[print].With(k)
}

// bySeq sorts records by sequence number and returns those of each.
func (r *Result) bySeq(at []int) (groups [][]int) {
	seq := func(i int) string { return r.records[i].Seq }
	slices.SortFunc(at, func(a, b int) int {
		switch {
		case before(event.Number(seq(a)), event.Number(seq(b))):
			return -1
		case before(event.Number(seq(b)), event.Number(seq(a))):
			return 1
		}
		return strings.Compare(seq(a), seq(b))
	})
	for len(at) > 0 {
		n := 1
		for n < len(at) && seq(at[n]) == seq(at[0]) {
			n++
		}
		groups = append(groups, at[:n])
		at = at[n:]
	}
	return groups
}

// hasAll reports whether a target has all of some records.
func hasAll(t *engine.TargetReport, recs []int) bool {
	return !slices.ContainsFunc(recs, func(i int) bool { return t.Fate(i) == engine.FateFailed })
}

// says reports whether an entry need not be written, because it is there already.
// While a target is down, each retry of a batch learns the same again.
func (rec *recollection) says(s shard, e ledger.Entry) bool {
	if rec == nil {
		return false
	}
	return slices.ContainsFunc(rec.found[s], func(old ledger.Entry) bool {
		return old.Last == e.Last && time.Until(old.Expires) > ledger.Keep/2 &&
			slices.Equal(old.Names, e.Names) && maps.EqualFunc(old.Has, e.Has, slices.Equal)
	})
}

// batch names an entry.
type batch struct {
	shard shard
	last  string
}

// passed returns the entries that end with a record of r: those of its batch, of
// which nothing else is to come. Entries that end elsewhere are of batches that are
// handled at the same time, or of one that was split.
func (rec *recollection) passed(r *Result) (passed []batch) {
	if rec == nil || len(rec.found) == 0 {
		return nil
	}
	lasts := make(map[batch]bool)
	for s, entries := range rec.found {
		for i := range entries {
			lasts[batch{s, entries[i].Last}] = true
		}
	}
	for i := range r.records {
		if b := (batch{shardOf(r, i), event.Number(r.records[i].Seq)}); lasts[b] {
			passed = append(passed, b)
		}
	}
	return passed
}
