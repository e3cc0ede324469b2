package pattern

// matches reports whether the event that was read matches.
func (w *walk) matches() bool {
	w.contexts[0].next = len(w.contexts)
	direct, inside := w.direct(0), w.inside(0)
	for i := range inside {
		inside[i] |= direct[i]
	}
	for _, needs := range w.p.rules {
		if w.holds(needs, 0) {
			return true
		}
	}
	return false
}

// holds reports whether a context has all of needs, fields in order.
//
// Fields that an array has are next to one another, so they are looked for together, in
// each element of the array. The fields behind them do not depend on the element. So
// nothing is tried twice.
func (w *walk) holds(needs []need, c int) bool {
	direct, inside := w.direct(c), w.inside(c)
	for len(needs) > 0 {
		switch n := &needs[0]; {
		case n.absent >= 0 && !inside.has(n.absent), direct.has(n.list):
			needs = needs[1:]
		case !inside.has(n.list):
			return false
		default:
			behind := w.inArray(needs, c)
			if behind == 0 {
				return false
			}
			needs = needs[behind:]
		}
	}
	return true
}

// inArray looks for the first of needs in an array of context c, together with all others
// that are in the array. It returns how many it found: all of them, or none.
func (w *walk) inArray(needs []need, c int) int {
	first := &needs[0]
	for e := c + 1; e < w.contexts[c].next; e = w.contexts[e].next {
		if !w.inside(e).has(first.list) {
			continue
		}
		n, array := 1, w.contexts[e].node
		for n < len(needs) && needs[n].node.within(array) {
			n++
		}
		if w.holds(needs[:n], e) {
			return n
		}
	}
	return 0
}
