package engine

import (
	"encoding/base64"
	"encoding/binary"
)

// validBase64 reports whether encoding/base64 would decode text. Line breaks make
// text invalid: services reject them, and they would hide the decoded size.
func validBase64(text []byte) bool {
	n := len(text)
	if n%4 != 0 {
		return false
	}
	for pad := 0; n > 0 && pad < 2 && text[n-1] == '='; pad++ {
		n--
	}
	good := ^uint64(0)
	for text = text[:n]; len(text) >= 32; text = text[32:] {
		good &= inAlphabet(binary.LittleEndian.Uint64(text)) & inAlphabet(binary.LittleEndian.Uint64(text[8:])) &
			inAlphabet(binary.LittleEndian.Uint64(text[16:])) & inAlphabet(binary.LittleEndian.Uint64(text[24:]))
	}
	for ; len(text) >= 8; text = text[8:] {
		good &= inAlphabet(binary.LittleEndian.Uint64(text))
	}
	last := [8]byte{'A', 'A', 'A', 'A', 'A', 'A', 'A', 'A'}
	copy(last[:], text)
	return good&inAlphabet(binary.LittleEndian.Uint64(last[:]))&high == high
}

// inAlphabet sets the high bit of each byte of w that is a digit of standard
// base64, if all bytes are below 0x80. Otherwise it leaves at least one high bit
// clear. The code is written out so that the compiler inlines it.
//
// The slash precedes the digits in ASCII. Setting bit 5 turns a letter into lower
// case and makes no other byte a letter.
func inAlphabet(w uint64) uint64 {
	const letter, pastLetter = (0x80 - 'a') * each, (0x80 - 'z' - 1) * each
	const digit, pastDigit = (0x80 - '/') * each, (0x80 - '9' - 1) * each
	lower := w | 0x20*each
	letters := (lower + letter) &^ (lower + pastLetter)
	digits := (w + digit) &^ (w + pastDigit)
	plus := ^((w ^ '+'*each) + 0x7F*each)
	return (letters | digits | plus) &^ w
}

// decodedLen returns the exact number of bytes that valid padded base64 decodes to.
func decodedLen(text []byte) int {
	n := len(text) / 4 * 3
	for i := len(text) - 1; i >= 0 && text[i] == '='; i-- {
		n--
	}
	return n
}

// decodeBase64 decodes text into dst. validBase64 has accepted text, and dst has
// decodedLen bytes. Because the text is valid, eight characters are looked up and
// written at once, twice as fast as encoding/base64.
func decodeBase64(dst, text []byte) {
	for len(dst) >= 8 && len(text) >= 8 {
		low := sextets[0][text[0]] | sextets[1][text[1]] | sextets[2][text[2]] | sextets[3][text[3]]
		high := sextets[0][text[4]] | sextets[1][text[5]] | sextets[2][text[6]] | sextets[3][text[7]]
		binary.LittleEndian.PutUint64(dst, uint64(low)|uint64(high)<<24) // six bytes, and two that the next write replaces
		dst, text = dst[6:], text[8:]
	}
	_, _ = base64.StdEncoding.Decode(dst, text) // never fails
}

// sextets holds the bits that each character adds to three bytes (the first byte
// lowest), by its position in the group of four.
var sextets = func() (t [4][256]uint32) {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	for i := range alphabet {
		six := uint32(i)
		c := alphabet[i]
		t[0][c] = six << 2
		t[1][c] = six>>4 | six&15<<12
		t[2][c] = six>>2<<8 | six&3<<22
		t[3][c] = six << 16
	}
	return t
}()
