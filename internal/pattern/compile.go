package pattern

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf16"

	"fanout/internal/jsonscan"
	"fanout/internal/near"
)

// Bounds on a pattern. They bound the time and the memory of a match.
const (
	MaxSize   = 64 << 10 // bytes of JSON
	maxRules  = 1000     // combinations of $or
	maxFields = 256      // fields of one combination
	maxLists  = 1000     // lists of values
	maxNames  = 100      // names on the way to a field
)

// rule is a combination of fields that matches.
type rule []field

// field is a list of values at a name.
type field struct {
	node  *node
	list  *list
	place string
}

// reserved are names that event-ruler keeps from fields inside of $or, for operators.
var reserved = append(slices.Clone(operators),
	"=", "<", "<=", ">", ">=", "regex", "not-wildcard", "not-equals-ignore-case",
	"date-after", "date-on-or-after", "date-before", "date-on-or-before", "in-date-range",
	"ip-address-in-range", "ip-address-not-in-range")

// compiler compiles one pattern.
type compiler struct {
	faults Faults
	beyond bool // one of the bounds has a fault
	root   node
	nodes  []*node // with a list of values
	lists  int32
}

// Compile compiles an event pattern, a JSON object. The error is [Faults].
func Compile(text []byte) (*Pattern, error) {
	if len(text) > MaxSize {
		return nil, Faults{{Text: fmt.Sprintf("the pattern is %d bytes long; write at most %d", len(text), MaxSize)}}
	}
	v, faults := parse(text)
	if faults != nil {
		return nil, faults
	}
	if v.kind != jsonscan.Object {
		return nil, Faults{{Text: fmt.Sprintf(`the pattern is %s; write an object such as {"data": {"type": ["order"]}}`, v.kind)}}
	}
	c := compiler{root: node{seen: -1}}
	rules := c.object(&v, place{})
	if c.check(rules); c.faults != nil {
		return nil, c.faults
	}
	return c.build(rules), nil
}

// place is where the compiler is.
type place struct {
	at    string // for faults
	path  string // the names to here, joined with dots
	names int
	or    bool // inside of $or
}

func (p place) below(name string) place {
	in := place{Place(p.at, name), name, p.names + 1 + strings.Count(name, "."), p.or}
	if p.names > 0 {
		in.path = p.path + "." + name
	}
	return in
}

// object returns the rules that an object stands for.
func (c *compiler) object(v *value, p place) []rule {
	if len(v.members) == 0 {
		c.fault(p.at, "%s names no field; write at least one", subject(p))
	}
	rules := []rule{nil}
	for i := range v.members {
		m := &v.members[i]
		rules = c.both(rules, c.member(m, p), Place(p.at, m.name))
	}
	return rules
}

func subject(p place) string {
	if p.at == "" {
		return "the pattern"
	}
	return "the object"
}

// member returns the rules that a member of an object stands for.
func (c *compiler) member(m *member, p place) []rule {
	if m.name == "$or" {
		p.at, p.or = Place(p.at, m.name), true
		return c.or(&m.value, p)
	}
	in := p.below(m.name)
	if in.names > maxNames {
		c.bound(in.at, "is below more than %d names; write fewer", maxNames)
		return []rule{nil}
	}
	if p.or && slices.Contains(reserved, m.name) {
		c.fault(in.at, "is the name of an operator, which is no name for a field inside of $or; write the name of a field around it")
		return []rule{nil}
	}
	switch m.value.kind {
	case jsonscan.Object:
		return c.object(&m.value, in)
	case jsonscan.Array:
		return []rule{{c.field(&m.value, in)}}
	default:
		c.fault(in.at, `is %s; write a list of values such as ["a", "b"], or an object of fields`, m.value.kind)
		return []rule{nil}
	}
}

// field compiles the list of values at a place.
func (c *compiler) field(v *value, p place) field {
	f := field{c.root.make(p.path), c.list(v, p.at), p.at}
	if f.node.lists == nil {
		f.node.path = p.path
		c.nodes = append(c.nodes, f.node)
	}
	f.node.lists = append(f.node.lists, f.list)
	return f
}

// or returns the rules of all branches of an $or.
func (c *compiler) or(v *value, p place) []rule {
	if v.kind != jsonscan.Array || len(v.list) < 2 {
		c.fault(p.at, "is not a list of two objects or more; write one object for each alternative")
		return []rule{nil}
	}
	var rules []rule
	for i := range v.list {
		branch, at := &v.list[i], p
		at.at = element(p.at, i)
		if branch.kind != jsonscan.Object {
			c.fault(at.at, "is %s; write an object of fields", branch.kind)
			continue
		}
		if rules = append(rules, c.object(branch, at)...); len(rules) > maxRules {
			c.tooMany(p.at)
			return []rule{nil}
		}
	}
	return rules
}

func (c *compiler) tooMany(at string) {
	c.bound(at, "makes more than %d combinations of the branches of $or; write fewer branches, or split the pattern", maxRules)
}

// bound notes the first place where the pattern is too large.
func (c *compiler) bound(at, format string, most int) {
	if !c.beyond {
		c.beyond = true
		c.fault(at, format, most)
	}
}

// both returns the rules that match where one of a and one of b match.
func (c *compiler) both(a, b []rule, at string) []rule {
	if len(a)*len(b) > maxRules {
		c.tooMany(at)
		return a
	}
	rules := make([]rule, 0, len(a)*len(b))
	for _, x := range a {
		for _, y := range b {
			if len(x)+len(y) > maxFields {
				c.bound(at, "is beyond the %d fields that a pattern may name together; write fewer", maxFields)
				return a
			}
			rules = append(rules, slices.Concat(x, y))
		}
	}
	return rules
}

// check sorts the fields of all rules, and finds fields that a rule has twice, or inside
// of each other.
func (c *compiler) check(rules []rule) {
	slices.SortFunc(c.nodes, func(a, b *node) int { return byUTF16(a.path, b.path) })
	for i, n := range c.nodes {
		n.order = i
	}
	told := make(map[string]bool)
	for i, r := range rules {
		slices.SortStableFunc(r, func(a, b field) int { return a.node.order - b.node.order })
		for _, f := range r {
			why := ""
			if f.node.rule == i+1 {
				why = "is a second list for this field; write all its values in one list"
			}
			f.node.rule = i + 1
			for n := f.node.parent; n != nil && why == ""; n = n.parent {
				if n.rule == i+1 {
					why = "is inside of a field with a list of values of its own; write only one of them"
				}
			}
			if why != "" && !told[f.place] {
				told[f.place] = true
				c.fault(f.place, "%s", why)
			}
		}
	}
}

// byUTF16 compares strings as Java does. The order decides for exists: false: only
// fields before it choose an element of an array.
func byUTF16(a, b string) int {
	return slices.Compare(utf16.Encode([]rune(a)), utf16.Encode([]rune(b)))
}

// unknown describes an operator that does not exist.
func unknown(name string, known []string) string {
	if like := near.Closest(name, known); like != "" {
		return "is not an operator here; did you mean " + like + "?"
	}
	return "is not an operator here; write " + oneOf(known)
}

func oneOf(names []string) string {
	last := len(names) - 1
	if last == 0 {
		return names[0]
	}
	return strings.Join(names[:last], ", ") + " or " + names[last]
}
