package cli

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

// screen is where a command writes text for people. Nothing in the text acts on a
// terminal, whoever it came from, but for the colours that [paint] gives.
type screen struct{ w io.Writer }

// Write implements io.Writer. Each Write is whole characters.
func (s screen) Write(p []byte) (int, error) {
	_, colours := terminalWidth(s.w)
	if _, err := s.w.Write([]byte(harmless(string(p), colours))); err != nil {
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

// colour is the form of what paint puts around text (ECMA-48, SGR).
var colour = regexp.MustCompile("\x1b\\[([0-9;]*)m")

// ours is a number among those of each colour that [paint] gives, so that text from
// outside gives none.
var ours = strconv.FormatUint(1_000_000_000+rand.Uint64N(1_000_000_000), 10)

// painting returns the parameters of a colour as a terminal gets them. It is not ok for
// colours that paint did not give.
func painting(parameters string) (_ string, ok bool) {
	if parameters == "0" { // the end of any
		return parameters, true
	}
	all := strings.Split(parameters, ";")
	i := slices.Index(all, ours)
	if i < 0 {
		return "", false
	}
	return strings.Join(slices.Delete(all, i, i+1), ";"), true
}

// paint gives s a colour, which harmless knows.
func paint(c text.Color, s string) string {
	return strings.Replace(c.Sprint(s), "\x1b[", "\x1b["+ours+";", 1)
}

// harmless returns text with nothing that acts on a terminal, but for colours if it may
// have those.
func harmless(text string, colours bool) string {
	if !colours {
		return plain.Text(text)
	}
	var b strings.Builder
	end := 0
	for _, at := range colour.FindAllStringSubmatchIndex(text, -1) {
		if parameters, ok := painting(text[at[2]:at[3]]); ok {
			b.WriteString(plain.Text(text[end:at[0]]) + "\x1b[" + parameters + "m")
			end = at[1]
		}
	}
	b.WriteString(plain.Text(text[end:]))
	return b.String()
}

// painted is text that has a colour, and is harmless else.
type painted string

// sentences is text of several lines.
type sentences string

// cells returns a row of a table with nothing in its text that acts on a terminal. A name
// does not make a line of its own.
func cells(row []any) []any {
	out := make([]any, len(row))
	for i, cell := range row {
		switch c := cell.(type) {
		case string:
			out[i] = plain.Line(c)
		case sentences:
			out[i] = plain.Text(string(c))
		case painted:
			out[i] = string(c)
		default:
			out[i] = c
		}
	}
	return out
}
