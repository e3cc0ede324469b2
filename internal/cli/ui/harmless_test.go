package ui

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text" // No text controls a terminal, in a table or elsewhere. A name cannot start a new line.

	"fanout/internal/testing/clitest"
)

func TestOutputIsHarmless(t *testing.T) {
	clitest.CheckHarmless(t, map[string]func(w *bytes.Buffer){"table": func(w *bytes.Buffer) {
		tab := NewTable(0)
		tab.AppendHeader(table.Row{"a", "b"})
		tab.AppendRow(table.Row{clitest.Forged, Colored(w, text.FgRed, clitest.Hostile)})
		fmt.Fprintln(w, tab.Render())
	},
		"narrow table": func(w *bytes.Buffer) {
			tab := NewTable(30)
			tab.AppendHeader(table.Row{"a", "b"})
			tab.AppendRow(table.Row{clitest.Forged, strings.Repeat(clitest.Hostile, 10)})
			fmt.Fprintln(w, tab.Render())
		},
		"open table": func(w *bytes.Buffer) {
			tab := NewTable(30)
			tab.AppendHeader(table.Row{"a", "b"})
			tab.AppendRow(table.Row{"a\nfanout: all is well", "another column"})
			fmt.Fprintln(w, tab.Render())
		},
		"screen":          func(w *bytes.Buffer) { fmt.Fprint(screen{w}, clitest.Hostile) },
		"colors, in none": func(w *bytes.Buffer) { fmt.Fprint(screen{w}, "\x1b[31mred\x1b[0m") },
	})
}
