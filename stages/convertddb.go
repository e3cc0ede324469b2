package stages

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"fanout/engine"
	"fanout/internal/jsonscan"
)

// ConvertDDB turns record data from DynamoDB JSON into plain JSON. DynamoDB JSON is
// an object of attribute names and typed values: {"n":{"N":"1"}} becomes {"n":1}.
//
// Numbers keep every digit, binary stays base64 text, sets become arrays, and
// attributes and list elements stay in order. Data fails if it is not DynamoDB
// JSON, or holds values that DynamoDB cannot store. The error names the fault, the
// byte and the attribute, and shows no values.
//
// Types and limits: Amazon DynamoDB API Reference, AttributeValue, and Developer
// Guide, Constraints.
type ConvertDDB struct {
	// Event says to convert the source record, Record.Raw: its keys and both images
	// become plain JSON, and the rest stays unchanged. The data is then the new
	// image, or the keys of a REMOVE. A record without Raw is converted as if Event
	// were false.
	Event bool
	// Exponents writes integers that do not fit in 64 bits, signed or unsigned, with
	// an exponent: 1E24 instead of 1 and 24 zeros. No digit is lost. Elasticsearch
	// maps these as floating point numbers, and refuses the others.
	Exponents bool
}

// Name returns "convertddb", or "convertddb event" if the source record is
// converted.
func (s ConvertDDB) Name() string {
	if s.Event {
		return "convertddb event"
	}
	return "convertddb"
}

// ReadsSource reports whether the source record is converted.
func (s ConvertDDB) ReadsSource() bool { return s.Event }

// Process converts each record separately.
func (s ConvertDDB) Process(_ context.Context, in []engine.Record, out *engine.Out) {
	total := 0
	for i := range in {
		total += s.size(&in[i])
	}
	// Plain JSON is never longer than its DynamoDB JSON, so one buffer suffices for
	// all records.
	c := converter{out: make([]byte, 0, total), exponents: s.Exponents}
	cells := engine.NewPayloads(len(in))
	out.Grow(len(in))
	for _, r := range in {
		start := len(c.out)
		raw, converted, err := s.converted(&c, &r)
		if err != nil {
			c.out = c.out[:start]
			out.Fail(r, err)
			continue
		}
		data := cells.Bytes(converted)
		if odd(converted) == 0 {
			data.MarkJSON()
		}
		out.EmitWithSource(r.With(data), raw)
	}
}

// size returns the length of the part of r that is converted.
func (s ConvertDDB) size(r *engine.Record) int {
	if s.convertsSource(r) {
		return len(r.Raw)
	}
	return r.Data.Len()
}

// convertsSource reports whether the source record of r is converted. A stage may
// have dropped it.
func (s ConvertDDB) convertsSource(r *engine.Record) bool { return s.Event && len(r.Raw) > 0 }

// converted returns the converted data of r, and its source record.
func (s ConvertDDB) converted(c *converter, r *engine.Record) (raw, data []byte, err error) {
	if s.convertsSource(r) {
		return c.event(r)
	}
	start := len(c.out)
	err = c.convert(r.Data.Bytes())
	return r.Raw, slices.Clip(c.out[start:]), err
}

// maxLevels is how deep DynamoDB nests attribute values, including the outermost.
const maxLevels = 32

// converter reads DynamoDB JSON and writes plain JSON.
type converter struct {
	in     jsonscan.Cursor
	out    []byte
	path   []string // to the fault, innermost first
	copied int      // for an event: how many bytes of it are in out

	exponents bool // write integers beyond 64 bits with an exponent
}

// convert appends b in plain JSON to out.
func (c *converter) convert(b []byte) error {
	c.in, c.path = jsonscan.Cursor{Text: b}, c.path[:0]
	if c.item(1) && c.in.End() {
		return nil
	}
	return c.fault()
}

// fault returns the error of data that is not DynamoDB JSON.
func (c *converter) fault() error {
	where := ""
	if len(c.path) > 0 {
		slices.Reverse(c.path)
		where = " of attribute " + strings.TrimPrefix(strings.Join(c.path, ""), ".")
	}
	return engine.Errorf(engine.Permanent, "the data is not DynamoDB JSON: %s, at byte %d%s", c.in.Why, c.in.Pos, where)
}

