package ledgermodel

import (
	"slices"

	"fanout/internal/testing/kpl"
)

// judgeTarget judges the content of a target in the end.
func (w *world) judgeTarget(t *modelTarget) {
	for _, s := range w.shards {
		for _, records := range s.groups {
			w.judgeGroup(t, s.id, users(records))
		}
	}
}

// judgeGroup judges the parts of a group of keys.
func (w *world) judgeGroup(t *modelTarget, shard string, parts []kpl.User) {
	ledgerGood, ordered := !w.ledgerFails && !w.intruder, !t.spec.Parallel
	first, last := map[string]int{}, map[string]int{} // by key: places of the part before
	for _, part := range parts {
		place := slices.Index(t.firsts, part.Data)
		if place < 0 {
			w.Broken(complete, "target %s never got %s", t.spec.ID, part.Data)
		}
		if ordered && place < first[part.Key] {
			w.Broken(inOrder, "target %s got %s after a later part of %s", t.spec.ID, part.Data, part.Key)
		}
		if ordered && t.lastPlace[part.Data] < last[part.Key] && ledgerGood {
			w.Broken(latest, "target %s keeps an older part of %s in %s than %s", t.spec.ID, part.Key, shard, part.Data)
		}
		first[part.Key], last[part.Key] = place, t.lastPlace[part.Data]
		n := t.arrivals[part.Data]
		w.Count("repeats", max(0, n-1))
		if n > 1 && !t.mayRepeat[part.Data] && ledgerGood {
			w.Broken(once, "target %s got %s %d times", t.spec.ID, part.Data, n)
		}
	}
}

// judgeTable checks that no entries are left. A process that crashed after its last record was
// delivered may leave some.
func (w *world) judgeTable() {
	if w.ledgerFails || w.intruder {
		return
	}
	for _, t := range w.targets {
		if len(t.mayRepeat) > 0 {
			return
		}
	}
	if n := len(w.table); n > 0 {
		w.Broken(emptied, "entries of %d shards are left", n)
	}
}

func users(records []aggregate) (all []kpl.User) {
	for _, a := range records {
		all = append(all, a.users...)
	}
	return all
}
