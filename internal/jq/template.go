package jq

import (
	"context"
	"strings"

	"fanout/engine/plain"
)

// Template is text with places, such as orders-${.type}. A place is a jq program, and its
// first result takes its place. $${ stands for ${. A Template is safe for concurrent use.
type Template struct {
	text  string
	parts []part
}

// part is text, or a place.
type part struct {
	text    string
	program *Program // nil: text
}

// IsTemplate reports whether text differs from the text that it stands for as a template.
func IsTemplate(text string) bool { return strings.Contains(text, "${") }

// HasPlace reports whether text has a place, or the start of one.
func HasPlace(text string) bool { return IsTemplate(strings.ReplaceAll(text, "$${", "")) }

// ParseTemplate parses a template. Its error is Faults, with places in the template.
func ParseTemplate(text string) (*Template, error) {
	t := &Template{text: text}
	var faults Faults
	literal := ""
	for i := 0; i < len(text); {
		switch rest := text[i:]; {
		case strings.HasPrefix(rest, "$${"):
			literal, i = literal+"${", i+len("$${")
		case strings.HasPrefix(rest, "${"):
			start := i + len("${")
			end := endOf(text, start)
			if end < 0 {
				return nil, append(faults, faultAt(text, i, "the place has no end; write } behind its program, or $${ for the text ${"))
			}
			if literal != "" {
				t.parts, literal = append(t.parts, part{text: literal}), ""
			}
			program, err := compilePlace(text, start, end)
			faults = append(faults, err...)
			t.parts, i = append(t.parts, part{program: program}), end+1
		default:
			literal, i = literal+text[i:i+1], i+1
		}
	}
	if literal != "" {
		t.parts = append(t.parts, part{text: literal})
	}
	if len(faults) > 0 {
		return nil, faults
	}
	return t, nil
}

// compilePlace compiles the program between start and end of a template.
func compilePlace(text string, start, end int) (*Program, Faults) {
	p, err := Compile(text[start:end])
	inside, _ := err.(Faults) //nolint:errorlint // Compile returns no other
	faults := make(Faults, len(inside))
	for i, f := range inside {
		faults[i] = faultAt(text, start+f.Offset, "%s", f.Text)
	}
	for _, name := range []string{"$old", "$attributes"} {
		if p != nil && p.Uses(name) {
			faults = append(faults, faultAt(text, start+find(text[start:end], name), "a place has no %s", name))
		}
	}
	return p, faults
}

// endOf returns the index of the brace that ends the place at start, or -1.
func endOf(text string, start int) int {
	var inside []byte // '"' for a string, '(' for code in it, '{' for an object
	for i := start; i < len(text); i++ {
		c := text[i]
		last := byte(0)
		if len(inside) > 0 {
			last = inside[len(inside)-1]
		}
		switch {
		case last == '"' && c == '\\' && i+1 < len(text):
			if i++; text[i] == '(' {
				inside = append(inside, '(')
			}
		case last == '"' && c != '"':
		case c == '"' && last == '"', c == ')' && last == '(', c == '}' && last == '{':
			inside = inside[:len(inside)-1]
		case c == '"' || c == '(' || c == '{':
			inside = append(inside, c)
		case c == '}':
			return i
		}
	}
	return -1
}

// String returns the text of the template.
func (t *Template) String() string { return t.text }

// HasPlace reports whether the template has a place.
func (t *Template) HasPlace() bool {
	for i := range t.parts {
		if t.parts[i].program != nil {
			return true
		}
	}
	return false
}

// Map returns the template with other text: f of its text, and place for each place.
func (t *Template) Map(f func(text string) string, place string) string {
	var b strings.Builder
	for i := range t.parts {
		if p := &t.parts[i]; p.program != nil {
			b.WriteString(place)
		} else {
			b.WriteString(f(p.text))
		}
	}
	return b.String()
}

// Append appends the text of the template for a record. It is an error if a place has no
// result, null or "", or if ctx ends.
func (t *Template) Append(ctx context.Context, b []byte, r *Record) ([]byte, error) {
	for i := range t.parts {
		p := &t.parts[i]
		if p.program == nil {
			b = append(b, p.text...)
			continue
		}
		value, ok, err := p.program.First(ctx, r)
		switch {
		case err != nil:
			return b, bound("the place ${" + brief(p.program.text) + "}: " + err.Error())
		case !ok || value == "":
			return b, bound("the record has no value for the place ${" + brief(p.program.text) + "}")
		}
		b = append(b, value...)
	}
	return b, nil
}

// brief returns a program for a message.
func brief(program string) string {
	const most = 60
	if r := []rune(program); len(r) > most {
		program = string(r[:most]) + "…"
	}
	return plain.Line(program)
}
