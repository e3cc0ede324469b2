package clitest

import (
	"strings"
	"unicode"
)

// Hostile is text that clears a terminal, sets its title, rings, moves back in its
// line, and reverses the direction of writing.
const Hostile = "a\x1b[2J\x1b]0;t\x07\r\u009b31m\u202eb\u2066\u2028\x7f"

// Acts reports whether printed text controls a terminal.
func Acts(text string) bool {
	return strings.ContainsFunc(strings.ReplaceAll(text, "\n", ""), func(r rune) bool {
		return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
	})
}
