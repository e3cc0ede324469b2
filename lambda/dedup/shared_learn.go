package dedup

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sourcegraph/conc/pool"

	"fanout/engine"
	"fanout/lambda/dedup/ledger"
	"fanout/lambda/event"
)

// Learn records which targets have which records of a batch that Lambda sends again.
// Otherwise it removes the batch's earlier entries. If nothing had failed before, it does
// nothing.
func (rec *reading) Learn(ctx context.Context, again bool) error {
	ctx, cancel := writable(ctx)
	defer cancel()
	m := rec.shared
	p := pool.New().WithErrors().WithMaxGoroutines(maxShards)
	for _, b := range rec.passed(again) {
		p.Go(func() error { return m.Table.Delete(ctx, m.name(b.shard), b.last) })
	}
	if !again {
		return p.Wait()
	}
	for s, e := range rec.entries() {
		if !rec.says(s, e) {
			p.Go(func() error { return m.Table.Write(ctx, m.name(s), e) })
		}
	}
	return p.Wait()
}

// writable returns a context limited to half of the time left, so that the function can
// still answer.
func writable(ctx context.Context) (context.Context, context.CancelFunc) {
	limit := writing
	if deadline, ok := ctx.Deadline(); ok {
		limit = min(limit, time.Until(deadline)/2)
	}
	return context.WithTimeout(ctx, limit)
}

// entries returns the entries to write, by shard. It covers each shard whose records a
// target has, and each shard with an entry that may be out of date.
func (rec *reading) entries() map[shard]ledger.Entry {
	r := rec.batch
	places := make(map[shard][]int) // indexes of records
	for i := range r.Records {
		if r.returns(i) && event.Number(r.Records[i].Seq) != "" { // the ledger has no place for a record without a number
			s := r.shard(i)
			places[s] = append(places[s], i)
		}
	}
	prints, all := fingerprints(r.Targets), make(map[shard]ledger.Entry)
	for s, at := range places {
		n := newNote(r, prints)
		for _, group := range r.bySeq(at) {
			n.add(group)
		}
		if len(n.entry.Has) > 0 || len(rec.found[s]) > 0 {
			all[s] = n.entry
		}
	}
	return all
}

// note builds an entry from the outcomes of records.
type note struct {
	batch  *Batch
	prints []string
	entry  ledger.Entry
}

func newNote(b *Batch, prints []string) *note {
	return &note{batch: b, prints: prints, entry: ledger.Entry{Has: make(map[string]ledger.Bits)}}
}

// add adds the records with one sequence number, which must be higher than the earlier
// ones. Usually there is one record, but an entry about a number must hold for all of them.
func (n *note) add(group []int) {
	e, targets := &n.entry, n.batch.Report.Targets
	seq := n.batch.Records[group[0]].Seq
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

// name adds a name and returns its index.
func (n *note) name(name string) int {
	n.entry.Names = append(n.entry.Names, name)
	return len(n.entry.Names) - 1
}

// set records that target t has the record or part named k.
func (n *note) set(t, k int) {
	fingerprint := n.prints[t]
	n.entry.Has[fingerprint] = n.entry.Has[fingerprint].With(k)
}

// bySeq sorts records by sequence number and groups equal numbers.
func (r *Batch) bySeq(at []int) (groups [][]int) {
	seq := func(i int) string { return r.Records[i].Seq }
	slices.SortFunc(at, func(a, b int) int {
		switch {
		case event.Before(event.Number(seq(a)), event.Number(seq(b))):
			return -1
		case event.Before(event.Number(seq(b)), event.Number(seq(a))):
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

// hasAll reports whether a target has all of the given records.
func hasAll(t *engine.TargetReport, recs []int) bool {
	return !slices.ContainsFunc(recs, func(i int) bool { return t.Fate(i) == engine.FateFailed })
}

// says reports whether the ledger already holds this entry, so that no write is needed.
// While a target is down, each retry of a batch produces the same entry.
func (rec *reading) says(s shard, e ledger.Entry) bool {
	return slices.ContainsFunc(rec.found[s], func(old ledger.Entry) bool {
		return old.Last == e.Last && time.Until(old.Expires) > ledger.Keep/2 &&
			slices.Equal(old.Names, e.Names) && maps.EqualFunc(old.Has, e.Has, slices.Equal)
	})
}

// batch identifies an entry.
type batch struct {
	shard shard
	last  string
}

// passed returns the entries that end with a record of the batch that does not come again.
// They describe this batch and are now obsolete. Entries that end elsewhere belong to batches
// in progress, or to a batch that was split.
func (rec *reading) passed(again bool) (passed []batch) {
	r := rec.batch
	if len(rec.found) == 0 || again && r.Done == nil {
		return nil
	}
	lasts := make(map[batch]bool)
	for s, entries := range rec.found {
		for i := range entries {
			lasts[batch{s, entries[i].Last}] = true
		}
	}
	for i := range r.Records {
		if again && r.returns(i) {
			continue
		}
		if b := (batch{r.shard(i), event.Number(r.Records[i].Seq)}); lasts[b] {
			passed = append(passed, b)
		}
	}
	return passed
}
