package ui

import (
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

// shortDefault is the longest default, with its parentheses, that is never broken.
const shortDefault = 13

// wrap breaks text into lines of at most width characters, at spaces, but not within
// a short default. A longer word has a line of its own.
func wrap(text string, width int) []string {
	var words []string
	for _, word := range strings.Fields(text) {
		if last := len(words) - 1; last >= 0 && words[last] == "(default:" && len(word) <= min(shortDefault, width-10) && strings.HasSuffix(word, ")") {
			words[last] += " " + word
		} else {
			words = append(words, word)
		}
	}
	return Join(words, width)
}

// Join makes lines of words.
func Join(words []string, width int) []string {
	var lines []string
	length := 0
	for _, word := range words {
		n := utf8.RuneCountInString(word)
		if last := len(lines) - 1; last >= 0 && length+1+n <= width {
			lines[last] += " " + word
			length += 1 + n
			continue
		}
		lines, length = append(lines, word), n
	}
	return lines
}

// Hang writes head and then text, whose later lines begin below the first one.
func Hang(b *strings.Builder, head, text string, width int) {
	indent := utf8.RuneCountInString(head)
	b.WriteString(head)
	b.WriteString(strings.Join(wrap(text, width-indent), "\n"+strings.Repeat(" ", indent)))
	b.WriteByte('\n')
}

// entry is a line of a list: a head of indented words, a gap, and text.
var entry = regexp.MustCompile(`^( +\S+(?: \S+)* {2,})(\S.*)$`)

// Reflow breaks the paragraphs of a text again. Indented lines stay, except long
// entries of lists.
func Reflow(text string, width int) string {
	var b strings.Builder
	var words []string
	flush := func() {
		for _, line := range Join(words, width) {
			b.WriteString(line + "\n")
		}
		words = nil
	}
	for line := range strings.Lines(strings.Trim(text, "\n") + "\n") {
		line = strings.TrimRight(line, "\n")
		switch m := entry.FindStringSubmatch(line); {
		case m != nil:
			flush()
			Hang(&b, m[1], m[2], width)
		case line == "" || line[0] == ' ':
			flush()
			b.WriteString(line + "\n")
		default:
			words = append(words, strings.Fields(line)...)
		}
	}
	flush()
	return b.String()
}

// Indented returns the text of an error, with all lines after the first indented.
func Indented(err error) string { return strings.ReplaceAll(err.Error(), "\n", "\n  ") }

// Briefly writes 1h0m0s as 1h.
func Briefly(d time.Duration) string { return WithoutZeros(d.String()) }

// zeroUnits matches the zero units that end durations in Go, as in 1h0m0s.
var zeroUnits = regexp.MustCompile(`([hm])(0[ms])+$`)

func WithoutZeros(d string) string { return zeroUnits.ReplaceAllString(d, "$1") }
