package pattern

import (
	"net/netip"

	"fanout/internal/jsonscan"
)

// list is a list of values in a pattern. A value of an event matches if it matches one
// of them.
type list struct {
	id      int32 // its place in a set of lists
	absent  bool  // exists: false
	present bool  // exists: true

	texts    map[string]struct{}  // strings
	numbers  map[float64]struct{} // numbers that are compared by value
	words    map[string]struct{}  // null, true, false, and numbers that are compared as text
	ranges   []span
	networks []netip.Prefix
	tests    []textTest
	nots     []list // anything-but
}

// span is a range of numbers.
type span struct {
	low, high         float64
	openLow, openHigh bool // without low, without high
}

func (s span) has(f float64) bool {
	return (f > s.low || f == s.low && !s.openLow) && (f < s.high || f == s.high && !s.openHigh)
}

// add adds k to a set.
func add[K comparable](m *map[K]struct{}, k K) {
	if *m == nil {
		*m = make(map[K]struct{})
	}
	(*m)[k] = struct{}{}
}

// list compiles the list of values at a place.
func (c *compiler) list(v *value, at string) *list {
	l := &list{id: c.lists}
	if c.lists++; c.lists > maxLists {
		c.bound(at, "is beyond the %d lists of values that a pattern may have; write fewer", maxLists)
	}
	if len(v.list) == 0 {
		c.fault(at, `is an empty list, which nothing matches; write at least one value`)
	}
	for i := range v.list {
		c.value(l, &v.list[i], element(at, i))
	}
	return l
}

// value adds one value of a list.
func (c *compiler) value(l *list, v *value, at string) {
	switch v.kind {
	case jsonscan.Plain, jsonscan.Escaped:
		// An address matches in every notation of it.
		if a, ok := address([]byte(v.text)); ok {
			l.networks = append(l.networks, netip.PrefixFrom(a, a.BitLen()))
			return
		}
		add(&l.texts, v.text)
	case jsonscan.Number:
		if f, ok := exact([]byte(v.text)); ok {
			add(&l.numbers, f)
			return
		}
		add(&l.words, v.text)
	case jsonscan.Null, jsonscan.Boolean:
		add(&l.words, v.text)
	case jsonscan.Object:
		c.operator(l, v, at)
	default:
		c.fault(at, `is %s; write a string, a number, true, false, null, or an operator such as {"prefix": "a"}`, v.kind)
	}
}

// leaf is a value of an event that is neither an object nor an array.
type leaf struct {
	kind jsonscan.Kind
	text []byte // the content of a string, or the text of a number or literal
}

// matches reports whether v matches a value of the list.
func (l *list) matches(v *leaf) bool {
	return l.present || l.has(v) || l.misses(v)
}

// misses reports whether v matches an anything-but of the list.
func (l *list) misses(v *leaf) bool {
	for i := range l.nots {
		if !l.nots[i].has(v) {
			return true
		}
	}
	return false
}

func (l *list) has(v *leaf) bool {
	switch v.kind {
	case jsonscan.Plain, jsonscan.Escaped:
		_, ok := l.texts[string(v.text)]
		return ok || l.hasText(v.text) || l.hasAddress(v.text)
	case jsonscan.Number:
		if l.numbers != nil || l.ranges != nil {
			if f, ok := exact(v.text); ok {
				return l.hasNumber(f)
			}
		}
	default:
	}
	_, ok := l.words[string(v.text)]
	return ok
}

func (l *list) hasText(text []byte) bool {
	for i := range l.tests {
		if l.tests[i].matches(text) {
			return true
		}
	}
	return false
}

func (l *list) hasNumber(f float64) bool {
	if _, ok := l.numbers[f]; ok {
		return true
	}
	for _, s := range l.ranges {
		if s.has(f) {
			return true
		}
	}
	return false
}

func (l *list) hasAddress(text []byte) bool {
	if l.networks == nil {
		return false
	}
	a, ok := address(text)
	for i := 0; ok && i < len(l.networks); i++ {
		if l.networks[i].Contains(a) {
			return true
		}
	}
	return false
}
