package engine

import (
	"unicode/utf8"

	"fanout/engine/ascii"
)

// isText reports whether b is UTF-8 that holds only characters that XML 1.0 allows.
func isText(b []byte) bool {
	for i := 0; i < len(b); {
		if i+8 <= len(b) && ascii.Unprintable(ascii.Word(b, i)) == 0 {
			i += 8
			continue
		}
		if c := b[i]; c < utf8.RuneSelf {
			if c < ' ' && c != '\t' && c != '\n' && c != '\r' {
				return false
			}
			i++
			continue
		}
		r, size := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && size == 1 || r == 0xFFFE || r == 0xFFFF {
			return false
		}
		i += size
	}
	return true
}
