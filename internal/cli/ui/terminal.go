package ui

import (
	"io"
	"os"
	"strconv"

	"github.com/jedib0t/go-pretty/v6/text"
	"golang.org/x/term"

	"fanout/engine/plain"
)

// TerminalWidth returns the width of the terminal behind w. ok is false if w is not a
// terminal that understands escape codes.
func TerminalWidth(w io.Writer) (int, bool) {
	switch s := w.(type) {
	case *Live:
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

// Columns returns the width of lines written to w: the variable COLUMNS, or else the
// terminal's width. 0 means unlimited.
func Columns(w io.Writer) int {
	if n, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && n > 0 {
		return n
	}
	width, _ := TerminalWidth(w)
	return width
}

// The width of text: the default, and the limits of legibility.
const (
	textColumns      = 80
	LeastTextColumns = 40
	MostTextColumns  = 120
)

// TextWidth returns the width of text for w.
func TextWidth(w io.Writer) int {
	n := Columns(w)
	if n == 0 {
		n = textColumns
	}
	return max(LeastTextColumns, min(n, MostTextColumns))
}

// Colored gives s a color if w is a terminal and the environment (NO_COLOR) allows it.
func Colored(w io.Writer, color text.Color, s string) painted {
	s = plain.Text(s)
	if _, ok := TerminalWidth(w); ok {
		s = paint(color, s)
	}
	return painted(s)
}
