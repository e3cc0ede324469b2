package pattern

import (
	"math"
	"slices"

	"fanout/internal/jsonscan"
)

// operators are the names of all operators. The docs of EventBridge do not mention
// "exactly", which event-ruler has.
var operators = []string{"prefix", "suffix", "equals-ignore-case", "wildcard", "anything-but", "numeric", "exists", "cidr", "exactly"}

// butOperators are the operators inside of anything-but.
var butOperators = []string{"prefix", "suffix", "equals-ignore-case", "wildcard"}

// only returns the one member of an object, which is an operator, and its place.
func (c *compiler) only(v *value, at, example string) (*member, string, bool) {
	switch len(v.members) {
	case 1:
		m := &v.members[0]
		return m, Place(at, m.name), true
	case 0:
		c.fault(at, `is an empty object; write an operator such as {%q: "a"}`, example)
	default:
		c.fault(at, "has %d operators; write an object for each", len(v.members))
	}
	return nil, "", false
}

// operator adds the value {"name": …} to a list.
func (c *compiler) operator(l *list, v *value, at string) {
	m, at, ok := c.only(v, at, "prefix")
	if !ok {
		return
	}
	switch v := &m.value; m.name {
	case "exactly":
		if s, ok := c.text(v, at); ok {
			add(&l.texts, s)
		}
	case "prefix", "suffix":
		if v.kind == jsonscan.Object {
			c.ignoringCase(l, m.name, v, at)
			return
		}
		c.test(l, m.name, v, at)
	case "equals-ignore-case", "wildcard":
		c.test(l, m.name, v, at)
	case "anything-but":
		l.nots = append(l.nots, c.anythingBut(v, at))
	case "numeric":
		c.numeric(l, v, at)
	case "exists":
		c.exists(l, v, at)
	case "cidr":
		c.cidr(l, v, at)
	default:
		c.fault(at, "%s", unknown(m.name, operators))
	}
}

// text returns the content of a string.
func (c *compiler) text(v *value, at string) (string, bool) {
	if !v.isString() {
		c.fault(at, "is %s; write a string", v.kind)
	}
	return v.text, v.isString()
}

// test adds a test of strings to a list.
func (c *compiler) test(l *list, name string, v *value, at string) {
	s, ok := c.text(v, at)
	if !ok {
		return
	}
	t, why := newTextTest(name, s)
	if why != "" {
		c.fault(at, "%s", why)
		return
	}
	l.tests = append(l.tests, t)
}

// ignoringCase adds {"prefix": {"equals-ignore-case": …}} to a list, or the same for
// suffix.
func (c *compiler) ignoringCase(l *list, name string, v *value, at string) {
	const operator = "equals-ignore-case"
	m, at, ok := c.only(v, at, operator)
	switch {
	case !ok:
	case m.name != operator:
		c.fault(at, "%s", unknown(m.name, []string{operator}))
	default:
		c.test(l, name+" "+operator, &m.value, at)
	}
}

// anythingBut compiles the values that do not match.
func (c *compiler) anythingBut(v *value, at string) list {
	var not list
	if v.kind != jsonscan.Object {
		c.butValues(&not, v, at)
		return not
	}
	m, at, ok := c.only(v, at, "prefix")
	switch {
	case !ok:
	case slices.Contains(butOperators, m.name):
		for i, e := range c.elements(&m.value, at) {
			at := at
			if m.value.kind == jsonscan.Array {
				at = element(at, i)
			}
			if (m.name == "prefix" || m.name == "suffix") && e.isString() && e.text == "" {
				c.fault(at, "is empty, so nothing matches; write at least one character")
				continue
			}
			c.test(&not, m.name, e, at)
		}
	default:
		c.fault(at, "%s", unknown(m.name, butOperators))
	}
	return not
}

// elements returns the elements of a list, or a value itself if it is no list.
func (c *compiler) elements(v *value, at string) []*value {
	if v.kind != jsonscan.Array {
		return []*value{v}
	}
	if len(v.list) == 0 {
		c.fault(at, "is an empty list; write at least one value")
	}
	all := make([]*value, len(v.list))
	for i := range v.list {
		all[i] = &v.list[i]
	}
	return all
}

// butValues adds the strings or the numbers that do not match.
func (c *compiler) butValues(not *list, v *value, at string) {
	for _, e := range c.elements(v, at) {
		switch {
		case e.isString():
			add(&not.texts, e.text)
		case e.kind != jsonscan.Number:
			c.fault(at, "has %s; write strings or numbers, or an object with %s", e.kind, oneOf(butOperators))
			return
		default:
			if f, ok := c.number(e, at); ok {
				add(&not.numbers, f)
			}
		}
	}
	if not.texts != nil && not.numbers != nil {
		c.fault(at, "has strings and numbers; write only strings or only numbers")
	}
}

// number returns the value of a number.
func (c *compiler) number(v *value, at string) (float64, bool) {
	f, ok := exact([]byte(v.text))
	if !ok {
		c.fault(at, "has the number %s, which no float64 holds exactly; write one with at most 15 digits", brief(v.text))
	}
	return f, ok
}

func (c *compiler) exists(l *list, v *value, at string) {
	switch v.text {
	case "true":
		l.present = l.present || v.kind == jsonscan.Boolean
	case "false":
		l.absent = l.absent || v.kind == jsonscan.Boolean
	}
	if v.kind != jsonscan.Boolean {
		c.fault(at, "is %s; write true or false", v.kind)
	}
}

// numeric adds a range of numbers to a list.
func (c *compiler) numeric(l *list, v *value, at string) {
	const forms = `["=", 5], [">", 0] or [">=", 0, "<", 5]`
	n := len(v.list)
	if v.kind != jsonscan.Array || n != 2 && n != 4 {
		c.fault(at, "is not a list of one or two comparisons; write one such as %s", forms)
		return
	}
	s := span{low: -math.MaxFloat64, high: math.MaxFloat64}
	for i := 0; i < n; i += 2 {
		op, bound := &v.list[i], &v.list[i+1]
		if bound.kind != jsonscan.Number {
			c.fault(element(at, i+1), "is %s; write a number", bound.kind)
			return
		}
		f, ok := c.number(bound, element(at, i+1))
		if !ok {
			return
		}
		switch {
		case !op.isString():
			c.fault(element(at, i), `is %s; write "=", "<", "<=", ">" or ">="`, op.kind)
			return
		case i == 0 && op.text == "=" && n == 2:
			s.low, s.high = f, f
		case i == 0 && (op.text == ">" || op.text == ">="):
			s.low, s.openLow = f, op.text == ">"
		case i == n-2 && (op.text == "<" || op.text == "<="):
			s.high, s.openHigh = f, op.text == "<"
		default:
			c.fault(element(at, i), "has no meaning here; write one such as %s", forms)
			return
		}
	}
	if n == 4 && s.low >= s.high {
		c.fault(at, "has no numbers between its bounds; write a lower bound below the upper one")
		return
	}
	l.ranges = append(l.ranges, s)
}
