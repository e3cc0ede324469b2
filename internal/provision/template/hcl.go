package template

// This file is a writer of HCL because hclwrite has the license MPL-2.0, which
// `make licenses` does not allow in a binary. hclwrite writes the same text with two
// thirds of this code and adds 1.4 MB. TestHCL uses it as an oracle.

import (
	"fmt"
	"strings"
	"unicode"
)

// block is a block of HCL, or the body of an object, in the layout of terraform fmt:
// consecutive lines have their equals signs aligned, and an item of several lines has
// an empty line before and after it.
type block struct {
	head  string // with labels; of nested blocks, their type
	items []item
}

// item is an attribute or, if it has no name, a nested block.
type item struct {
	name  string
	value []string // lines
	inner *block
}

// set adds an attribute. An expression of several lines is given unindented.
func (b *block) set(name, expression string) *block {
	b.items = append(b.items, item{name: name, value: strings.Split(expression, "\n")})
	return b
}

// text adds an attribute that is a string.
func (b *block) text(name, value string) *block { return b.set(name, str(value)) }

// number adds an attribute that is a number.
func (b *block) number(name string, n int) *block { return b.set(name, fmt.Sprint(n)) }

// nest adds a nested block and returns it.
func (b *block) nest(head string) *block {
	inner := &block{head: head}
	b.items = append(b.items, item{inner: inner})
	return inner
}

// lines returns the body, at the margin.
func (b *block) lines() []string {
	var out []string
	for i := 0; i < len(b.items); {
		run := i // attributes of one line each, up to here
		for run < len(b.items) && len(b.items[run].value) == 1 {
			run++
		}
		if i > 0 {
			out = append(out, "")
		}
		if run > i {
			out = append(out, aligned(b.items[i:run])...)
			i = run
			continue
		}
		it := b.items[i]
		if it.inner != nil {
			out = append(out, it.inner.all()...)
		} else {
			out = append(append(out, it.name+" = "+it.value[0]), it.value[1:]...)
		}
		i++
	}
	return out
}

// aligned returns attributes of one line each.
func aligned(items []item) []string {
	width := 0
	for _, it := range items {
		width = max(width, len(it.name))
	}
	out := make([]string, len(items))
	for i, it := range items {
		out[i] = fmt.Sprintf("%-*s = %s", width, it.name, it.value[0])
	}
	return out
}

// all returns the block with its head.
func (b *block) all() []string { return enclose(b.head+" {", b.lines(), "}") }

// enclose returns lines indented between two others.
func enclose(first string, lines []string, last string) []string {
	out := []string{first}
	for _, l := range lines {
		if l != "" {
			l = "  " + l
		}
		out = append(out, l)
	}
	return append(out, last)
}

// asObject returns the body of a block as the expression of an object, between what
// comes before and after its braces.
func (b *block) asObject(before, after string) string {
	return strings.Join(enclose(before+"{", b.lines(), "}"+after), "\n")
}

// list returns a list of strings: one string on one line, more on a line each.
func list(values []string) string {
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = str(v)
	}
	return exprs(quoted)
}

// exprs returns a list of expressions.
func exprs(values []string) string {
	if len(values) < 2 {
		return "[" + strings.Join(values, "") + "]"
	}
	lines := make([]string, len(values))
	for i, v := range values {
		lines[i] = v + ","
	}
	return strings.Join(enclose("[", lines, "]"), "\n")
}

// str quotes a string so that nothing in it begins a template (HCL native syntax,
// Templates).
func str(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case (r == '$' || r == '%') && strings.HasPrefix(s[i+1:], "{"):
			b.WriteRune(r)
			b.WriteRune(r)
		case unicode.IsControl(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
