package engine

import "slices"

// Held says how much of a source record a target has. The zero Held means none of
// it.
type Held struct {
	All bool // everything that the target's stages make of the record

	// For a record that the stages split, if the target has only some parts:
	Of   int   // how many parts there are
	Subs []int // Sub of each part that the target has, ascending
}

// has reports whether the target has the part with this Sub of a record that now
// has n parts. A different number of parts means that they are different parts.
func (h *Held) has(sub, n int) bool {
	if h.All || n != h.Of {
		return h.All
	}
	_, found := slices.BinarySearch(h.Subs, sub)
	return found
}

// Held returns how much of source record i the target now has.
func (t *TargetReport) Held(i int) Held {
	if t.fates[i] != FateFailed {
		return Held{All: true}
	}
	return t.held[i]
}

// part names a part of a source record.
type part struct {
	src int // index of the source record
	sub int
}

// failedPart remembers a failed part, in case other parts of its record did not
// fail.
func (l *tally) failedPart(r *Record) {
	if l.split {
		r.leaves(func(leaf *Record) { l.failedParts = append(l.failedParts, part{int(leaf.src) - 1, leaf.Sub}) })
	}
}

// held returns the parts that the target has of split records that failed. If the
// fate of one part is unknown, all parts of its record that this run sent count as
// failed, and only the parts from before the run remain.
func (l *tally) held() map[int]Held {
	if !l.split || l.report.Failed == 0 {
		return nil
	}
	failed := make(map[part]bool, len(l.failedParts))
	for _, p := range l.failedParts {
		failed[p] = true
	}
	eachRecord(l.lanes, l.losses, func(r *Record) {
		r.leaves(func(leaf *Record) {
			if src := int(leaf.src) - 1; l.owed[src] > 0 {
				failed[part{src, leaf.Sub}] = true
			}
		})
	})
	held := make(map[int]Held)
	l.parts(func(leaf *Record) {
		p := part{int(leaf.src) - 1, leaf.Sub}
		if l.report.fates[p.src] != FateFailed {
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
		if len(h.Subs) == 0 {
			delete(held, src)
			continue
		}
		slices.Sort(h.Subs)
		h.Subs = slices.Compact(h.Subs)
		held[src] = h
	}
	return held
}
