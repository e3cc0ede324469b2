package tune

import (
	"cmp"
	"maps"
	"slices"

	"fanout/engine"
	"fanout/sinks"
)

// keys are the keys of a request, and the lowest sequence number of its records.
type keys struct {
	names []string
	first string
}

// add adds the key of a record for a target with several lanes. Others need none.
func (k *keys) add(t *sinks.Spec, r *engine.Record) {
	if t.Lanes <= 1 || !t.Ordered() {
		return
	}
	if k.first == "" || r.Seq < k.first {
		k.first = r.Seq
	}
	k.names = append(k.names, r.Key)
}

// sortLanes numbers the lanes of the requests. The engine deals keys to lanes, so requests that
// share a key, directly or through others, are of one lane. The numbers do not depend on
// the speed of requests.
func (t *TargetShape) sortLanes() {
	groups := make([]int, len(t.Requests)) // a forest of requests: the parent of each
	for i := range groups {
		groups[i] = i
	}
	root := func(i int) int {
		for groups[i] != i {
			groups[i] = groups[groups[i]]
			i = groups[i]
		}
		return i
	}
	owner := make(map[string]int)
	for i := range t.keys {
		for _, name := range t.keys[i].names {
			if k, ok := owner[name]; ok {
				groups[root(i)] = root(k)
			} else {
				owner[name] = i
			}
		}
	}
	firsts := make(map[int]string) // by root: the lowest sequence number
	for i := range t.keys {
		if first, ok := firsts[root(i)]; !ok || t.keys[i].first < first {
			firsts[root(i)] = t.keys[i].first
		}
	}
	order := slices.SortedFunc(maps.Keys(firsts), func(a, b int) int { return cmp.Compare(firsts[a], firsts[b]) })
	number := make(map[int]int, len(order))
	for n, r := range order {
		number[r] = n
	}
	for i := range t.Requests {
		t.Requests[i].Lane = number[root(i)]
	}
	slices.SortStableFunc(t.Requests, func(a, b Request) int { return cmp.Compare(a.Lane, b.Lane) })
	t.keys = nil
}
