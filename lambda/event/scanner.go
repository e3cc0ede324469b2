package event

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
)

// maxDepth limits the nesting of lists and objects, as in encoding/json.
const maxDepth = 10000

// scanner reads JSON text (RFC 8259) in one pass. It accepts the same text as
// encoding/json, and returns slices of the text instead of copies. A method that returns
// false has found a fault at pos.
type scanner struct {
	text  []byte
	pos   int
	depth int
}

// kind is the type of a JSON value.
type kind uint8

const (
	absent kind = iota
	null
	boolean
	number
	plain   // a string without escapes
	escaped // a string with escapes
	list
	object
)

func (k kind) String() string {
	return [...]string{"missing", "null", "a boolean", "a number", "a string", "a string", "a list", "an object"}[k]
}

// value is a JSON value as it stands in the text; for a string, the text between the
// quotes.
type value struct {
	raw  []byte
	kind kind
}

func (v value) isString() bool { return v.kind == plain || v.kind == escaped }

// given reports whether the value is present and not null.
func (v value) given() bool { return v.kind > null }

// mark is the byte order mark that some editors write at the start of UTF-8 text.
const mark = "\uFEFF"

// skipMark moves past a byte order mark.
func (s *scanner) skipMark() {
	if bytes.HasPrefix(s.text, []byte(mark)) {
		s.pos = len(mark)
	}
}

// isUTF16 reports whether text begins with a UTF-16 byte order mark.
func isUTF16(text []byte) bool {
	return bytes.HasPrefix(text, []byte("\xFF\xFE")) || bytes.HasPrefix(text, []byte("\xFE\xFF"))
}

// fault returns the error of a method that returned false.
func (s *scanner) fault() error {
	switch {
	case isUTF16(s.text):
		return errors.New("the event is not JSON in UTF-8 but UTF-16 text; save it as UTF-8")
	case s.depth > maxDepth:
		return fmt.Errorf("the event is nested more than %d deep, at byte %d", maxDepth, s.pos)
	case s.pos >= len(s.text):
		return fmt.Errorf("the event is not JSON: it ends too early, at byte %d", len(s.text))
	}
	return fmt.Errorf("the event is not JSON: byte %d does not belong there", s.pos)
}

// peek skips white space and returns the next byte, or 0 at the end.
func (s *scanner) peek() byte {
	for ; s.pos < len(s.text); s.pos++ {
		if c := s.text[s.pos]; c > ' ' || c != ' ' && c != '\n' && c != '\t' && c != '\r' {
			return c
		}
	}
	return 0
}

// done skips white space and reports whether the text ends there.
func (s *scanner) done() bool {
	s.peek()
	return s.pos == len(s.text)
}

// take skips white space and then c.
func (s *scanner) take(c byte) bool {
	if s.peek() != c {
		return false
	}
	s.pos++
	return true
}

// enter enters a list or object that begins with open. It reports whether there is a first
// element.
func (s *scanner) enter(open, end byte) (some, ok bool) {
	if !s.take(open) {
		return false, false
	}
	if s.depth++; s.depth > maxDepth {
		return false, false
	}
	if s.peek() == end {
		s.pos++
		s.depth--
		return false, true
	}
	return true, true
}

// next moves to the next element of a list or object, or leaves it after the last. It
// reports whether there is another element.
func (s *scanner) next(end byte) (some, ok bool) {
	switch s.peek() {
	case ',':
		s.pos++
		return true, true
	case end:
		s.pos++
		s.depth--
		return false, true
	}
	return false, false
}

// name reads a member's name, up to the value.
func (s *scanner) name() (value, bool) {
	if s.peek() != '"' {
		return value{}, false
	}
	v, ok := s.string()
	return v, ok && s.take(':')
}

