package jq

import (
	"encoding/json"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"fanout/internal/jsonscan"
	"fanout/internal/jsontext"
)

// decode returns the value of JSON text. It returns ok false if data is not JSON.
// Numbers stay text, except short integers, so no digit is lost.
func decode(data []byte) (value any, ok bool, err error) {
	d := decoder{in: jsonscan.Cursor{Text: data}, text: string(data)}
	value, ok = d.value(0)
	if d.deep {
		return nil, true, errDepth
	}
	return value, ok && d.in.End(), nil
}

// decoder reads JSON. Strings without escapes are parts of text.
type decoder struct {
	in   jsonscan.Cursor
	text string
	deep bool
}

func (d *decoder) value(depth int) (any, bool) {
	switch d.in.Peek() {
	case '{', '[':
		if depth == MaxDepth {
			d.deep = true
			return nil, false
		}
		if d.in.Peek() == '{' {
			return d.object(depth + 1)
		}
		return d.array(depth + 1)
	}
	v, ok := d.in.Value()
	if !ok {
		return nil, false
	}
	switch v.Kind {
	case jsonscan.Null:
		return nil, true
	case jsonscan.Boolean:
		return v.Raw[0] == 't', true
	case jsonscan.Number:
		return d.number(v), true
	default:
		return d.string(v), true
	}
}

func (d *decoder) object(depth int) (any, bool) {
	m := make(map[string]any)
	more, ok := d.in.Enter('{')
	for more && ok {
		name, named := d.in.String()
		if !named {
			return nil, false
		}
		key := d.string(name)
		if !d.in.Take(':') {
			return nil, false
		}
		if m[key], ok = d.value(depth); !ok {
			return nil, false
		}
		more, ok = d.in.Next('}')
	}
	return m, ok
}

func (d *decoder) array(depth int) (any, bool) {
	list := []any{}
	more, ok := d.in.Enter('[')
	for more && ok {
		v, read := d.value(depth)
		if !read {
			return nil, false
		}
		list = append(list, v)
		more, ok = d.in.Next(']')
	}
	return list, ok
}

// string returns the content of the string that ends at the cursor.
func (d *decoder) string(v jsonscan.Value) string {
	if v.Kind == jsonscan.Escaped {
		return string(v.Content())
	}
	end := d.in.Pos - 1 // before the quote
	return d.text[end-len(v.Raw) : end]
}

// plainDigits is a length up to which every integer is exact in an int.
const plainDigits = 15

// number returns the number that ends at the cursor.
func (d *decoder) number(v jsonscan.Value) any {
	text := d.text[d.in.Pos-len(v.Raw) : d.in.Pos]
	if len(text) <= plainDigits && strings.Trim(text, "0123456789") == "" {
		n, _ := strconv.Atoi(text) // digits alone
		return n
	}
	return json.Number(text)
}

// encoder writes JSON, within the bounds.
type encoder struct {
	b     []byte
	limit int // bytes
}

// value appends v. Members are sorted by name, as jq -S does.
func (e *encoder) value(v any, depth int) error {
	switch v := v.(type) {
	case nil:
		e.b = append(e.b, "null"...)
	case bool:
		e.b = strconv.AppendBool(e.b, v)
	case int:
		e.b = strconv.AppendInt(e.b, int64(v), 10)
	case float64:
		e.b = appendFloat(e.b, v)
	case *big.Int:
		e.b = v.Append(e.b, 10)
	case json.Number:
		e.b = append(e.b, v...)
	case string:
		if len(v) > e.limit-len(e.b) {
			return errOutput
		}
		e.b = jsontext.AppendString(e.b, v)
	case []any:
		return e.array(v, depth)
	case map[string]any:
		return e.object(v, depth)
	}
	if len(e.b) > e.limit {
		return errOutput
	}
	return nil
}

func (e *encoder) array(list []any, depth int) error {
	if depth == MaxDepth {
		return errDepth
	}
	e.b = append(e.b, '[')
	for i, v := range list {
		if i > 0 {
			e.b = append(e.b, ',')
		}
		if err := e.value(v, depth+1); err != nil {
			return err
		}
	}
	e.b = append(e.b, ']')
	return nil
}

func (e *encoder) object(m map[string]any, depth int) error {
	if depth == MaxDepth {
		return errDepth
	}
	var room [16]string
	names := room[:0]
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	e.b = append(e.b, '{')
	for i, name := range names {
		if i > 0 {
			e.b = append(e.b, ',')
		}
		e.b = append(jsontext.AppendString(e.b, name), ':')
		if err := e.value(m[name], depth+1); err != nil {
			return err
		}
	}
	e.b = append(e.b, '}')
	return nil
}

// appendFloat appends a result of a computation, as jq writes it: not-a-number is null,
// and infinity is the largest number.
func appendFloat(b []byte, f float64) []byte {
	if math.IsNaN(f) {
		return append(b, "null"...)
	}
	f = min(max(f, -math.MaxFloat64), math.MaxFloat64)
	form := byte('f')
	if x := math.Abs(f); x != 0 && x < 1e-6 || x >= 1e21 {
		form = 'e'
	}
	return strconv.AppendFloat(b, f, form, -1, 64)
}
