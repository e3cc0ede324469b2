package pattern_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

// tree is a JSON value that is written in a random notation.
type tree struct {
	text    string // of a number or literal
	str     *string
	list    []tree
	members []branch
}

type branch struct {
	name  string
	value tree
}

func str(s string) tree  { return tree{str: &s} }
func lit(s string) tree  { return tree{text: s} }
func arr(l ...tree) tree { return tree{list: append([]tree{}, l...)} }
func obj(m ...branch) tree {
	return tree{members: append([]branch{}, m...)}
}

// maker makes random patterns, and events that match them or nearly do.
type maker struct {
	*rand.Rand
	v6 bool // addresses are of IPv6
}

func (m maker) address() string {
	if m.v6 {
		return pick(m, v6...)
	}
	return pick(m, v4...)
}

func (m maker) network() string {
	if m.v6 {
		return pick(m, nets6...)
	}
	return pick(m, nets4...)
}

func pick[T any](m maker, from ...T) T { return from[m.IntN(len(from))] }

// often reports true n times of a hundred.
func (m maker) often(n int) bool { return m.IntN(100) < n }

var (
	fieldNames = []string{"a", "b", "c", "d", "a-b", "x.y", "é", "state", "ab"}
	strs       = []string{"", "a", "b", "ab", "abc", "ABC", "aBc", "bc", "abcabc", "a*c", `a\c`, `say "hi" now`, "Größe", "GRÖSSE", "größe", "é", "😀", "😀x", "null", "true", "1", "1.0", "line\nbreak", "stopped", "Stopped", "running", "/bin/a.jar", "/bin/b.class", "x/bin/.jar"}
	nums       = []string{"0", "1", "-1", "2", "5", "10", "100", "1.5", "3.018e2", "301.8", "-0.1", "0.1", "123456789012", "1e10", "999999999999999", "1234567890123456789", "9007199254740993", "0.30000000000000004", "1e300", "5e-300"}
	v4         = []string{"10.0.0.1", "10.0.0.255", "10.0.1.0", "192.168.0.1", "255.255.255.255", "0.0.0.0", "010.0.0.1"}
	v6         = []string{"2001:db8::1", "2001:0db8:0:0:0:0:0:1", "2001:DB8::2", "::1", "fe80::1", "::"}
	nets4      = []string{"10.0.0.0/8", "10.0.0.0/24", "10.0.0.128/25", "192.168.0.0/16", "10.0.0.1/31"}
	nets6      = []string{"2001:db8::/32", "2001:db8::/127", "::/64", "fe80::/10"}
	globs      = []string{"*", "a*", "*c", "a*c", "*b*", "a*b*c", "/bin/*.jar", "*/bin/*.jar", "*/bin/*.class", `a\*c`, `a\\*`, "", "*é*", "ab*bc", "a*a*a"}
	leaves     = []string{"null", "true", "false"}
	escapes    = map[byte]string{'"': `\"`, '\\': `\\`, '\n': `\n`, '/': `\/`}
)

func (m maker) str() string {
	s := pick(m, strs...)
	if m.often(5) {
		s += pick(m, strs...)
	}
	return s
}

// object makes the object of a pattern.
func (m maker) object(depth int) tree {
	var o tree
	names := slices.Clone(fieldNames)
	if depth == 0 {
		names = append(names, "detail", "source")
	}
	m.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	for _, name := range names[:1+m.IntN(2)+m.IntN(2)] {
		v := m.values()
		if depth < 3 && m.often(40) {
			v = m.object(depth + 1)
		}
		o.members = append(o.members, branch{name, v})
	}
	if depth < 2 && m.often(15) {
		l := tree{}
		for range 2 + m.IntN(2) {
			l.list = append(l.list, m.object(depth+1))
		}
		at := m.IntN(len(o.members) + 1)
		o.members = slices.Insert(o.members, at, branch{"$or", l})
	}
	return o
}

// values makes the list of values of a field.
func (m maker) values() tree {
	var l tree
	for range 1 + m.IntN(3) {
		l.list = append(l.list, m.value())
	}
	return l
}

func op(name string, v tree) tree { return obj(branch{name, v}) }

func (m maker) value() tree {
	switch m.IntN(20) {
	case 0, 1, 2:
		return str(m.str())
	case 3, 4:
		return lit(pick(m, nums...))
	case 5:
		return lit(pick(m, leaves...))
	case 6:
		return op("prefix", str(m.str()))
	case 7:
		return op("suffix", str(m.str()))
	case 8:
		return op("equals-ignore-case", str(m.noEmoji()))
	case 9:
		return op(pick(m, "prefix", "suffix"), op("equals-ignore-case", str(m.noEmoji())))
	case 10, 11:
		return op("wildcard", str(pick(m, globs...)))
	case 12, 13:
		return op("anything-but", m.not())
	case 14, 15:
		return op("numeric", m.numeric())
	case 16:
		return op("exists", lit("true"))
	case 17:
		return op("exists", lit("false"))
	case 18:
		return op("cidr", str(m.network()))
	default:
		return str(m.address())
	}
}

