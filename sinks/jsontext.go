package sinks

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"unicode/utf8"
)

// appendJSON appends s as a JSON string the way the SDK writes it: what is not UTF-8
// becomes U+FFFD, and control characters, DEL, U+2028 and U+2029 are escaped.
//
// JSON within JSON has a quote every few bytes, too often to copy what lies between by
// itself: eight bytes are copied at once, and those from the quote on taken back.
func appendJSON[T string | []byte](b []byte, s T) []byte {
	b = append(b, '"')
	for i := 0; i < len(s); {
		if i+8 <= len(s) {
			w := eight(s, i)
			n := plainBytes(w)
			if n == 8 {
				n += plainLen(s[i+8:])
				b, i = append(b, s[i:i+n]...), i+n
				continue
			}
			if cap(b)-len(b) < 8 {
				b = slices.Grow(b, 8+len(s)-i)
			}
			binary.LittleEndian.PutUint64(b[len(b):len(b)+8], w)
			b, i = b[:len(b)+n], i+n
		}
		size := 1
		switch c := s[i]; {
		case isPlain(c):
			b = append(b, c)
		case c < utf8.RuneSelf:
			b = appendEscaped(b, rune(c))
		default:
			var r rune
			r, size = utf8.DecodeRuneInString(string(s[i:min(i+utf8.UTFMax, len(s))]))
			if r == utf8.RuneError && size == 1 || r == '\u2028' || r == '\u2029' {
				b = appendEscaped(b, r)
			} else {
				b = append(b, s[i:i+size]...)
			}
		}
		i += size
	}
	return append(b, '"')
}

// appendEscaped appends c, which cannot be in a JSON string as it is.
func appendEscaped(b []byte, c rune) []byte {
	switch c {
	case '"', '\\':
		return append(b, '\\', byte(c))
	case '\n':
		return append(b, `\n`...)
	case '\r':
		return append(b, `\r`...)
	case '\t':
		return append(b, `\t`...)
	case utf8.RuneError:
		return append(b, "\uFFFD"...)
	}
	const hex = "0123456789abcdef"
	return append(b, '\\', 'u', hex[c>>12&15], hex[c>>8&15], hex[c>>4&15], hex[c&15])
}

// isPlain reports whether c is ASCII that stands for itself in a JSON string.
func isPlain(c byte) bool { return c >= ' ' && c < 0x7F && c != '"' && c != '\\' }

// plainLen returns how many bytes at the start of s are plain.
func plainLen[T string | []byte](s T) int {
	i := 0
	for ; i+8 <= len(s); i += 8 {
		if n := plainBytes(eight(s, i)); n < 8 {
			return i + n
		}
	}
	for i < len(s) && isPlain(s[i]) {
		i++
	}
	return i
}

// eight returns the eight bytes of s from i on, the first of them lowest.
func eight[T string | []byte](s T, i int) uint64 {
	s = s[i : i+8]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// plainBytes returns how many bytes of w, from the lowest on, are plain. (x-n)&^x
// sets the high bit of each byte that is less than n, and perhaps of some above the
// lowest of them, which does not matter (Warren, Hacker's Delight, section 6-1).
func plainBytes(w uint64) int {
	const each, high = 0x0101010101010101, 0x8080808080808080
	quote, slash, del := w^'"'*each, w^'\\'*each, w^0x7F*each
	special := w | (w-' '*each)&^w | (quote-each)&^quote | (slash-each)&^slash | (del-each)&^del
	return bits.TrailingZeros64(special&high) / 8
}
