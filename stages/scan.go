package stages

import (
	"unicode/utf8"

	"fanout/engine/ascii"
)

// scanner reads JSON text (RFC 8259) from start to end. It is strict: the text must
// be UTF-8, and strings hold no raw control characters. Each method reports whether
// it found the element it is named for. If not, i is the position of the fault and
// why describes it. A scanner never allocates.
type scanner struct {
	b       []byte
	i       int
	why     string
	escaped bool // the string read last has escapes
	odd     int  // count of U+FFFE and U+FFFF, which JSON allows in strings and XML does not
}

// maxDepth bounds the nesting of JSON, and so the stack, as encoding/json does.
const maxDepth = 10000

func (s *scanner) fail(why string) bool {
	if s.i >= len(s.b) {
		why = "the data ends too early"
	}
	s.why = why
	return false
}

// peek returns the next byte that is not white space, or 0 at the end.
func (s *scanner) peek() byte {
	for ; s.i < len(s.b); s.i++ {
		switch c := s.b[s.i]; c {
		case ' ', '\t', '\n', '\r':
		default:
			return c
		}
	}
	return 0
}

// take moves past c if c comes next. Unlike the other methods, it does not set why.
func (s *scanner) take(c byte) bool {
	if s.peek() != c {
		return false
	}
	s.i++
	return true
}

// end reports whether only white space is left.
func (s *scanner) end() bool {
	s.peek()
	return s.i == len(s.b) || s.fail("there is more data behind the value")
}

// next moves past the separator between elements of an object or array that ends
// with last, and reports whether another element follows. n is the number of
// elements so far.
func (s *scanner) next(n int, last byte) (more, ok bool) {
	switch {
	case s.take(last):
		return false, true
	case n == 0 || s.take(','):
		return true, true
	case last == '}':
		return false, s.fail("a comma or brace is missing")
	default:
		return false, s.fail("a comma or bracket is missing")
	}
}

// name moves past the name of an object's member and the colon after it.
func (s *scanner) name() ([]byte, bool) {
	name, ok := s.str()
	if !ok {
		return nil, false
	}
	return name, s.take(':') || s.fail("a colon is missing")
}

// str moves past a string and returns the text between its quotes, with escapes
// unchanged.
func (s *scanner) str() ([]byte, bool) {
	if !s.take('"') {
		return nil, s.fail("a string is missing")
	}
	start := s.i
	s.escaped = false
	for i := start; ; {
		i += ascii.Len(s.b[i:])
		if i == len(s.b) {
			break
		}
		c := s.b[i]
		s.i = i
		switch {
		case c == '"':
			s.i++
			return s.b[start:i], true
		case c == '\\':
			n := escapeLen(s.b[i:])
			if n == 0 {
				return nil, s.fail("a string has an escape that JSON does not know")
			}
			s.escaped = true
			i += n
		case c < ' ':
			return nil, s.fail("a string has a control character that is not escaped")
		default:
			r, n := utf8.DecodeRune(s.b[i:])
			if r == utf8.RuneError && n == 1 {
				return nil, s.fail("a string is not UTF-8")
			}
			if r == '\uFFFE' || r == '\uFFFF' {
				s.odd++
			}
			i += n
		}
	}
	s.i = len(s.b)
	return nil, s.fail("a string does not end")
}

// escapeLen returns the length of the escape at the start of b, or 0.
func escapeLen(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	switch b[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if len(b) >= 6 && isHex(b[2]) && isHex(b[3]) && isHex(b[4]) && isHex(b[5]) {
			return 6
		}
	}
	return 0
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// literal moves past word.
func (s *scanner) literal(word string) bool {
	s.peek()
	if rest := s.b[s.i:]; len(rest) < len(word) || string(rest[:len(word)]) != word {
		return s.fail("a value is missing")
	}
	s.i += len(word)
	return true
}

// value moves past any value. depth is its nesting level.
func (s *scanner) value(depth int) bool {
	switch s.peek() {
	case '{':
		return s.elements('}', depth)
	case '[':
		return s.elements(']', depth)
	case '"':
		_, ok := s.str()
		return ok
	case 't':
		return s.literal("true")
	case 'f':
		return s.literal("false")
	case 'n':
		return s.literal("null")
	default:
		n := numberLen(s.b[s.i:])
		s.i += n
		return n > 0 || s.fail("a value is missing")
	}
}

// elements moves past an object or array that ends with last.
func (s *scanner) elements(last byte, depth int) bool {
	if depth == maxDepth {
		return s.fail("values are nested too deep")
	}
	s.i++
	for n := 0; ; n++ {
		if more, ok := s.next(n, last); !more {
			return ok
		}
		if last == '}' {
			if _, ok := s.name(); !ok {
				return false
			}
		}
		if !s.value(depth + 1) {
			return false
		}
	}
}

// numberLen returns the length of the number at the start of b, or 0.
func numberLen(b []byte) int {
	i := 0
	if at(b, i) == '-' {
		i++
	}
	n := digits(b[i:])
	if n == 0 {
		return 0
	}
	if b[i] == '0' {
		n = 1
	}
	i += n
	if at(b, i) == '.' {
		if n = digits(b[i+1:]); n == 0 {
			return 0
		}
		i += 1 + n
	}
	if c := at(b, i); c == 'e' || c == 'E' {
		i++
		if c := at(b, i); c == '+' || c == '-' {
			i++
		}
		if n = digits(b[i:]); n == 0 {
			return 0
		}
		i += n
	}
	return i
}

// at returns b[i], or 0 beyond the end.
func at(b []byte, i int) byte {
	if i < len(b) {
		return b[i]
	}
	return 0
}

// digits returns how many decimal digits b begins with.
func digits(b []byte) int {
	n := 0
	for n < len(b) && '0' <= b[n] && b[n] <= '9' {
		n++
	}
	return n
}