// noEmoji makes a string without characters that event-ruler does not compare in any case.
func (m maker) noEmoji() string {
	return strings.ReplaceAll(strings.ReplaceAll(m.str(), "😀", "y"), "ß", "s")
}

func (m maker) not() tree {
	some := func(one func() tree) tree {
		if m.often(50) {
			return one()
		}
		var l tree
		for range 1 + m.IntN(3) {
			l.list = append(l.list, one())
		}
		return l
	}
	switch m.IntN(6) {
	case 0:
		return some(func() tree { return str(m.str()) })
	case 1:
		return some(func() tree { return lit(pick(m, nums[:15]...)) })
	case 2:
		return op("wildcard", some(func() tree { return str(pick(m, globs...)) }))
	case 3:
		return op("equals-ignore-case", some(func() tree { return str(m.noEmoji()) }))
	default:
		return op(pick(m, "prefix", "suffix"), some(func() tree {
			for {
				if s := m.str(); s != "" {
					return str(s)
				}
			}
		}))
	}
}

func (m maker) numeric() tree {
	n := func() tree { return lit(pick(m, nums[:15]...)) }
	switch m.IntN(4) {
	case 0:
		return arr(str("="), n())
	case 1:
		return arr(str(pick(m, "<", "<=", ">", ">=")), n())
	default:
		a, b := n(), n()
		x, _ := strconv.ParseFloat(a.text, 64)
		y, _ := strconv.ParseFloat(b.text, 64)
		if x > y {
			a, b = b, a
		} else if x == y {
			b = lit("1e290")
		}
		return arr(str(pick(m, ">", ">=")), a, str(pick(m, "<", "<=")), b)
	}
}

// event makes an object that a pattern matches, or nearly.
func (m maker) event(pattern tree) tree {
	var o tree
	for _, b := range pattern.members {
		switch {
		case b.name == "$or":
			branch := b.value.list[m.IntN(len(b.value.list))]
			o.members = append(o.members, m.event(branch).members...)
			if m.often(20) {
				o.members = append(o.members, m.event(b.value.list[m.IntN(len(b.value.list))]).members...)
			}
		case b.value.list != nil:
			if v, ok := m.witness(b.value.list[m.IntN(len(b.value.list))]); ok {
				o.members = append(o.members, branch{b.name, m.spread(v, b.value)})
			}
		default:
			o.members = append(o.members, branch{b.name, m.spreadObject(b.value)})
		}
	}
	return o
}

// spread hides the value of a field in an array, sometimes.
func (m maker) spread(v, values tree) tree {
	switch m.IntN(14) {
	case 0:
		return arr(v)
	case 1:
		return arr(m.scalar(), v)
	case 2:
		return arr(arr(m.scalar(), v), m.scalar())
	case 3:
		w, ok := m.witness(values.list[m.IntN(len(values.list))])
		if !ok {
			return arr(v)
		}
		return arr(v, obj(branch{pick(m, fieldNames...), w}))
	}
	return v
}

// spreadObject makes the object below a name, or an array with it.
func (m maker) spreadObject(pattern tree) tree {
	v := m.event(pattern)
	switch m.IntN(8) {
	case 0:
		return arr(v)
	case 1: // complete in one element
		return arr(m.part(m.event(pattern)), v, m.scalar())
	case 2: // over several elements
		a, b := tree{members: []branch{}}, tree{members: []branch{}}
		for _, x := range v.members {
			if m.often(50) {
				a.members = append(a.members, x)
			} else {
				b.members = append(b.members, x)
			}
		}
		return arr(a, b)
	case 3:
		return arr(arr(m.part(v), m.event(pattern)), m.part(m.event(pattern)))
	}
	return v
}

// part drops members of an object.
func (m maker) part(o tree) tree {
	p := tree{members: []branch{}}
	for _, b := range o.members {
		if m.often(70) {
			p.members = append(p.members, b)
		}
	}
	return p
}

func (m maker) scalar() tree {
	switch m.IntN(6) {
	case 0:
		return lit(pick(m, nums...))
	case 1:
		return lit(pick(m, leaves...))
	case 2:
		return str(m.address())
	default:
		return str(m.str())
	}
}

