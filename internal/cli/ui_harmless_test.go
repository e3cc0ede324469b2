package cli

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text" // No text controls a terminal, in a table or elsewhere. A name cannot start a new line.
)

func TestOutputIsHarmless(t *testing.T) {
	checkHarmless(t, map[string]func(w *bytes.Buffer){"table": func(w *bytes.Buffer) {
		tab := newTable(0)
		tab.AppendHeader(table.Row{"a", "b"})
		tab.AppendRow(table.Row{forged, colored(w, text.FgRed, hostile)})
		fmt.Fprintln(w, tab.Render())
	},
		"narrow table": func(w *bytes.Buffer) {
			tab := newTable(30)
			tab.AppendHeader(table.Row{"a", "b"})
			tab.AppendRow(table.Row{forged, strings.Repeat(hostile, 10)})
			fmt.Fprintln(w, tab.Render())
		},
		"open table": func(w *bytes.Buffer) {
			tab := newTable(30)
			tab.AppendHeader(table.Row{"a", "b"})
			tab.AppendRow(table.Row{"a\nfanout: all is well", "another column"})
			fmt.Fprintln(w, tab.Render())
		},
		"screen":          func(w *bytes.Buffer) { fmt.Fprint(screen{w}, hostile) },
		"colors, in none": func(w *bytes.Buffer) { fmt.Fprint(screen{w}, "\x1b[31mred\x1b[0m") },
	})
}
