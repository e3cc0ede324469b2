// Package jsonscan reads JSON text (RFC 8259) in one pass, for code that reads nearly
// all data. A [Cursor] moves over the text and returns parts of it instead of copies.
// It accepts the same text as encoding/json, except that strings must be UTF-8.
package jsonscan

// MaxDepth limits the nesting of arrays and objects, as in encoding/json. It bounds
// the stack.
const MaxDepth = 10000

// TooDeep is the reason for a value that is nested more than MaxDepth deep.
const TooDeep = "values are nested too deep"

// Cursor is a position in JSON text. A method that reads skips white space first, unless
// it says otherwise. It returns false for a fault: Pos is then the position of the
// fault, and Why names it without quoting the text. A Cursor never allocates.
type Cursor struct {
	Text []byte
	Pos  int
	Why  string

	// AnyBytes accepts strings that are not UTF-8, as encoding/json does.
	AnyBytes bool

	depth int
}

// Kind is the type of a JSON value.
type Kind uint8

const (
	Absent Kind = iota
	Null
	Boolean
	Number
	Plain   // a string without escapes
	Escaped // a string with escapes
	Array
	Object
)

// String describes the type for an error.
func (k Kind) String() string {
	return [...]string{"missing", "null", "a boolean", "a number", "a string", "a string", "a list", "an object"}[k]
}

// Value is a JSON value as it stands in the text; for a string, the text between the
// quotes.
type Value struct {
	Raw  []byte
	Kind Kind
}

// IsString reports whether the value is a string.
func (v Value) IsString() bool { return v.Kind == Plain || v.Kind == Escaped }

// Given reports whether the value is present and not null.
func (v Value) Given() bool { return v.Kind > Null }

// Content returns the content of a string, and nil for any other value. Without escapes
// this is a part of the text.
func (v Value) Content() []byte {
	switch v.Kind {
	case Plain:
		return v.Raw
	case Escaped:
		return AppendUnescaped(make([]byte, 0, len(v.Raw)), v.Raw)
	default:
		return nil
	}
}

// Valid reports whether text is one JSON value.
func Valid(text []byte) bool {
	c := Cursor{Text: text}
	_, ok := c.Value()
	return ok && c.End()
}

// Fail sets the reason for a fault at the cursor, and returns false. At the end of the
// text every fault has the same reason.
func (c *Cursor) Fail(why string) bool {
	if c.Pos >= len(c.Text) {
		why = "the data ends too early"
	}
	c.Why = why
	return false
}

// Peek skips white space and returns the next byte, or 0 at the end.
func (c *Cursor) Peek() byte {
	for ; c.Pos < len(c.Text); c.Pos++ {
		if b := c.Text[c.Pos]; b > ' ' || b != ' ' && b != '\n' && b != '\t' && b != '\r' {
			return b
		}
	}
	return 0
}

// Take moves past b if b comes next. It sets no reason.
func (c *Cursor) Take(b byte) bool {
	if c.Peek() != b {
		return false
	}
	c.Pos++
	return true
}

// End reports whether only white space is left.
func (c *Cursor) End() bool {
	c.Peek()
	return c.Pos == len(c.Text) || c.Fail("there is more data after the value")
}

// Since returns the text from start to the cursor.
func (c *Cursor) Since(start int) []byte { return c.Text[start:c.Pos:c.Pos] }

// Skip moves past known if the text continues with exactly that. It skips no white
// space and sets no reason.
func (c *Cursor) Skip(known []byte) bool {
	end := c.Pos + len(known)
	if end > len(c.Text) || string(c.Text[c.Pos:end]) != string(known) {
		return false
	}
	c.Pos = end
	return true
}

// Enter moves past the start of an object or array, '{' or '['. It reports whether
// there is a first element.
func (c *Cursor) Enter(open byte) (more, ok bool) {
	if c.Peek() != open {
		if open == '{' {
			return false, c.Fail("an object is missing")
		}
		return false, c.Fail("an array is missing")
	}
	c.Pos++
	if c.depth++; c.depth > MaxDepth {
		return false, c.Fail(TooDeep)
	}
	if c.Peek() == open+2 { // the end, in ASCII
		c.Pos++
		c.depth--
		return false, true
	}
	return true, true
}

