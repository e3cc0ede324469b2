// Package plain makes outside text safe to show: names that users chose, and text
// from servers. The result does not act on terminals, stays in its line, and reads
// in the order it is stored in.
package plain

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Line returns s in one line. It escapes control characters, and invisible
// characters that change how others are shown (Unicode's categories Cf, Zl and Zp,
// such as changes of the writing direction), as JSON does: \u001b, for example. A
// byte that is not UTF-8 becomes U+FFFD.
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

// acts reports whether r is an effect instead of a visible character. Characters
// beyond U+FFFF have no harmful effects, and JSON has no short form for them.
func acts(r rune, lines bool) bool {
	switch {
	case r == '\n' || r == '\t':
		return !lines
	case r < utf8.RuneSelf:
		return r < ' ' || r == 0x7F
	}
	return r <= 0xFFFF && unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
}

// Writer passes each Write through [Text]. Each Write must hold whole characters. A
// line of JSON keeps its meaning.
type Writer struct{ W io.Writer }

// Write implements io.Writer.
func (w Writer) Write(p []byte) (int, error) {
	if _, err := w.W.Write([]byte(Text(string(p)))); err != nil {
		return 0, err
	}
	return len(p), nil
}
