package ui

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// However narrow a table is, it has every character of a wide one.
func TestTablesLoseNothing(t *testing.T) {
	cells := []string{"arn:aws:sqs:eu-west-1:123456789012:orders", "a sentence of several words", "größer", "x"}
	rows := func(t table.Writer) {
		t.AppendHeader(table.Row{"name", "what it is", "number"})
		t.SetColumnConfigs([]table.ColumnConfig{{Number: 3, Align: text.AlignRight}})
		for i, c := range cells {
			t.AppendRow(table.Row{c, cells[len(cells)-1-i], 1_000_000 + i})
		}
	}
	for width := 1; width < 100; width++ {
		tbl := NewTable(width)
		rows(tbl)
		out := tbl.Render()
		for _, c := range cells {
			for _, r := range c {
				if r != ' ' && !strings.ContainsRune(out, r) {
					t.Fatalf("at %d columns %q is missing:\n%s", width, r, out)
				}
			}
		}
		for i := range cells {
			if !strings.Contains(out, fmt.Sprint(1_000_000+i)) {
				t.Errorf("at %d columns the number %d is missing or broken:\n%s", width, 1_000_000+i, out)
			}
		}
		if n := text.LongestLineLen(out); n > max(width, 12+leastText) {
			t.Errorf("at %d columns: %d wide:\n%s", width, n, out)
		}
	}
}

func TestBreakCell(t *testing.T) {
	for _, tt := range []struct {
		cell  string
		width int
		want  string
	}{
		{"short", 10, "short"},
		{"a sentence of words", 10, "a sentence\nof words"},
		{"arn:aws:sqs:eu-west-1", 10, "arn:aws:\nsqs:eu-\nwest-1"},
		{"abcdefghijkl", 5, "abcde\nfghij\nkl"},
		{"größerer Name", 8, "größerer\nName"},
		{"two\nlines", 10, "two\nlines"},
		{"\x1b[31mabcdef\x1b[0m", 3, "\x1b[31mabc\x1b[0m\n\x1b[31mdef\x1b[0m"},
	} {
		if got := breakCell(tt.cell, tt.width); got != tt.want {
			t.Errorf("%q in %d columns: %q, want %q", tt.cell, tt.width, got, tt.want)
		}
	}
}
