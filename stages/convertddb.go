package stages

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"fanout/engine"
)

// ConvertDDB turns record data from DynamoDB JSON, an object of attribute names
// and typed values such as {"n":{"N":"1"}}, into plain JSON such as {"n":1}.
//
// Numbers keep every digit, binary stays base64 text, sets become arrays, and
// attributes and list elements stay in order. Data that is not DynamoDB JSON, or
// holds what DynamoDB cannot store, fails with an error that says what is wrong,
// at which byte and in which attribute, and shows no values.
//
// Types and limits: Amazon DynamoDB API Reference, AttributeValue, and Developer
// Guide, Constraints.
type ConvertDDB struct {
	// Event says that the source record, Record.Raw, is converted: its keys and both
	// images become plain JSON, and all else in it stays as it is. The data is then its
	// new image, or the keys of a REMOVE.
	Event bool
	// Exponents writes integers that 64 bits do not hold, signed or unsigned, with an
	// exponent: 1E24 instead of 1 and 24 zeros. No digit is lost. Elasticsearch maps these
	// as floating point numbers, and refuses the others.
	Exponents bool
}

// Name returns "convertddb", and " event" behind that if the source record is converted.
func (s ConvertDDB) Name() string {
	if s.Event {
		return "convertddb event"
	}
	return "convertddb"
}

// Process converts each record by itself.
func (s ConvertDDB) Process(_ context.Context, in []engine.Record, out *engine.Out) {
	total := 0
	for i := range in {
		total += s.size(&in[i])
	}
	// Plain JSON is never longer than what it was made from, so one buffer does
	// for all records.
	c := converter{out: make([]byte, 0, total), exponents: s.Exponents}
	cells := engine.NewPayloads(len(in))
	out.Grow(len(in))
	for _, r := range in {
		start := len(c.out)
		converted, err := s.converted(&c, &r)
		if err != nil {
			c.out = c.out[:start]
			out.Fail(r, err)
			continue
		}
		data := cells.Bytes(converted)
		if c.odd == 0 {
			data.MarkJSON()
		}
		out.Emit(r.With(data))
	}
}

// size is the length of what of r is converted.
func (s ConvertDDB) size(r *engine.Record) int {
	if s.Event {
		return len(r.Raw)
	}
	return r.Data.Len()
}

// converted returns the data of r, converted. If the source record is, r gets it.
func (s ConvertDDB) converted(c *converter, r *engine.Record) (data []byte, err error) {
	if s.Event {
		raw, data, err := c.event(r)
		if err == nil {
			r.Raw = raw
		}
		return data, err
	}
	start := len(c.out)
	err = c.convert(r.Data.Bytes())
	return slices.Clip(c.out[start:]), err
}

// maxLevels is how deep DynamoDB nests attribute values, the outermost counted.
const maxLevels = 32

// converter writes the DynamoDB JSON that its scanner reads as plain JSON.
type converter struct {
	scanner
	out    []byte
	path   []string // to what is wrong, innermost first
	copied int      // of an event: how much of it is in out

	exponents bool // of integers that 64 bits do not hold
}

// convert appends what b holds to out.
func (c *converter) convert(b []byte) error {
	c.scanner, c.path = scanner{b: b}, c.path[:0]
	if c.item(1) && c.end() {
		return nil
	}
	return c.fault()
}

// fault is the error of data that is not DynamoDB JSON.
func (c *converter) fault() error {
	where := ""
	if len(c.path) > 0 {
		slices.Reverse(c.path)
		where = " of attribute " + strings.TrimPrefix(strings.Join(c.path, ""), ".")
	}
	return engine.Errorf(engine.Permanent, "the data is not DynamoDB JSON: %s, at byte %d%s", c.why, c.i, where)
}

// item converts an object of names and values at the given level.
func (c *converter) item(level int) bool {
	if !c.take('{') {
		return c.fail("an object of attributes is missing")
	}
	c.out = append(c.out, '{')
	for n := 0; ; n++ {
		more, ok := c.next(n, '}')
		if !more {
			c.out = append(c.out, '}')
			return ok
		}
		name, ok := c.name()
		if !ok {
			return false
		}
		if n > 0 {
			c.out = append(c.out, ',')
		}
		c.quote(name)
		c.out = append(c.out, ':')
		if !c.attribute(level) {
			c.path = append(c.path, "."+clip(name))
			return false
		}
	}
}

// list converts an array whose elements element converts.
func (c *converter) list(element func(*converter, int) bool, level int) bool {
	if !c.take('[') {
		return c.fail("an array is missing")
	}
	c.out = append(c.out, '[')
	for n := 0; ; n++ {
		more, ok := c.next(n, ']')
		if !more {
			c.out = append(c.out, ']')
			return ok
		}
		if n > 0 {
			c.out = append(c.out, ',')
		}
		if !element(c, level) {
			c.path = append(c.path, fmt.Sprintf("[%d]", n))
			return false
		}
	}
}

// attribute converts an attribute value, an object of one type and its value.
func (c *converter) attribute(level int) bool {
	switch {
	case !c.take('{'):
		return c.fail("an object of a type and a value is missing")
	case level > maxLevels:
		return c.fail("values are nested deeper than the 32 levels of DynamoDB")
	case c.peek() == '}':
		return c.fail("an attribute value has no type")
	}
	name, ok := c.name()
	if !ok || !c.typed(c.unescape(name), level) {
		return false
	}
	if c.peek() == ',' {
		return c.fail("an attribute value has more than one type")
	}
	return c.take('}') || c.fail("a brace is missing")
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
		if c.peek() == 'f' { // as decoders of AWS take it
			return c.literal("false")
		}
		return c.literal("true") || c.fail("NULL is neither true nor false")
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
	return c.fail(`there is no type "` + clip(name) + `"`)
}

func (c *converter) string(int) bool {
	s, ok := c.str()
	c.quote(s)
	return ok
}

func (c *converter) number(int) bool {
	s, ok := c.str()
	if !ok {
		return false
	}
	text := c.unescape(s)
	if why := checkNumber(text); why != "" {
		return c.fail(why)
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
	s, ok := c.str()
	if !ok {
		return false
	}
	text := c.unescape(s)
	c.quote(text)
	return isBase64(text) || c.fail("binary data is not valid base64")
}

func (c *converter) boolean() bool {
	word := "true"
	if c.peek() == 'f' {
		word = "false"
	}
	c.out = append(c.out, word...)
	return c.literal(word) || c.fail("BOOL is neither true nor false")
}

// quote writes s, which needs no escaping, as a string.
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

// unescape returns what s, the string read last, stands for. DynamoDB writes
// types, digits and base64 without escapes, but other writers of JSON escape more.
func (c *converter) unescape(s []byte) []byte {
	if !c.escaped {
		return s
	}
	var text string
	// The scanner has read it as a string, so this cannot fail.
	_ = json.Unmarshal(append(append([]byte{'"'}, s...), '"'), &text)
	return []byte(text)
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

// inBase64 says which bytes stand for six bits.
var inBase64 = func() (t [256]bool) {
	for _, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/" {
		t[c] = true
	}
	return t
}()