// item converts an object of names and attribute values at the given level.
func (c *converter) item(level int) bool {
	more, ok := c.in.Enter('{')
	if !ok {
		return c.in.Fail("an object of attributes is missing")
	}
	c.out = append(c.out, '{')
	for more {
		name, ok := c.in.Name()
		if !ok {
			return false
		}
		c.quote(name.Raw)
		c.out = append(c.out, ':')
		if !c.attribute(level) {
			c.path = append(c.path, "."+clip(name.Raw))
			return false
		}
		if more, ok = c.in.Next('}'); !ok {
			return false
		}
		if more {
			c.out = append(c.out, ',')
		}
	}
	c.out = append(c.out, '}')
	return true
}

// list converts an array. element converts each element.
func (c *converter) list(element func(*converter, int) bool, level int) bool {
	more, ok := c.in.Enter('[')
	c.out = append(c.out, '[')
	for n := 0; more; n++ {
		if n > 0 {
			c.out = append(c.out, ',')
		}
		if !element(c, level) {
			c.path = append(c.path, fmt.Sprintf("[%d]", n))
			return false
		}
		more, ok = c.in.Next(']')
	}
	c.out = append(c.out, ']')
	return ok
}

// attribute converts an attribute value, an object of one type and its value.
func (c *converter) attribute(level int) bool {
	switch {
	case !c.in.Take('{'):
		return c.in.Fail("an object of a type and a value is missing")
	case level > maxLevels:
		return c.in.Fail("values are nested deeper than the 32 levels of DynamoDB")
	case c.in.Peek() == '}':
		return c.in.Fail("an attribute value has no type")
	}
	name, ok := c.in.Name()
	if !ok || !c.typed(name.Content(), level) {
		return false
	}
	if c.in.Peek() == ',' {
		return c.in.Fail("an attribute value has more than one type")
	}
	return c.in.Take('}') || c.in.Fail("a brace is missing")
}

// typed converts a value of the named type.
func (c *converter) typed(name []byte, level int) bool {
	switch string(name) {
	case "S":
		return c.string(level)
	case "N":
		return c.number(level)
	case "B":
		return c.binary(level)
	case "BOOL":
		return c.boolean()
	case "NULL":
		c.out = append(c.out, "null"...)
		if c.in.Peek() == 'f' { // decoders of AWS accept it
			return c.in.Literal("false")
		}
		return c.in.Literal("true") || c.in.Fail("NULL is neither true nor false")
	case "M":
		return c.item(level + 1)
	case "L":
		return c.list((*converter).attribute, level+1)
	case "SS":
		return c.list((*converter).string, level)
	case "NS":
		return c.list((*converter).number, level)
	case "BS":
		return c.list((*converter).binary, level)
	}
	return c.in.Fail(`there is no type "` + clip(name) + `"`)
}

func (c *converter) string(int) bool {
	s, ok := c.in.String()
	c.quote(s.Raw)
	return ok
}

func (c *converter) number(int) bool {
	s, ok := c.in.String()
	if !ok {
		return false
	}
	text := s.Content()
	if why := checkNumber(text); why != "" {
		return c.in.Fail(why)
	}
	if c.exponents && beyond64(text) {
		digits := bytes.TrimRight(text, "0")
		c.out = append(append(c.out, digits...), 'E')
		c.out = strconv.AppendInt(c.out, int64(len(text)-len(digits)), 10)
	} else {
		c.out = append(c.out, text...)
	}
	return true
}

func (c *converter) binary(int) bool {
	s, ok := c.in.String()
	if !ok {
		return false
	}
	text := s.Content()
	c.quote(text)
	return isBase64(text) || c.in.Fail("binary data is not valid base64")
}

func (c *converter) boolean() bool {
	word := "true"
	if c.in.Peek() == 'f' {
		word = "false"
	}
	c.out = append(c.out, word...)
	return c.in.Literal(word) || c.in.Fail("BOOL is neither true nor false")
}

// quote writes s as a string. s must need no escaping.
func (c *converter) quote(s []byte) {
	c.out = append(c.out, '"')
	c.out = append(c.out, s...)
	c.out = append(c.out, '"')
}

// clip shortens a name for an error.
func clip(name []byte) string {
	const most = 64
	if len(name) <= most {
		return string(name)
	}
	return strings.ToValidUTF8(string(name[:most]), "") + "…"
}

// isBase64 reports whether text is standard padded base64 (RFC 4648, section 4).
func isBase64(text []byte) bool {
	n := len(text)
	for pad := 0; n > 0 && pad < 2 && text[n-1] == '='; pad++ {
		n--
	}
	for _, c := range text[:n] {
		if !inBase64[c] {
			return false
		}
	}
	return len(text)%4 == 0
}

// inBase64 reports which bytes are base64 digits.
var inBase64 = func() (t [256]bool) {
	for _, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/" {
		t[c] = true
	}
	return t
}()
