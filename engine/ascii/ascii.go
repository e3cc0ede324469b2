// Package ascii finds characters in text eight bytes at a time. It serves code that
// reads or writes nearly all data: payloads, and the packages that read and write JSON.
//
// A word has eight bytes of text, the first of them lowest. Results are in the high
// bits of the bytes: x-n sets the high bit of a byte x less than n, and only then
// borrows from the byte above (Warren, Hacker's Delight, section 6-1).
package ascii

import "math/bits"

const (
	// Each has a 1 in each byte of a word.
	Each = 0x0101010101010101

	// High has the high bit of each byte of a word.
	High = 0x80 * Each

	// With this bit flipped, a quote is a space and control characters stay below it.
	// So one comparison finds both.
	flip = 0x02 * Each
)

// Plain reports whether c is ASCII that a JSON string holds unescaped (RFC 8259,
// section 7). That includes DEL.
func Plain(c byte) bool { return ' ' <= c && c < 0x80 && c != '"' && c != '\\' }

// Word returns the eight bytes of s from i on.
func Word[T string | []byte](s T, i int) uint64 {
	s = s[i : i+8]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// Unprintable sets a high bit for each control or non-ASCII byte in w. Only the
// lowest bit is exact: it marks the first such byte.
func Unprintable(w uint64) uint64 { return (w | (w - ' '*Each)) & High }

// Special is like Unprintable for all bytes that are not plain.
func Special(w uint64) uint64 {
	return (w | ((w ^ flip) - (' '+1)*Each) | ((w ^ '\\'*Each) - Each)) & High
}

// Marks is like Special, but passes over bytes that are not ASCII.
func Marks(w uint64) uint64 {
	low, slash := w^flip, w^'\\'*Each
	return ((low-(' '+1)*Each)&^low | (slash-Each)&^slash) & High
}

// Quotes sets the high bit of each byte of w that is a quote or a backslash, and of no
// other, as long as all bytes up to there are ASCII.
func Quotes(w uint64) uint64 {
	return (^((w ^ '"'*Each) + 0x7F*Each) | ^((w ^ '\\'*Each) + 0x7F*Each)) & High
}

// First returns the position in a word of the first byte with a bit in found, or 8
// if there is none.
func First(found uint64) int { return bits.TrailingZeros64(found) / 8 }

// Run returns how many bytes at the start of s are plain, in steps of 32: most text
// has either none or many.
func Run[T string | []byte](s T) int {
	n := 0
	for ; len(s)-n >= 32; n += 32 {
		w := s[n : n+32]
		if Special(Word(w, 0))|Special(Word(w, 8))|Special(Word(w, 16))|Special(Word(w, 24)) != 0 {
			break
		}
	}
	return n
}

// Len returns how many bytes at the start of s are plain.
func Len[T string | []byte](s T) int {
	i := 0
	for ; len(s)-i >= 8; i += 8 {
		if n := First(Special(Word(s, i))); n < 8 {
			return i + n
		}
		i += Run(s[i+8:])
	}
	for i < len(s) && Plain(s[i]) {
		i++
	}
	return i
}
