package main

import (
	"io"
	"regexp"
	"strings"

	"fanout/engine/plain"
)

// screen is where a command writes text for people. Nothing in the text acts on a
// terminal, whoever it came from, but for the colours that [coloured] gives.
type screen struct{ w io.Writer }

// Write implements io.Writer. Each Write is whole characters.
func (s screen) Write(p []byte) (int, error) {
	if _, err := s.w.Write([]byte(harmless(s.w, string(p)))); err != nil {
		return 0, err
	}
	return len(p), nil
}

// exact returns where text for machines goes, byte for byte unless people see it.
func exact(w io.Writer) io.Writer {
	if s, ok := w.(screen); ok {
		if _, ok := terminalWidth(w); !ok {
			return s.w
		}
	}
	return w
}

// colour is the form of what coloured puts around text (ECMA-48, SGR).
var colour = regexp.MustCompile("\x1b\\[[0-9;]*m")

// harmless returns text as w may have it.
func harmless(w io.Writer, text string) string {
	if _, ok := terminalWidth(w); !ok {
		return plain.Text(text)
	}
	var b strings.Builder
	end := 0
	for _, at := range colour.FindAllStringIndex(text, -1) {
		b.WriteString(plain.Text(text[end:at[0]]))
		b.WriteString(text[at[0]:at[1]])
		end = at[1]
	}
	b.WriteString(plain.Text(text[end:]))
	return b.String()
}

// painted is text that has a colour, and is harmless else.
type painted string

// cells returns a row of a table with nothing in its text that acts on a terminal.
func cells(row []any) []any {
	out := make([]any, len(row))
	for i, cell := range row {
		switch c := cell.(type) {
		case string:
			out[i] = plain.Text(c)
		case painted:
			out[i] = string(c)
		default:
			out[i] = c
		}
	}
	return out
}