// witness makes a value that a value of a pattern matches.
func (m maker) witness(v tree) (tree, bool) {
	if v.str != nil || v.text != "" {
		return v, true
	}
	name, arg := v.members[0].name, v.members[0].value
	if arg.members != nil && name != "anything-but" {
		name, arg = name+"-case", arg.members[0].value
	}
	flip := func(s string) string { return pick(m, strings.ToUpper, strings.ToLower)(s) }
	switch name {
	case "prefix":
		return str(*arg.str + m.str()), true
	case "suffix":
		return str(m.str() + *arg.str), true
	case "equals-ignore-case":
		return str(flip(*arg.str)), true
	case "prefix-case":
		return str(flip(*arg.str) + m.str()), true
	case "suffix-case":
		return str(m.str() + flip(*arg.str)), true
	case "wildcard":
		s := strings.ReplaceAll(strings.ReplaceAll(*arg.str, `\*`, "\x00"), `\\`, "\x01")
		for strings.Contains(s, "*") {
			s = strings.Replace(s, "*", strings.ReplaceAll(m.str(), "*", ""), 1)
		}
		return str(strings.ReplaceAll(strings.ReplaceAll(s, "\x00", "*"), "\x01", `\`)), true
	case "numeric":
		x, _ := strconv.ParseFloat(arg.list[1].text, 64)
		return lit(fmt.Sprint(x + float64(m.IntN(3)-1))), true
	case "exists":
		return m.scalar(), arg.text == "true"
	case "cidr":
		return str(m.address()), true
	default:
		return m.scalar(), true
	}
}

// mutate changes something in an event.
func (m maker) mutate(t *tree) {
	switch {
	case t.members != nil:
		m.mutateObject(t)
	case len(t.list) > 0:
		switch i := m.IntN(len(t.list)); m.IntN(5) {
		case 0:
			t.list = slices.Delete(slices.Clone(t.list), i, i+1)
		case 1:
			t.list = append(slices.Clone(t.list), t.list[i])
		default:
			t.list = slices.Clone(t.list)
			m.mutate(&t.list[i])
		}
	case t.list != nil:
		t.list = append(t.list, m.scalar())
	case t.str != nil && m.often(80):
		s := []rune(*t.str)
		switch i := m.IntN(len(s) + 1); {
		case i == len(s):
			*t = str(*t.str + pick(m, "a", "b", "*", " ", "\n"))
		case m.often(50):
			*t = str(string(slices.Delete(s, i, i+1)))
		default:
			s[i] = pick(m, 'a', 'A', 'b', '.', 'é')
			*t = str(string(s))
		}
	default:
		*t = m.scalar()
	}
}

func (m maker) mutateObject(t *tree) {
	t.members = slices.Clone(t.members)
	extra := branch{pick(m, fieldNames...), m.scalar()}
	if len(t.members) == 0 {
		t.members = append(t.members, extra)
		return
	}
	switch i := m.IntN(len(t.members)); m.IntN(8) {
	case 0:
		t.members = slices.Delete(t.members, i, i+1)
		if t.members == nil {
			t.members = []branch{}
		}
	case 1:
		t.members[i].name = extra.name
	case 2:
		t.members = append(t.members, extra)
	case 3:
		t.members[i].value = pick(m, extra.value, arr(), obj(), arr(t.members[i].value), obj(branch{extra.name, t.members[i].value}))
	default:
		m.mutate(&t.members[i].value)
	}
}

// write writes a value in a random notation.
func (m maker) write(b *strings.Builder, t tree) {
	space := func() {
		if m.often(4) {
			b.WriteString(pick(m, " ", "\n", "\t", "\r\n "))
		}
	}
	space()
	defer space()
	switch {
	case t.str != nil:
		m.writeString(b, *t.str)
	case t.text != "":
		b.WriteString(m.notation(t.text))
	case t.members != nil:
		b.WriteByte('{')
		for i, x := range t.members {
			if i > 0 {
				b.WriteByte(',')
			}
			space()
			name, inner, dotted := strings.Cut(x.name, ".")
			if dotted = dotted && m.often(30); dotted {
				x = branch{name, obj(branch{inner, x.value})}
			}
			m.writeString(b, x.name)
			space()
			b.WriteByte(':')
			m.write(b, x.value)
		}
		b.WriteByte('}')
	default:
		b.WriteByte('[')
		for i, x := range t.list {
			if i > 0 {
				b.WriteByte(',')
			}
			m.write(b, x)
		}
		b.WriteByte(']')
	}
}

func (m maker) writeString(b *strings.Builder, s string) {
	b.WriteByte('"')
	for _, r := range s {
		switch e, ok := escapes[byte(min(r, 255))]; {
		case m.often(3):
			text, _ := json.Marshal(string(r))
			if r < 0x10000 {
				text = fmt.Appendf(nil, `"\u%04x"`, r)
			}
			b.Write(text[1 : len(text)-1])
		case ok && (r != '/' || m.often(20)):
			b.WriteString(e)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
}

// notation returns a number in another notation, sometimes.
func (m maker) notation(s string) string {
	if strings.ContainsAny(s, "tfeEn") || m.often(80) {
		return s
	}
	if strings.Contains(s, ".") {
		return s + pick(m, "0", "e0", "E+0", "00e-0")
	}
	return s + pick(m, ".0", "e0", "E+0", ".00", "0e-1")
}

func (m maker) text(t tree) string {
	var b strings.Builder
	m.write(&b, t)
	return b.String()
}

// hasTwice reports whether an object in t has a name twice, once with an array. A dot in
// a name counts as an object around the rest.
func hasTwice(t tree) bool {
	seen := make(map[string]bool)
	twice, array := false, false
	for _, b := range t.members {
		if hasTwice(b.value) {
			return true
		}
		name, _, _ := strings.Cut(b.name, ".")
		twice = twice || seen[name]
		seen[name] = true
		array = array || b.value.hasArray()
	}
	return twice && array || slices.ContainsFunc(t.list, hasTwice)
}

func (t tree) hasArray() bool {
	return t.list != nil || slices.ContainsFunc(t.members, func(b branch) bool { return b.value.hasArray() })
}
