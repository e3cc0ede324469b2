package ui

import (
	"io"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"

	"fanout/engine/plain"
)

// screen is where a command writes text for people. No text from any origin can control
// the terminal; only the colors of [paint] pass.
type screen struct{ w io.Writer }

// NewScreen returns the screen on w.
func NewScreen(w io.Writer) io.Writer { return screen{w} }

// Write implements io.Writer. Each Write must consist of whole characters.
func (s screen) Write(p []byte) (int, error) {
	_, colors := TerminalWidth(s.w)
	if _, err := s.w.Write([]byte(harmless(string(p), colors))); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Exact returns the writer for machine-readable text: byte for byte unless w is a
// terminal.
func Exact(w io.Writer) io.Writer {
	if s, ok := w.(screen); ok {
		if _, ok := TerminalWidth(w); !ok {
			return s.w
		}
	}
	return w
}

// colorCode matches the codes that paint puts around text (ECMA-48, SGR).
var colorCode = regexp.MustCompile("\x1b\\[([0-9;]*)m")

// ours is a number in each color code that [paint] writes. Text from outside cannot
// contain it.
var ours = strconv.FormatUint(1_000_000_000+rand.Uint64N(1_000_000_000), 10)

// painting returns the parameters of a color code for the terminal. ok is false if
// paint did not write the code.
func painting(parameters string) (_ string, ok bool) {
	if parameters == "0" { // ends any color
		return parameters, true
	}
	all := strings.Split(parameters, ";")
	i := slices.Index(all, ours)
	if i < 0 {
		return "", false
	}
	return strings.Join(slices.Delete(all, i, i+1), ";"), true
}

// paint gives s a color, which harmless recognizes.
func paint(c text.Color, s string) string {
	return strings.Replace(c.Sprint(s), "\x1b[", "\x1b["+ours+";", 1)
}

// harmless returns text that cannot control a terminal. It keeps paint's color codes if
// colors is set.
func harmless(text string, colors bool) string {
	if !colors {
		return plain.Text(text)
	}
	var b strings.Builder
	end := 0
	for _, at := range colorCode.FindAllStringSubmatchIndex(text, -1) {
		if parameters, ok := painting(text[at[2]:at[3]]); ok {
			b.WriteString(plain.Text(text[end:at[0]]) + "\x1b[" + parameters + "m")
			end = at[1]
		}
	}
	b.WriteString(plain.Text(text[end:]))
	return b.String()
}

// painted is text with color codes that is otherwise harmless.
type painted string

// Sentences is text of several lines.
type Sentences string

// cells returns a row of a table whose text cannot control a terminal. A name cannot
// start a new line.
func cells(row []any) []any {
	out := make([]any, len(row))
	for i, cell := range row {
		switch c := cell.(type) {
		case string:
			out[i] = plain.Line(c)
		case Sentences:
			out[i] = plain.Text(string(c))
		case painted:
			out[i] = string(c)
		default:
			out[i] = c
		}
	}
	return out
}
