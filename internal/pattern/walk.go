package pattern

import (
	"sync"

	"fanout/internal/jsonscan"
)

// walk is the state of one match.
type walk struct {
	p    *Pattern
	in   jsonscan.Cursor
	name []byte // room to decode a name
	text []byte // room to decode a string

	// The event is a tree of contexts: the event itself, and each object in an array. A
	// pattern takes its fields from one object of each array, so from one child of a
	// context for each array. An array in an array counts as part of it.
	contexts []context
	sets     []uint64 // of lists, two for each context: see direct and inside
	open     int      // the context that is read
}

// context is an event, or an object in an array, without the objects in arrays inside of
// it. Their contexts follow.
type context struct {
	node *node // of the array, or of the event
	next int   // the context behind all that are inside
}

var walks = sync.Pool{New: func() any { return new(walk) }}

// keep is how many bytes or words of room stay with a walk for the next event.
const keep = 64 << 10

func newWalk(p *Pattern) *walk {
	w := walks.Get().(*walk)
	w.p = p
	w.begin(&p.root)
	return w
}

// free makes w available for the next event.
func (w *walk) free() {
	*w = walk{name: w.name[:0], text: w.text[:0], contexts: w.contexts[:0], sets: w.sets[:0]}
	if cap(w.name) > keep || cap(w.text) > keep || cap(w.contexts) > keep || cap(w.sets) > keep {
		*w = walk{}
	}
	walks.Put(w)
}

// direct returns the set of the lists that match a value of the context itself.
func (w *walk) direct(c int) set { return w.sets[2*c*w.p.words:][:w.p.words] }

// inside returns the set of the lists that match a value of the context or of one inside.
func (w *walk) inside(c int) set { return w.sets[(2*c+1)*w.p.words:][:w.p.words] }

// set is a set of lists.
type set []uint64

func (s set) has(i int32) bool { return s[i/64]&(1<<(i%64)) != 0 }

func (s set) add(i int32) { s[i/64] |= 1 << (i % 64) }

// begin opens a context.
func (w *walk) begin(n *node) {
	w.open = len(w.contexts)
	w.contexts = append(w.contexts, context{node: n})
	for range 2 * w.p.words {
		w.sets = append(w.sets, 0)
	}
}

// end closes the open context, and opens outer again. A context in which nothing
// matches is dropped.
func (w *walk) end(outer int) {
	c := w.open
	w.contexts[c].next = len(w.contexts)
	w.open = outer
	found := uint64(0)
	direct, inside, around := w.direct(c), w.inside(c), w.inside(outer)
	for i := range inside {
		inside[i] |= direct[i]
		around[i] |= inside[i]
		found |= inside[i]
	}
	if found == 0 {
		w.contexts = w.contexts[:c]
		w.sets = w.sets[:2*c*w.p.words]
	}
}

// value reads a value that the names in a pattern lead to.
func (w *walk) value(n *node) bool {
	switch w.in.Peek() {
	case '{':
		return w.object(n)
	case '[':
		return w.array(n)
	}
	v, ok := w.in.Value()
	if !ok || n.lists == nil {
		return ok
	}
	if v.Kind == jsonscan.Escaped {
		w.text = jsonscan.AppendUnescaped(w.text[:0], v.Raw)
		v.Raw = w.text
	}
	w.leaf(n, leaf{v.Kind, v.Raw})
	return true
}

// leaf notes the lists that a value matches.
func (w *walk) leaf(n *node, v leaf) {
	direct := w.direct(w.open)
	if n.seen >= 0 {
		direct.add(n.seen)
	}
	for _, l := range n.lists {
		if !direct.has(l.id) && l.matches(&v) {
			direct.add(l.id)
		}
	}
}

func (w *walk) object(n *node) bool {
	if n.children == nil {
		_, ok := w.in.Value()
		return ok
	}
	more, ok := w.in.Enter('{')
	for more && ok {
		name, named := w.in.Name()
		if !named {
			return false
		}
		if name.Kind == jsonscan.Escaped {
			w.name = jsonscan.AppendUnescaped(w.name[:0], name.Raw)
			name.Raw = w.name
		}
		if child := n.step(name.Raw); child != nil {
			ok = w.value(child)
		} else {
			_, ok = w.in.Value()
		}
		if !ok {
			return false
		}
		more, ok = w.in.Next('}')
	}
	return ok
}

func (w *walk) array(n *node) bool {
	outer := w.open
	more, ok := w.in.Enter('[')
	for more && ok {
		if w.in.Peek() == '{' {
			w.begin(n)
			ok = w.value(n)
			w.end(outer)
		} else {
			ok = w.value(n)
		}
		if !ok {
			return false
		}
		more, ok = w.in.Next(']')
	}
	return ok
}
