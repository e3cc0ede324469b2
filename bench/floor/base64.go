package main

import (
	"encoding/base64"
	"encoding/binary"
	"slices"
)

// decode decodes base64 text into the memory of out. It does not validate, which takes
// most of the time of encoding/base64.
func decode(out, text []byte) ([]byte, error) {
	out = slices.Grow(out[:0], len(text)) // six bytes are written as eight
	for len(text) > 8 {
		first := sextets[0][text[0]] | sextets[1][text[1]] | sextets[2][text[2]] | sextets[3][text[3]]
		second := sextets[0][text[4]] | sextets[1][text[5]] | sextets[2][text[6]] | sextets[3][text[7]]
		out = binary.LittleEndian.AppendUint64(out, uint64(first)|uint64(second)<<24)[:len(out)+6]
		text = text[8:]
	}
	return base64.StdEncoding.AppendDecode(out, text) // may have padding
}

// sextets has the bits of each character at each of its four places, as part of three
// bytes with the first one lowest.
var sextets = func() (t [4][256]uint32) {
	for i, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") {
		for place := range t {
			bits := uint32(i) << (18 - 6*place) // the first byte highest
			t[place][c] = bits>>16 | bits&0xFF00 | bits&0xFF<<16
		}
	}
	return t
}()
