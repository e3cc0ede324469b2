package dynamodb

import (
	"slices"

	"fanout/internal/jsonscan"
)

// maxLevels is how deep DynamoDB nests attribute values, including the outermost (developer
// guide, Constraints).
const maxLevels = 32

// typed returns plain JSON as an item in DynamoDB JSON. Numbers keep their text: DynamoDB
// refuses those that it cannot store. It returns a fault instead if the text is not one
// object.
func typed(text []byte) (item []byte, fault string) {
	t := typer{in: jsonscan.Cursor{Text: text}, out: slices.Grow([]byte(nil), 2*len(text))}
	if t.in.Peek() != '{' {
		return nil, notObject
	}
	if !t.object(0) || !t.in.End() {
		if t.deep {
			return nil, "values are nested deeper than the 32 levels of DynamoDB"
		}
		return nil, notObject
	}
	return t.out, ""
}

// typer reads plain JSON and writes DynamoDB JSON.
type typer struct {
	in   jsonscan.Cursor
	out  []byte
	deep bool // nested too deep
}

// object writes the attributes of an object that is at a level.
func (t *typer) object(level int) bool {
	t.text("{")
	first := true
	_, ok := t.in.Object(func(name jsonscan.Value) bool {
		t.comma(&first)
		t.text(`"`, string(name.Raw), `":`)
		return t.value(level + 1)
	})
	t.text("}")
	return ok
}

// list writes the elements of an array that is at a level.
func (t *typer) list(level int) bool {
	t.text("[")
	first := true
	_, ok := t.in.Array(func() bool {
		t.comma(&first)
		return t.value(level + 1)
	})
	t.text("]")
	return ok
}

// value writes an attribute value.
func (t *typer) value(level int) (ok bool) {
	if level > maxLevels {
		t.deep = true
		return false
	}
	switch t.in.Peek() {
	case '{':
		t.text(`{"M":`)
		ok = t.object(level)
		t.text(`}`)
	case '[':
		t.text(`{"L":`)
		ok = t.list(level)
		t.text(`}`)
	default:
		var v jsonscan.Value
		v, ok = t.in.Value()
		t.scalar(v)
	}
	return ok
}

func (t *typer) scalar(v jsonscan.Value) {
	switch v.Kind {
	case jsonscan.Null:
		t.text(`{"NULL":true}`)
	case jsonscan.Boolean:
		t.text(`{"BOOL":`, string(v.Raw), `}`)
	case jsonscan.Number:
		t.text(`{"N":"`, string(v.Raw), `"}`)
	default:
		t.text(`{"S":"`, string(v.Raw), `"}`)
	}
}

func (t *typer) comma(first *bool) {
	if !*first {
		t.text(",")
	}
	*first = false
}

func (t *typer) text(parts ...string) {
	for _, p := range parts {
		t.out = append(t.out, p...)
	}
}
