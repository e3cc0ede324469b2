// Package plain makes text from outside safe to show: names that users chose, and
// the words of servers. A terminal acts on nothing in it, it stays in its line, and it
// reads in the order it is stored in.
package plain

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Line returns s in one line. Each control character, each character that has no
// shape but changes how others are shown (Unicode's categories Cf, Zl and Zp: among
// them those that turn the direction of writing), is written as JSON writes it, \u001b
// say. A byte that is not UTF-8 becomes U+FFFD.
func Line(s string) string { return escape(s, false) }

// Text is like Line, but keeps line breaks and tabs.
func Text(s string) string { return escape(s, true) }

func escape(s string, lines bool) string {
	if utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return acts(r, lines) }) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case !acts(r, lines):
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// acts reports whether r does something rather than to be seen. Characters beyond
// U+FFFF do nothing that harms, and JSON has no short form for them.
func acts(r rune, lines bool) bool {
	switch {
	case r == '\n' || r == '\t':
		return !lines
	case r < utf8.RuneSelf:
		return r < ' ' || r == 0x7F
	}
	return r <= 0xFFFF && unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
}

// Writer writes what [Text] makes of what is written to it. Each Write is whole
// characters. A line of JSON means the same as before.
type Writer struct{ W io.Writer }

// Write implements io.Writer.
func (w Writer) Write(p []byte) (int, error) {
	if _, err := w.W.Write([]byte(Text(string(p)))); err != nil {
		return 0, err
	}
	return len(p), nil
}
