package functionmodel

import (
	"maps"
	"slices"
)

// judgeEnd judges the final content of a target.
func (w *world) judgeEnd(t *modelTarget) {
	w.Count("arrivals", t.total)
	w.Count("user records diverted", len(t.diverted))
	if !t.spec.Active {
		return
	}
	for _, rd := range t.source.readers {
		for _, r := range rd.all {
			for _, u := range r.users {
				w.judgeArrivals(t, r, u.name)
			}
		}
		if t.ordered() {
			w.judgeOrder(t, rd)
			w.judgeLatest(t, rd)
		}
	}
}

// judgeArrivals checks that a user record came to t, and not too often.
func (w *world) judgeArrivals(t *modelTarget, r *sourceRecord, name string) {
	n, most := t.arrivals[name], 1+t.mayRepeat[name]
	w.Count("repeats", max(0, n-1))
	switch {
	case n == 0 && !r.givenUp && !t.mayDrop(r, name):
		w.Broken(complete, "target %s never got %s of record %s", t, name, r.seq)
	case n > most && w.remembersAll():
		w.Broken(once, "target %s got %s of record %s %d times; at most %d have a reason", t, name, r.seq, n, most)
	}
}

// judgeOrder checks that the first arrivals of a key came in order.
func (w *world) judgeOrder(t *modelTarget, rd *reader) {
	t.eachArrival(rd, t.firstPlace, func(r *sourceRecord, u userRecord, place, last int) {
		if place < last {
			w.Broken(inOrder, "target %s got %s of record %s after a later one of %s", t, u.name, r.seq, t.keyOf(r, u))
		}
	})
}

// judgeLatest checks that no older value of a key came after the latest one.
func (w *world) judgeLatest(t *modelTarget, rd *reader) {
	// The end of a batch that was given up may not have come again.
	givenUp := slices.ContainsFunc(rd.all, func(r *sourceRecord) bool { return r.givenUp })
	// A FIFO queue drops the second of two equal messages. If the function forgot a delivery, it may
	// merge other records than the first time, and the messages are not equal.
	unequal := t.fifo && t.merges() && (w.crashed || !w.remembersAll())
	if givenUp || unequal {
		return
	}
	places := maps.Clone(t.lastPlace)
	maps.DeleteFunc(places, func(name string, _ int) bool { return t.diverted[name] })
	t.eachArrival(rd, places, func(r *sourceRecord, u userRecord, place, last int) {
		if place < last {
			w.Broken(inOrder, "target %s keeps an older value of %s than %s of record %s", t, t.keyOf(r, u), u.name, r.seq)
		}
	})
}

// eachArrival calls f for each user record of rd that came to t, with its place and the place of the
// user record before it with the same key. It leaves out user records that t may drop, because one
// that is too large in one batch may come in another.
func (t *modelTarget) eachArrival(rd *reader, places map[string]int, f func(r *sourceRecord, u userRecord, place, last int)) {
	last := map[string]int{}
	for _, r := range rd.all {
		for _, u := range r.users {
			place, came := places[u.name]
			if !came || t.mayDrop(r, u.name) {
				continue
			}
			key := t.keyOf(r, u)
			f(r, u, place, last[key])
			last[key] = place
		}
	}
}

// keyOf returns the key that u, a user record of r, has at t.
func (t *modelTarget) keyOf(r *sourceRecord, u userRecord) string {
	if t.splits(r) {
		return u.key
	}
	return r.key
}
