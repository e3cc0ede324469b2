package engine

import "slices"

// held returns the parts that the target has of split records that failed. If the
// fate of one part is unknown, all parts of its record that this run sent count as
// failed, and only the parts from before the run remain. A target that keeps order
// then gets the later records of the same keys again too, so that no older value
// stays: they are stale.
func (t *tally) held() map[int]Held {
	failed := make(map[part]bool, len(t.failedParts))
	for _, p := range t.failedParts {
		failed[p] = true
	}
	unknown := t.unknown(failed)
	var stale map[int]bool
	if unknown && t.ordered {
		stale = t.stale(failed)
	}
	held := make(map[int]Held)
	t.parts(func(leaf *Record) {
		p := partOf(leaf)
		if t.report.fates[p.src] != FateFailed && !stale[p.src] {
			return
		}
		h := held[p.src]
		h.Of++
		if !failed[p] {
			h.Subs = append(h.Subs, p.sub)
		}
		held[p.src] = h
	})
	for src, h := range held {
		if len(h.Subs) == 0 && !stale[src] {
			delete(held, src)
			continue
		}
		slices.Sort(h.Subs)
		h.Subs = slices.Compact(h.Subs)
		held[src] = h
	}
	return held
}

func partOf(leaf *Record) part { return part{int(leaf.src) - 1, leaf.Sub} }

// unknown adds the parts of records with a part whose fate is unknown, and reports
// whether there are any.
func (t *tally) unknown(failed map[part]bool) (found bool) {
	eachRecord(t.lanes, t.losses, func(r *Record) {
		r.leaves(func(leaf *Record) {
			if p := partOf(leaf); t.unbooked[p.src] > 0 {
				failed[p], found = true, true
			}
		})
	})
	return found
}

// stale adds the delivered parts behind a part of their key whose fate is unknown. It
// returns the source records of these parts that did not fail.
func (t *tally) stale(failed map[part]bool) map[int]bool {
	stale := make(map[int]bool)
	for _, l := range t.lanes {
		again := make(map[string]bool) // keys
		for i := range l.recs {
			l.recs[i].leaves(func(leaf *Record) {
				p := partOf(leaf)
				switch fate := t.report.fates[p.src]; {
				case t.unbooked[p.src] > 0:
					again[leaf.Key] = true
				case again[leaf.Key] && (fate == FateDelivered || fate == FateFailed):
					failed[p] = true
					if fate == FateDelivered {
						stale[p.src] = true
					}
				}
			})
		}
	}
	return stale
}
