package sinks

import (
	"math/bits"
	"unicode/utf8"
)

// appendJSON appends s as a JSON string the way the SDK writes it: what is not UTF-8
// becomes U+FFFD, and control characters, DEL, U+2028 and U+2029 are escaped.
func appendJSON[T string | []byte](b []byte, s T) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		if i += unescaped(s[i:]); i == len(s) {
			break
		}
		c, size := rune(s[i]), 1
		if c >= utf8.RuneSelf {
			c, size = utf8.DecodeRuneInString(string(s[i:min(i+utf8.UTFMax, len(s))]))
			if c != '\u2028' && c != '\u2029' && (c != utf8.RuneError || size > 1) {
				i += size
				continue
			}
		}
		b = append(b, s[start:i]...)
		b = appendEscaped(b, c)
		i += size
		start = i
	}
	return append(append(b, s[start:]...), '"')
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

// unescaped returns how many bytes at the start of s are ASCII that stands for
// itself in a JSON string. It looks at eight bytes at a time: the tricks are those of
// "Bit Twiddling Hacks", Determine if a word has a byte less than n.
func unescaped[T string | []byte](s T) int {
	i := 0
	for ; i+8 <= len(s); i += 8 {
		w := uint64(s[i]) | uint64(s[i+1])<<8 | uint64(s[i+2])<<16 | uint64(s[i+3])<<24 |
			uint64(s[i+4])<<32 | uint64(s[i+5])<<40 | uint64(s[i+6])<<48 | uint64(s[i+7])<<56
		// The lowest bit set is exact; those above it may be wrong.
		if m := (w | below(w, ' ') | same(w, '"') | same(w, '\\') | same(w, 0x7F)) & highs; m != 0 {
			return i + bits.TrailingZeros64(m)/8
		}
	}
	for ; i < len(s); i++ {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= 0x7F {
			break
		}
	}
	return i
}

const (
	lows  = 0x0101010101010101
	highs = 0x8080808080808080
)

// below marks the bytes of w that are less than n, for n up to 0x80.
func below(w uint64, n byte) uint64 { return (w - lows*uint64(n)) &^ w }

// same marks the bytes of w that are c.
func same(w uint64, c byte) uint64 {
	w ^= lows * uint64(c)
	return (w - lows) &^ w
}
