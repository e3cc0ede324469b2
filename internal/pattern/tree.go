package pattern

import (
	"bytes"
	"fmt"

	"fanout/internal/jsonscan"
)

// value is a JSON value of a pattern.
type value struct {
	kind    jsonscan.Kind
	text    string   // the content of a string, or the text of a number or literal
	list    []value  // the elements of an array
	members []member // the members of an object, in order
}

type member struct {
	name  string
	value value
}

// isString reports whether v is a string.
func (v *value) isString() bool { return v.kind == jsonscan.Plain || v.kind == jsonscan.Escaped }

// parse reads the JSON text of a pattern.
func parse(text []byte) (value, Faults) {
	c := jsonscan.Cursor{Text: text}
	v, ok := read(&c)
	if ok && c.End() {
		return v, nil
	}
	before := text[:c.Pos]
	line, column := 1+bytes.Count(before, []byte("\n")), c.Pos-bytes.LastIndexByte(before, '\n')
	return value{}, Faults{{Text: fmt.Sprintf("the pattern is not JSON: line %d, column %d (byte %d): %s", line, column, c.Pos, c.Why)}}
}

// read reads a value and everything in it.
func read(c *jsonscan.Cursor) (value, bool) {
	var v value
	raw, ok := jsonscan.Value{}, false
	switch c.Peek() {
	case '{':
		raw, ok = c.Object(func(name jsonscan.Value) bool {
			m := member{name: string(name.Content())}
			var ok bool
			m.value, ok = read(c)
			v.members = append(v.members, m)
			return ok
		})
	case '[':
		raw, ok = c.Array(func() bool {
			e, ok := read(c)
			v.list = append(v.list, e)
			return ok
		})
	default:
		if raw, ok = c.Value(); ok {
			v.text = string(raw.Raw)
			if raw.IsString() {
				v.text = string(raw.Content())
			}
		}
	}
	v.kind = raw.Kind
	return v, ok
}
