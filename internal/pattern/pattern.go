package pattern

import (
	"bytes"
	"slices"
	"strings"
)

// Pattern is a compiled pattern. It is safe for concurrent use.
type Pattern struct {
	root  node
	rules [][]need
	words int // of a set of lists, 64 each
}

// node is a name in the tree of all names in a pattern.
type node struct {
	name     string
	children []*node          // in order
	byName   map[string]*node // the children, if there are many
	lists    []*list          // of values, if the name leads to a field
	seen     int32            // the place in a set of lists where the field is present; -1 for unused
	id, end  int32            // the nodes below have ids between these

	// For the compiler.
	parent *node
	path   string // all names to here, if there are lists
	order  int    // among the nodes with lists
	rule   int    // the last one with this node
}

// many is how many children are faster to find in a map.
const many = 8

// within reports whether n is m, or below m.
func (n *node) within(m *node) bool { return m.id <= n.id && n.id < m.end }

// need is a field of a rule.
type need struct {
	node   *node
	list   int32
	absent int32 // the place that must not be set instead; -1 if the field must be there
}

// build makes a Pattern of valid rules.
func (c *compiler) build(rules []rule) *Pattern {
	p := &Pattern{root: c.root}
	sets := c.lists
	for _, r := range rules {
		needs := make([]need, len(r))
		for i, f := range r {
			if f.list.absent && f.node.seen < 0 {
				f.node.seen, sets = sets, sets+1
			}
			needs[i] = need{f.node, f.list.id, -1}
			if f.list.absent {
				needs[i].absent = f.node.seen
			}
		}
		p.rules = append(p.rules, needs)
	}
	p.root.finish(0)
	p.words = int(sets+63) / 64
	return p
}

// child returns the index of the node with a name directly below n.
func (n *node) child(name string) (i int, ok bool) {
	return slices.BinarySearchFunc(n.children, name, func(c *node, name string) int { return strings.Compare(c.name, name) })
}

// make returns the node at a path below n.
func (n *node) make(path string) *node {
	for name := range strings.SplitSeq(path, ".") {
		i, ok := n.child(name)
		if !ok {
			n.children = slices.Insert(n.children, i, &node{name: name, seen: -1, parent: n})
		}
		n = n.children[i]
	}
	return n
}

// finish numbers n and all nodes below it, and returns the next number.
func (n *node) finish(id int32) int32 {
	n.id = id
	id++
	if len(n.children) > many {
		n.byName = make(map[string]*node)
	}
	for _, child := range n.children {
		id = child.finish(id)
		if n.byName != nil {
			n.byName[child.name] = child
		}
	}
	n.end = id
	return id
}

// step returns the node below n that the name of a member leads to, or nil. A dot in a
// name separates names, as in event-ruler.
func (n *node) step(name []byte) *node {
	if n.byName != nil {
		first, rest, more := bytes.Cut(name, []byte("."))
		child := n.byName[string(first)]
		if more && child != nil {
			return child.step(rest)
		}
		return child
	}
	for _, child := range n.children {
		switch l := len(child.name); {
		case len(name) < l || string(name[:l]) != child.name:
		case len(name) == l:
			return child
		case name[l] == '.':
			return child.step(name[l+1:])
		}
	}
	return nil
}

// Names returns the names below a path that the pattern looks at, in order. Without a
// path they are the names of the event itself.
func (p *Pattern) Names(path ...string) []string {
	at := p.root.find(path)
	if at == nil {
		return nil
	}
	names := make([]string, len(at.children))
	for i, n := range at.children {
		names[i] = n.name
	}
	return names
}

// Lists reports whether the pattern has a list of values for the field at a path.
func (p *Pattern) Lists(path ...string) bool {
	at := p.root.find(path)
	return at != nil && at.lists != nil
}

// find returns the node at a path below n, or nil.
func (n *node) find(path []string) *node {
	for _, name := range path {
		i, ok := n.child(name)
		if !ok {
			return nil
		}
		n = n.children[i]
	}
	return n
}
