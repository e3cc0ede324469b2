package jsonscan

import (
	"unicode/utf16"
	"unicode/utf8"

	"fanout/engine/ascii"
)

// String reads a string.
func (c *Cursor) String() (Value, bool) {
	if c.Peek() != '"' {
		return Value{}, c.Fail("a string is missing")
	}
	return c.quoted()
}

// short is a length that most strings do not exceed.
const short = 64

// quoted reads a string, from its opening quote on. Most strings are short, and ASCII
// without escapes.
func (c *Cursor) quoted() (Value, bool) {
	c.Pos++
	text, start := c.Text, c.Pos
	i := start
	for last := min(start+short, len(text)) - 8; i <= last; i += 8 {
		if found := ascii.Special(ascii.Word(text, i)); found != 0 {
			end := i + ascii.First(found)
			if text[end] != '"' {
				break
			}
			c.Pos = end + 1
			return Value{text[start:end:end], Plain}, true
		}
	}
	c.Pos = i
	return c.rest(start)
}

// rest reads the rest of any string that begins at start.
func (c *Cursor) rest(start int) (Value, bool) {
	kind, beyond := Plain, uint64(0)
	for {
		at, high := mark(c.Text, c.Pos)
		c.Pos = at
		beyond |= high
		if at == len(c.Text) {
			return Value{}, c.Fail("")
		}
		switch c.Text[at] {
		case '"':
			v := Value{c.Text[start:at:at], kind}
			if beyond != 0 && !c.beyond(v.Raw, start) {
				return Value{}, false
			}
			c.Pos++
			return v, true
		case '\\':
			kind = Escaped
			if !c.escape() {
				return Value{}, false
			}
		default:
			return Value{}, c.Fail("a string has a control character that is not escaped")
		}
	}
}

// beyond checks a string that holds characters beyond ASCII.
func (c *Cursor) beyond(s []byte, start int) bool {
	if c.AnyBytes || utf8.Valid(s) {
		return true
	}
	c.Pos = start
	for len(s) > 0 {
		r, n := utf8.DecodeRune(s)
		if r == utf8.RuneError && n == 1 {
			break
		}
		c.Pos, s = c.Pos+n, s[n:]
	}
	return c.Fail("a string is not UTF-8")
}

// Mark returns the offset of the first quote, backslash or control character of text
// at or after i, or len(text).
func Mark(text []byte, i int) int {
	at, _ := mark(text, i)
	return at
}

// mark is like Mark. It also returns a word with a high bit if there are bytes beyond
// ASCII before that. There may be one for the bytes just behind, too.
func mark(text []byte, i int) (at int, high uint64) {
	for n := 1; i+8 <= len(text); n++ {
		w := ascii.Word(text, i)
		high |= w
		if found := ascii.Marks(w); found != 0 {
			return i + ascii.First(found), high & ascii.High
		}
		i += 8
		if n == long && high&ascii.High == 0 {
			i += ascii.Run(text[i:])
			n = 0
		}
	}
	for ; i < len(text); i++ {
		c := text[i]
		if c == '"' || c == '\\' || c < ' ' {
			break
		}
		high |= uint64(c)
	}
	return i, high & ascii.High
}

// long is the number of words from which on larger steps are worth a try.
const long = 4

// escape moves past the escape at the cursor.
func (c *Cursor) escape() bool {
	const why = "a string has an escape that JSON does not know"
	rest := c.Text[c.Pos:]
	if len(rest) < 2 {
		c.Pos = len(c.Text)
		return c.Fail(why)
	}
	switch rest[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		c.Pos += 2
		return true
	case 'u':
		if len(rest) >= 6 && unhex[rest[2]]|unhex[rest[3]]|unhex[rest[4]]|unhex[rest[5]] >= 0 {
			c.Pos += 6
			return true
		}
	}
	return c.Fail(why)
}

// unhex maps a hexadecimal digit to its value, and other bytes to -1.
var unhex = func() (t [256]int8) {
	for i := range t {
		t[i] = -1
	}
	for i := range int8(10) {
		t['0'+byte(i)] = i
	}
	for i := range int8(6) {
		t['a'+byte(i)], t['A'+byte(i)] = 10+i, 10+i
	}
	return t
}()

// AppendUnescaped appends the content of a valid JSON string to dst. Half a surrogate
// pair becomes U+FFFD, as in encoding/json. The content is never longer than s.
func AppendUnescaped(dst, s []byte) []byte {
	for len(s) > 0 {
		n := Mark(s, 0)
		dst, s = append(dst, s[:n]...), s[n:]
		if len(s) == 0 {
			break
		}
		c := s[1]
		if c != 'u' {
			dst, s = append(dst, unescaped(c)), s[2:]
			continue
		}
		r := hex4(s[2:])
		s = s[6:]
		if utf16.IsSurrogate(r) {
			low := rune(-1)
			if len(s) >= 6 && s[0] == '\\' && s[1] == 'u' {
				low = hex4(s[2:])
			}
			if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
				s = s[6:]
			}
		}
		dst = utf8.AppendRune(dst, r)
	}
	return dst
}

// unescaped returns the character that a backslash before c encodes.
func unescaped(c byte) byte {
	switch c {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return c
}

func hex4(s []byte) (r rune) {
	for _, c := range s[:4] {
		r = r<<4 | rune(unhex[c])
	}
	return r
}
