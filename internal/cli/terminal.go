package cli

import (
	"io"
	"os"
	"strconv"

	"github.com/jedib0t/go-pretty/v6/text"
	"golang.org/x/term"

	"fanout/engine/plain"
)

// terminalWidth returns the width of the terminal behind w. ok is false if w is not a
// terminal that understands escape codes.
func terminalWidth(w io.Writer) (int, bool) {
	switch s := w.(type) {
	case *live:
		w = s.w
	case screen:
		w = s.w
	}
	file, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) || os.Getenv("TERM") == "dumb" {
		return 0, false
	}
	width, _, err := term.GetSize(int(file.Fd()))
	if err != nil || width < 1 {
		return textColumns, true
	}
	return width, true
}

// columns returns the width of lines written to w: the variable COLUMNS, or else the
// terminal's width. 0 means unlimited.
func columns(w io.Writer) int {
	if n, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && n > 0 {
		return n
	}
	width, _ := terminalWidth(w)
	return width
}

// The width of text: the default, and the limits of legibility.
const (
	textColumns      = 80
	leastTextColumns = 40
	mostTextColumns  = 120
)

// textWidth returns the width of text for w.
func textWidth(w io.Writer) int {
	n := columns(w)
	if n == 0 {
		n = textColumns
	}
	return max(leastTextColumns, min(n, mostTextColumns))
}

// colored gives s a color if w is a terminal and the environment (NO_COLOR) allows it.
func colored(w io.Writer, color text.Color, s string) painted {
	s = plain.Text(s)
	if _, ok := terminalWidth(w); ok {
		s = paint(color, s)
	}
	return painted(s)
}
