package request

import (
	"encoding/binary"
	"slices"
	"unicode/utf8"

	"fanout/engine/ascii"
)

// AppendJSON appends s as a JSON string the way the SDK writes it: bytes that are not
// UTF-8 become an escaped U+FFFD; control characters, U+2028 and U+2029 are escaped.
//
// JSON within JSON has a quote every few bytes, so copying each part between quotes is
// slow. appendJSON copies eight bytes at once, and copies the rest of them again after
// each backslash.
func AppendJSON[T string | []byte](b []byte, s T) []byte {
	b = append(b, '"')
	for i := 0; i < len(s); {
		if len(s)-i < 8 {
			n := ascii.Len(s[i:])
			b, i = append(b, s[i:i+n]...), i+n
			if i < len(s) {
				b, i = appendChar(b, s, i)
			}
			continue
		}
		const most = 24 // bytes written for eight
		if cap(b)-len(b) < most {
			b = slices.Grow(b, most+len(s)-i)
		}
		w, to := ascii.Word(s, i), b[len(b):len(b)+most]
		binary.LittleEndian.PutUint64(to, w)
		q := ascii.Quotes(w)
		if rare := ascii.Unprintable(w); rare != 0 {
			n := ascii.First(rare | q)
			b, i = appendChar(b[:len(b)+n], s, i+n)
			continue
		}
		n := 8
		for ; q != 0; q &= q - 1 {
			at := ascii.First(q)
			to[at+n-8] = '\\'
			binary.LittleEndian.PutUint64(to[at+n-7:], w>>(8*at))
			n++
		}
		b, i = b[:len(b)+n], i+8
		if n == 8 {
			n = ascii.Run(s[i:])
			b, i = append(b, s[i:i+n]...), i+n
		}
	}
	return append(b, '"')
}

// appendChar appends the character of s at i, and returns the index of the next one.
func appendChar[T string | []byte](b []byte, s T, i int) ([]byte, int) {
	switch c := s[i]; {
	case ascii.Plain(c):
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

// appendEscaped appends c, which a JSON string must escape.
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
