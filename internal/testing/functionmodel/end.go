package functionmodel

import (
	"maps"
	"slices"

	"fanout/internal/testing/modelkit"
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
			for _, p := range t.parts(r) {
				for _, name := range p.names {
					w.judgeArrivals(t, r, name)
				}
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
	case n > 0 && t.filtersOut(r, name):
		w.Broken(filtering, "target %s got %s of record %s, which its filter or program takes out", t, name, r.seq)
	case n == 0 && !r.givenUp && !t.mayLack(r, name):
		w.Broken(complete, "target %s never got %s of record %s", t, name, r.seq)
	case t.own[name] > 1 && w.takesOnce(t):
		w.Broken(noneTwice, "target %s has %s of record %s %d times", t, name, r.seq, t.own[name])
	case n > most && w.remembersAll():
		w.Broken(once, "target %s got %s of record %s %d times; at most %d have a reason", t, name, r.seq, n, most)
	}
}

// judgeOrder checks that the first arrivals of a key came in order.
func (w *world) judgeOrder(t *modelTarget, rd *reader) {
	t.eachArrival(rd, t.firstPlace, func(r *sourceRecord, key, name, before string) {
		if t.firstPlace[name] < t.firstPlace[before] && !t.mayChangePlaces(before, t.firstWith[name]) {
			w.Broken(t.order(), "target %s got %s after %s of record %s, a later one of %s", t, before, name, r.seq, key)
		}
	})
}

// judgeLatest checks that no older value of a key came after the latest one.
func (w *world) judgeLatest(t *modelTarget, rd *reader) {
	// The end of a batch that was given up may not have come again.
	givenUp := slices.ContainsFunc(rd.all, func(r *sourceRecord) bool { return r.givenUp })
	if givenUp {
		return
	}
	places := maps.Clone(t.lastPlace)
	maps.DeleteFunc(places, func(name string, _ int) bool { return t.diverted[name] })
	t.eachArrival(rd, places, func(r *sourceRecord, key, name, before string) {
		if places[name] < places[before] && !t.mayChangePlaces(before, t.lastWith[name]) {
			w.Broken(t.order(), "target %s keeps an older value of %s than %s of record %s", t, key, name, r.seq)
		}
	})
}

// order returns the promise about the order of an ordered target.
func (t *modelTarget) order() modelkit.Promise {
	if t.spec.OrderRequests {
		return requestsInOrder
	}
	return inOrder
}

// mayChangePlaces reports whether a user record may come behind a later one that a request with
// some user records brought.
func (t *modelTarget) mayChangePlaces(earlier string, with []string) bool {
	return t.spec.OrderRequests && t.limits.OnePerKey && slices.Contains(with, earlier)
}

// eachArrival calls f for each user record of rd with a place at t, and the name of the user record
// with a place before it that has the same key. It leaves out user records that t may drop, because one
// that is too large in one batch may come in another.
func (t *modelTarget) eachArrival(rd *reader, places map[string]int, f func(r *sourceRecord, key, name, before string)) {
	last := map[string]string{}
	for _, r := range rd.all {
		for _, p := range t.parts(r) {
			for _, name := range p.names {
				if _, came := places[name]; !came || t.mayDrop(r, name) {
					continue
				}
				if before := last[p.key]; before != "" {
					f(r, p.key, name, before)
				}
				last[p.key] = name
			}
		}
	}
}