// value reads any value.
func (s *scanner) value() (value, bool) {
	c, start := s.peek(), s.pos
	var k kind
	var ok bool
	switch c {
	case '"':
		return s.string()
	case '{':
		k, ok = object, s.skipObject()
	case '[':
		k, ok = list, s.skipList()
	case 't':
		k, ok = boolean, s.literal("true")
	case 'f':
		k, ok = boolean, s.literal("false")
	case 'n':
		k, ok = null, s.literal("null")
	default:
		k, ok = number, s.number()
	}
	return value{s.text[start:s.pos:s.pos], k}, ok
}

func (s *scanner) skipObject() bool {
	some, ok := s.enter('{', '}')
	for some && ok {
		if _, ok = s.name(); !ok {
			return false
		}
		if _, ok = s.value(); !ok {
			return false
		}
		some, ok = s.next('}')
	}
	return ok
}

func (s *scanner) skipList() bool {
	some, ok := s.enter('[', ']')
	for some && ok {
		if _, ok = s.value(); !ok {
			return false
		}
		some, ok = s.next(']')
	}
	return ok
}

func (s *scanner) literal(word string) bool {
	for i := range len(word) {
		if s.pos == len(s.text) || s.text[s.pos] != word[i] {
			return false
		}
		s.pos++
	}
	return true
}

func (s *scanner) number() bool {
	if s.at('-') {
		s.pos++
	}
	if s.at('0') {
		s.pos++
	} else if !s.digits() {
		return false
	}
	if s.at('.') {
		s.pos++
		if !s.digits() {
			return false
		}
	}
	if s.at('e') || s.at('E') {
		s.pos++
		if s.at('+') || s.at('-') {
			s.pos++
		}
		return s.digits()
	}
	return true
}

func (s *scanner) at(c byte) bool { return s.pos < len(s.text) && s.text[s.pos] == c }

// digits skips one or more digits.
func (s *scanner) digits() bool {
	start := s.pos
	for s.pos < len(s.text) && isDigit(s.text[s.pos]) {
		s.pos++
	}
	return s.pos > start
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// string reads a string, starting at its opening quote.
func (s *scanner) string() (value, bool) {
	s.pos++
	start, k := s.pos, plain
	for {
		s.pos = special(s.text, s.pos)
		if s.pos == len(s.text) {
			return value{}, false
		}
		switch s.text[s.pos] {
		case '"':
			v := value{s.text[start:s.pos:s.pos], k}
			s.pos++
			return v, true
		case '\\':
			k = escaped
			if !s.escape() {
				return value{}, false
			}
		default:
			return value{}, false // a control character
		}
	}
}

// escape skips an escape sequence.
func (s *scanner) escape() bool {
	s.pos++
	if s.pos == len(s.text) {
		return false
	}
	switch s.text[s.pos] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.pos++
		return true
	case 'u':
		s.pos++
		for range 4 {
			if s.pos == len(s.text) || unhex[s.text[s.pos]] < 0 {
				return false
			}
			s.pos++
		}
		return true
	}
	return false
}

const (
	each = 0x0101010101010101 // a 1 in each byte
	high = 0x8080808080808080 // the high bit of each byte
)

// special returns the offset of the first quote, backslash or control character of text at
// or after i, or len(text). It looks at eight bytes at a time. In these, (x-n)&^x sets the
// high bit of each byte below n. It may also set the bit of bytes above the lowest match,
// which does no harm (Warren, Hacker's Delight, section 6-1). With bit 1 flipped, a quote
// or a control character is at most a space.
func special(text []byte, i int) int {
	for ; i+8 <= len(text); i += 8 {
		x := binary.LittleEndian.Uint64(text[i:])
		low, slash := x^2*each, x^'\\'*each
		found := ((low-(' '+1)*each)&^low | (slash-each)&^slash) & high
		if found != 0 {
			return i + bits.TrailingZeros64(found)/8
		}
	}
	for ; i < len(text); i++ {
		if c := text[i]; c == '"' || c == '\\' || c < ' ' {
			return i
		}
	}
	return i
}
