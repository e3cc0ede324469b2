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
		case r.Report == nil:
		case again:
			for s, e := range entries(r) {
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

// entries returns what is to be written of r, by shard.
func entries(r *Result) map[shard]ledger.Entry {
	places := make(map[shard][]int) // of records
	for i := range r.records {
		if event.Number(r.records[i].Seq) != "" { // without one it has no place in the ledger
			s := shardOf(r, i)
			places[s] = append(places[s], i)
		}
	}
	prints, all := fingerprints(r.Targets), make(map[shard]ledger.Entry)
	for s, at := range places {
		groups := r.bySeq(at)
		e := ledger.Entry{Last: event.Number(r.records[groups[len(groups)-1][0]].Seq), Has: make(map[string]ledger.Bits)}
		groups = slices.DeleteFunc(groups, func(g []int) bool {
			return !slices.ContainsFunc(r.Report.Targets, func(t engine.TargetReport) bool { return hasAll(&t, g) })
		})
		for _, g := range groups {
			e.Seqs = append(e.Seqs, r.records[g[0]].Seq)
		}
		for t := range r.Report.Targets {
			bits, any := ledger.NewBits(len(groups)), false
			for k, g := range groups {
				if hasAll(&r.Report.Targets[t], g) {
					bits.Set(k)
					any = true
				}
			}
			if any {
				e.Has[prints[t]] = bits
			}
		}
		if len(e.Has) > 0 {
			all[s] = e
		}
	}
	return all
}

// bySeq sorts records by sequence number and returns those of each. There should be
// one, but what the ledger says of a number must be true of all that have it.
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
			slices.Equal(old.Seqs, e.Seqs) && maps.EqualFunc(old.Has, e.Has, slices.Equal)
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