// Next moves to the next element of an object or array that ends with end, or leaves
// it after the last. It reports whether there is another element.
func (c *Cursor) Next(end byte) (more, ok bool) {
	switch c.Peek() {
	case ',':
		c.Pos++
		return true, true
	case end:
		c.Pos++
		c.depth--
		return false, true
	}
	if end == '}' {
		return false, c.Fail("a comma or brace is missing")
	}
	return false, c.Fail("a comma or bracket is missing")
}

// Name reads the name of an object's member, and the colon after it.
func (c *Cursor) Name() (Value, bool) {
	v, ok := c.String()
	return v, ok && (c.Take(':') || c.Fail("a colon is missing"))
}

// Object reads any value. If it is an object, it calls member with the name of each
// member. member reads the value, and returns false for a fault.
func (c *Cursor) Object(member func(name Value) bool) (Value, bool) {
	if c.Peek() != '{' {
		return c.Value()
	}
	start := c.Pos
	more, ok := c.Enter('{')
	for more && ok {
		name, named := c.Name()
		if !named || !member(name) {
			return Value{}, false
		}
		more, ok = c.Next('}')
	}
	return Value{c.Since(start), Object}, ok
}

// Array reads any value. If it is an array, it calls element to read each element.
// element returns false for a fault.
func (c *Cursor) Array(element func() bool) (Value, bool) {
	if c.Peek() != '[' {
		return c.Value()
	}
	start := c.Pos
	more, ok := c.Enter('[')
	for more && ok {
		if !element() {
			return Value{}, false
		}
		more, ok = c.Next(']')
	}
	return Value{c.Since(start), Array}, ok
}

// Value reads any value.
func (c *Cursor) Value() (Value, bool) {
	b, start := c.Peek(), c.Pos
	var k Kind
	var ok bool
	switch b {
	case '"':
		return c.quoted()
	case '{':
		k, ok = Object, c.skipObject()
	case '[':
		k, ok = Array, c.skipArray()
	case 't':
		k, ok = Boolean, c.Literal("true")
	case 'f':
		k, ok = Boolean, c.Literal("false")
	case 'n':
		k, ok = Null, c.Literal("null")
	default:
		k, ok = Number, c.Number()
	}
	return Value{c.Since(start), k}, ok
}

func (c *Cursor) skipObject() bool {
	more, ok := c.Enter('{')
	for more && ok {
		if _, ok = c.Name(); !ok {
			return false
		}
		if _, ok = c.Value(); !ok {
			return false
		}
		more, ok = c.Next('}')
	}
	return ok
}

func (c *Cursor) skipArray() bool {
	more, ok := c.Enter('[')
	for more && ok {
		if _, ok = c.Value(); !ok {
			return false
		}
		more, ok = c.Next(']')
	}
	return ok
}

// Literal reads word, which is true, false or null. It skips no white space.
func (c *Cursor) Literal(word string) bool {
	for i := range len(word) {
		if c.Pos == len(c.Text) || c.Text[c.Pos] != word[i] {
			return c.Fail("a value is missing")
		}
		c.Pos++
	}
	return true
}

// Number reads a number. It skips no white space.
func (c *Cursor) Number() bool {
	var ok bool
	c.Pos, ok = number(c.Text, c.Pos)
	return ok || c.Fail("a value is missing")
}

// IsNumber reports whether text is a JSON number and nothing else.
func IsNumber(text []byte) bool {
	end, ok := number(text, 0)
	return ok && end == len(text)
}

// number returns the end of the number at i. If there is none, it returns the position
// of the fault.
func number(text []byte, i int) (end int, ok bool) {
	if at(text, i) == '-' {
		i++
	}
	if at(text, i) == '0' {
		i++
	} else if i, ok = digits(text, i); !ok {
		return i, false
	}
	if at(text, i) == '.' {
		if i, ok = digits(text, i+1); !ok {
			return i, false
		}
	}
	if c := at(text, i); c == 'e' || c == 'E' {
		i++
		if c := at(text, i); c == '+' || c == '-' {
			i++
		}
		return digits(text, i)
	}
	return i, true
}

// at returns text[i], or 0 beyond the end.
func at(text []byte, i int) byte {
	if i < len(text) {
		return text[i]
	}
	return 0
}

// digits returns the end of the digits at i, and whether there are any.
func digits(text []byte, i int) (end int, some bool) {
	start := i
	for i < len(text) && '0' <= text[i] && text[i] <= '9' {
		i++
	}
	return i, i > start
}
