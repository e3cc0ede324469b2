package pattern

import "fanout/internal/jsonscan"

// View is an event that need not exist as one JSON document. Match asks for the names in
// the pattern, and for no others.
type View interface {
	// Field returns the value of a name, or the zero Value. Match does not keep it, nor
	// change its text.
	Field(name string) Value
}

// Value is a value of a View. The zero Value is one that the event does not have.
type Value struct {
	kind valueKind
	text []byte
	view View
}

type valueKind uint8

const (
	missing valueKind = iota
	jsonValue
	stringValue
	objectValue
)

// JSON returns a value in JSON. If the pattern looks at it and it is not JSON, the event
// does not match.
func JSON(text []byte) Value { return Value{kind: jsonValue, text: text} }

// String returns a string, whose text is not in JSON and has no escapes. If the pattern
// has names below it, the string must be JSON text, and they are looked up there.
func String(text []byte) Value { return Value{kind: stringValue, text: text} }

// Object returns an object with the fields of a view.
func Object(v View) Value { return Value{kind: objectValue, view: v} }

// Match reports whether an event matches.
func (p *Pattern) Match(v View) bool {
	w := newWalk(p)
	defer w.free()
	return w.view(&p.root, v) && w.matches()
}

// MatchJSON reports whether an event matches that is a JSON object.
func (p *Pattern) MatchJSON(event []byte) bool {
	w := newWalk(p)
	defer w.free()
	w.in.Text = event
	return w.in.Peek() == '{' && w.object(&p.root) && w.in.End() && w.matches()
}

// view looks up the names below n in v.
func (w *walk) view(n *node, v View) bool {
	for _, child := range n.children {
		if !w.field(child, v.Field(child.name)) {
			return false
		}
	}
	return true
}

func (w *walk) field(n *node, v Value) bool {
	switch v.kind {
	case objectValue:
		return w.view(n, v.view)
	case jsonValue:
		return w.json(n, v.text)
	case stringValue:
		w.leaf(n, leaf{jsonscan.Plain, v.text})
		return len(n.children) == 0 || w.json(n, v.text)
	default:
		return true
	}
}

// json reads JSON text.
func (w *walk) json(n *node, text []byte) bool {
	w.in = jsonscan.Cursor{Text: text}
	return w.value(n) && w.in.End()
}
