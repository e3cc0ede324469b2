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

// Learn writes down what targets have of a batch that Lambda sends again. If it does
// not, Learn removes what was written of the batch before; where nothing had failed there
// is nothing to do.
func (rec *reading) Learn(ctx context.Context, again bool) error {
	ctx, cancel := writable(ctx)
	defer cancel()
	m := rec.shared
	p := pool.New().WithErrors().WithMaxGoroutines(maxShards)
	if !again {
		for _, b := range rec.passed() {
			p.Go(func() error { return m.Table.Delete(ctx, m.name(b.shard), b.last) })
		}
		return p.Wait()
	}
	for s, e := range rec.entries() {
		if !rec.says(s, e) {
			p.Go(func() error { return m.Table.Write(ctx, m.name(s), e) })
		}
	}
	return p.Wait()
}

// writable returns a context that leaves time to answer: half of what is left.
func writable(ctx context.Context) (context.Context, context.CancelFunc) {
	limit := writing
	if deadline, ok := ctx.Deadline(); ok {
		limit = min(limit, time.Until(deadline)/2)
	}
	return context.WithTimeout(ctx, limit)
}

// entries returns what is to be written of the batch, by shard: of every shard of which targets
// have something, or an entry says so, which may hold no more.
func (rec *reading) entries() map[shard]ledger.Entry {
	r := rec.batch
	places := make(map[shard][]int) // of records
	for i := range r.Records {
		if event.Number(r.Records[i].Seq) != "" { // without one it has no place in the ledger
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

// note makes an entry of what became of records.
type note struct {
	batch  *Batch
	prints []string
	entry  ledger.Entry
}

func newNote(b *Batch, prints []string) *note {
	return &note{batch: b, prints: prints, entry: ledger.Entry{Has: make(map[string]ledger.Bits)}}
}

// add adds the records that have a sequence number, which is higher than those before.
// There should be one, but what the ledger says of a number must be true of all of them.
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

// name adds a name and returns its place.
func (n *note) name(name string) int {
	n.entry.Names = append(n.entry.Names, name)
	return len(n.entry.Names) - 1
}

// set says that a target has what a name stands for.
func (n *note) set(t, k int) {
	fingerprint := n.prints[t]
	n.entry.Has[fingerprint] = n.entry.Has[fingerprint].With(k)
}

// bySeq sorts records by sequence number and returns those of each.
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

// hasAll reports whether a target has all of some records.
func hasAll(t *engine.TargetReport, recs []int) bool {
	return !slices.ContainsFunc(recs, func(i int) bool { return t.Fate(i) == engine.FateFailed })
}

// says reports whether an entry need not be written, because it is there already.
// While a target is down, each retry of a batch learns the same again.
func (rec *reading) says(s shard, e ledger.Entry) bool {
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

// passed returns the entries that end with a record of the batch: those of it, of
// which nothing else is to come. Entries that end elsewhere are of batches that are
// handled at the same time, or of one that was split.
func (rec *reading) passed() (passed []batch) {
	if len(rec.found) == 0 {
		return nil
	}
	r := rec.batch
	lasts := make(map[batch]bool)
	for s, entries := range rec.found {
		for i := range entries {
			lasts[batch{s, entries[i].Last}] = true
		}
	}
	for i := range r.Records {
		if b := (batch{r.shard(i), event.Number(r.Records[i].Seq)}); lasts[b] {
			passed = append(passed, b)
		}
	}
	return passed
}
