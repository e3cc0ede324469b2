package sinks

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"unicode/utf8"
)

// appendJSON appends s as a JSON string the way the SDK writes it: what is not UTF-8
// becomes an escaped U+FFFD, and control characters, U+2028 and U+2029 are escaped.
//
// JSON within JSON has a quote every few bytes, too often to copy what lies between by
// itself: eight bytes are copied at once, and once more behind each backslash put in.
func appendJSON[T string | []byte](b []byte, s T) []byte {
	b = append(b, '"')
	for i := 0; i < len(s); {
		if len(s)-i < 8 {
			n := 0
			for n < len(s)-i && isPlain(s[i+n]) {
				n++
			}
			b, i = append(b, s[i:i+n]...), i+n
			if i < len(s) {
				b, i = appendChar(b, s, i)
			}
			continue
		}
		const most = 24 // bytes that are written for eight
		if cap(b)-len(b) < most {
			b = slices.Grow(b, most+len(s)-i)
		}
		w, to := eight(s, i), b[len(b):len(b)+most]
		binary.LittleEndian.PutUint64(to, w)
		q := quotes(w)
		if rare := unprintable(w) & high; rare != 0 {
			n := bits.TrailingZeros64(rare|q) / 8
			b, i = appendChar(b[:len(b)+n], s, i+n)
			continue
		}
		n := 8
		for ; q != 0; q &= q - 1 {
			at := bits.TrailingZeros64(q) / 8
			to[at+n-8] = '\\'
			binary.LittleEndian.PutUint64(to[at+n-7:], w>>(8*at))
			n++
		}
		b, i = b[:len(b)+n], i+8
		if n == 8 {
			n = plainRun(s[i:])
			b, i = append(b, s[i:i+n]...), i+n
		}
	}
	return append(b, '"')
}

// appendChar appends the character of s at i, and returns where the next one is.
func appendChar[T string | []byte](b []byte, s T, i int) ([]byte, int) {
	switch c := s[i]; {
	case isPlain(c):
		return append(b, c), i + 1
	case c < utf8.RuneSelf:
		return appendEscaped(b, rune(c)), i + 1
	}
	r, size := utf8.DecodeRuneInString(string(s[i:min(i+utf8.UTFMax, len(s))]))
	if r == utf8.RuneError && size == 1 || r == '\u2028' || r == '\u2029' {
		return appendEscaped(b, r), i + size
	}
	return append(b, s[i:i+size]...), i + size
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
	}
	const hex = "0123456789abcdef"
	return append(b, '\\', 'u', hex[c>>12&15], hex[c>>8&15], hex[c>>4&15], hex[c&15])
}

// isPlain reports whether c is ASCII that stands for itself in a JSON string.
func isPlain(c byte) bool { return c >= ' ' && c < utf8.RuneSelf && c != '"' && c != '\\' }

// plainRun returns how many bytes at the start of s are plain, in steps of 32.
func plainRun[T string | []byte](s T) int {
	n := 0
	for ; len(s)-n >= 32; n += 32 {
		w := s[n : n+32]
		if (special(eight(w, 0))|special(eight(w, 8))|special(eight(w, 16))|special(eight(w, 24)))&high != 0 {
			break
		}
	}
	return n
}

// eight returns the eight bytes of s from i on, the first of them lowest.
func eight[T string | []byte](s T, i int) uint64 {
	s = s[i : i+8]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

const (
	each = 0x0101010101010101
	high = 0x80 * each
)

// unprintable sets a high bit if w has a control character or what is not ASCII: x-n sets
// that of a byte x less than n, and lends from the byte above only then (Warren, Hacker's
// Delight, section 6-1).
func unprintable(w uint64) uint64 { return w | (w - ' '*each) }

// special sets a high bit if not all bytes of w are plain.
func special(w uint64) uint64 {
	return unprintable(w) | ((w ^ '"'*each) - each) | ((w ^ '\\'*each) - each)
}

// quotes sets the high bit of each byte of w that is a quote or a backslash, if all bytes
// up to there are ASCII.
func quotes(w uint64) uint64 {
	return (^((w ^ '"'*each) + 0x7F*each) | ^((w ^ '\\'*each) + 0x7F*each)) & high
}
