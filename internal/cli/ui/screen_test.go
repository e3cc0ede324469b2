package ui

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"go.yaml.in/yaml/v3"

	"fanout/internal/testing/clitest"
)

// A terminal gets only paint's colors, and none from outside: one of them hides the
// text after it.
func TestColoursAreOurs(t *testing.T) {
	red := paint(text.FgRed, "orders")
	tab := NewTable(20)
	tab.AppendHeader(table.Row{"a", "b"})
	tab.AppendRow(table.Row{painted(paint(text.FgRed, strings.Repeat("long ", 10))), "b\x1b[8m"})
	for in, want := range map[string]string{
		red:                                "\x1b[31morders\x1b[0m",
		"a\x1b[8mhidden\x1b[0m\x1b[31m":    `a\u001b[8mhidden` + "\x1b[0m" + `\u001b[31m`,
		"\x1b[m\x1b[;m\x1b[1;" + "2m\x1b[": `\u001b[m\u001b[;m\u001b[1;2m\u001b[`,
	} {
		if got := harmless(in, true); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
	if got := harmless(red, false); clitest.Acts(got) {
		t.Errorf("%q", got)
	}
	broken := harmless(tab.Render(), true)
	if strings.Contains(broken, ours) || strings.Count(broken, "\x1b[31m") < 2 || strings.Contains(broken, "\x1b[8m") {
		t.Errorf("the table is %q", broken)
	}
}

// Machine-readable output keeps its meaning on a screen.
func TestScreenKeepsMeaning(t *testing.T) {
	in := map[string]string{"k" + clitest.Hostile: clitest.Hostile + "\n\U0001F680"}
	var j, y bytes.Buffer
	if err := errors.Join(ShowJSON(screen{&j}, in), showYAML(screen{&y}, in)); err != nil {
		t.Fatal(err)
	}
	var fromJSON, fromYAML map[string]string
	if err := errors.Join(json.Unmarshal(j.Bytes(), &fromJSON), yaml.Unmarshal(y.Bytes(), &fromYAML)); err != nil {
		t.Fatal(err)
	}
	for k, v := range in {
		if fromJSON[k] != v || fromYAML[k] != v {
			t.Errorf("%q became %q in JSON and %q in YAML", v, fromJSON[k], fromYAML[k])
		}
	}
	if clitest.Acts(j.String()) || clitest.Acts(y.String()) {
		t.Errorf("%q or %q acts on a terminal", j.String(), y.String())
	}
}
