// Package jsontext writes JSON strings (RFC 8259, section 7).
package jsontext

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"unicode/utf8"

	"fanout/engine/ascii"
)

// AppendString appends s as a JSON string, in the form that the AWS SDK writes. Bytes
// that are not UTF-8 become an escaped U+FFFD. Control characters, U+2028 and U+2029 are
// escaped.
func AppendString[T string | []byte](b []byte, s T) []byte {
	return append(Append(append(b, '"'), s), '"')
}

// Append is like AppendString without the quotes.
//
// JSON within JSON has a quote every few bytes, so copying each part between quotes is
// slow. Append copies eight bytes at once, and copies the rest of them again after each
// backslash.
func Append[T string | []byte](b []byte, s T) []byte {
	const most = 24 // bytes written for eight
	if cap(b)-len(b) < len(s) {
		b = slices.Grow(b, len(s)+most)
	}
	i := ascii.Len(s) // most text needs no escapes
	b = append(b, s[:i]...)
	for i < len(s) {
		if len(s)-i < 8 || cap(b)-len(b) < most {
			n := ascii.Len(s[i:])
			b, i = append(b, s[i:i+n]...), i+n
			if i < len(s) {
				b, i = appendChar(b, s, i)
			}
			continue
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
	return b
}

// StringLen returns the length of s as AppendString writes it. It reports false if s is
// not UTF-8.
func StringLen[T string | []byte](s T) (n int, ok bool) {
	n = len(s) + len(`""`)
	for i := ascii.Len(s); i < len(s); {
		if len(s)-i < 8 {
			if i += ascii.Len(s[i:]); i == len(s) {
				break
			}
		} else {
			w := ascii.Word(s, i)
			q := ascii.Quotes(w)
			rare := ascii.Unprintable(w)
			n += bits.OnesCount64(q & (rare - 1) &^ rare)
			if i += ascii.First(rare); rare == 0 {
				if q == 0 {
					i += ascii.Run(s[i:])
				}
				continue
			}
		}
		c, size, escape := char(s, i)
		if escape {
			if c == utf8.RuneError && size == 1 {
				return 0, false
			}
			n += escapedLen(c) - size
		}
		i += size
	}
	return n, true
}

// char decodes the character of s at i, and reports whether a string must escape it.
func char[T string | []byte](s T, i int) (c rune, size int, escape bool) {
	if s[i] < utf8.RuneSelf {
		return rune(s[i]), 1, !ascii.Plain(s[i])
	}
	switch s := any(s).(type) {
	case string:
		c, size = utf8.DecodeRuneInString(s[i:])
	case []byte:
		c, size = utf8.DecodeRune(s[i:])
	}
	return c, size, c == utf8.RuneError && size == 1 || c == '\u2028' || c == '\u2029'
}

// appendChar appends the character of s at i, and those beyond ASCII that follow it
// without an escape. It returns the index of the next character.
func appendChar[T string | []byte](b []byte, s T, i int) ([]byte, int) {
	c, size, escape := char(s, i)
	if escape {
		return appendEscaped(b, c), i + size
	}
	end := i + size
	for end < len(s) && s[end] >= utf8.RuneSelf {
		if _, size, escape = char(s, end); escape {
			break
		}
		end += size
	}
	return append(b, s[i:end]...), end
}

// appendEscaped appends c, which a JSON string must escape.
func appendEscaped(b []byte, c rune) []byte {
	if short := shortEscape(c); short != 0 {
		return append(b, '\\', short)
	}
	const hex = "0123456789abcdef"
	return append(b, '\\', 'u', hex[c>>12&15], hex[c>>8&15], hex[c>>4&15], hex[c&15])
}

func escapedLen(c rune) int {
	if shortEscape(c) != 0 {
		return len(`\n`)
	}
	return len(`\u0000`)
}

// shortEscape returns the character that encodes c behind a backslash, or 0.
func shortEscape(c rune) byte {
	switch c {
	case '"', '\\':
		return byte(c)
	case '\n':
		return 'n'
	case '\r':
		return 'r'
	case '\t':
		return 't'
	}
	return 0
}
