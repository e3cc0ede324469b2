package event

import (
	"unicode/utf16"
	"unicode/utf8"
	"unsafe"
)

// unhex maps a hexadecimal digit to its value, and other bytes to −1.
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

// unescape appends the decoded content of a valid JSON string to dst. Half a surrogate pair
// becomes U+FFFD, as in encoding/json.
func unescape(dst, s []byte) []byte {
	for len(s) > 0 {
		plain := special(s, 0)
		dst, s = append(dst, s[:plain]...), s[plain:]
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

// arena allocates memory for texts, many short ones from one chunk.
type arena struct {
	free  []byte // unused rest of the last chunk, with length 0
	chunk int    // size of the last chunk
}

// Sizes of an arena's first and largest chunk. Each chunk is twice the previous one.
const (
	minChunk = 1 << 10
	maxChunk = 64 << 10
)

// take returns an empty slice with room for n bytes.
func (a *arena) take(n int) []byte {
	if n > maxChunk/8 {
		return make([]byte, 0, n)
	}
	if cap(a.free) < n {
		a.chunk = max(n, min(max(2*a.chunk, minChunk), maxChunk))
		a.free = make([]byte, 0, a.chunk)
	}
	taken := a.free[:0:n]
	a.free = a.free[n:n]
	return taken
}

// bytes returns a string's decoded content. Without escapes this is a slice of the event.
func (a *arena) bytes(v value) []byte {
	if v.kind == escaped {
		return unescape(a.take(len(v.raw)), v.raw) // an escape is longer than its character
	}
	return v.raw
}

// string is like bytes, but returns a string.
func (a *arena) string(v value) string { return share(a.bytes(v)) }

// share returns b as a string. The caller must no longer write to b.
func share(b []byte) string {
	return unsafe.String(unsafe.SliceData(b), len(b)) //nolint:gosec // Decode asks that the event stay as it is
}
