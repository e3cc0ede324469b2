package ui

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
	"golang.org/x/term"
)

// Codes of terminals (xterm control sequences): the alternate screen keeps what was on the
// screen before, and gives it back.
const (
	enterScreen = "\x1b[?1049h\x1b[?25l" // and hide the cursor
	leaveScreen = "\x1b[?25h\x1b[?1049l"
	topLeft     = "\x1b[H"
	clearToEnd  = "\x1b[K" // of the line
	clearBelow  = "\x1b[J"
)

// Canvas shows one text after another in the same place, if w is a terminal. Otherwise it
// writes them one after another.
type Canvas struct {
	w    io.Writer
	size func() (columns, rows int) // nil: not a terminal
	open bool
}

// NewCanvas returns a Canvas on w. It must be closed.
func NewCanvas(w io.Writer) *Canvas {
	c := &Canvas{w: w}
	if _, ok := TerminalWidth(w); !ok {
		return c
	}
	if s, ok := w.(screen); ok {
		c.w = s.w // the screen must not remove the codes
	}
	c.size = func() (int, int) {
		if file, ok := c.w.(*os.File); ok {
			if columns, rows, err := term.GetSize(int(file.Fd())); err == nil && rows > 1 && columns > 1 {
				return columns, rows
			}
		}
		return textColumns, leastRows
	}
	return c
}

// leastRows is the height of a terminal that does not tell it.
const leastRows = 24

// Paint shows content. What does not fit is cut off at the bottom.
func (c *Canvas) Paint(content string) error {
	if c.size == nil {
		_, err := fmt.Fprintln(c.w, content)
		return err
	}
	columns, rows := c.size()
	lines := strings.Split(strings.TrimRight(harmless(content, true), "\n"), "\n")
	taken := 0 // rows; the terminal breaks long lines
	for i, line := range lines {
		taken += 1 + max(text.StringWidthWithoutEscSequences(line)-1, 0)/columns
		if taken > rows-1 || taken == rows-1 && i < len(lines)-1 {
			lines = append(lines[:i:i], fmt.Sprintf("… %s more", Count(len(lines)-i, "line")))
			break
		}
	}
	var b strings.Builder
	if !c.open {
		c.open = true
		b.WriteString(enterScreen)
	}
	b.WriteString(topLeft) // in one write, and without clearing first, to avoid flicker
	for _, line := range lines {
		b.WriteString(line + clearToEnd + "\r\n")
	}
	b.WriteString(clearBelow)
	_, err := io.WriteString(c.w, b.String())
	return err
}

// Transient reports whether Close takes away what was painted.
func (c *Canvas) Transient() bool { return c.size != nil }

// Close brings the terminal's earlier content back.
func (c *Canvas) Close() {
	if c.open {
		c.open = false
		fmt.Fprint(c.w, leaveScreen)
	}
}
