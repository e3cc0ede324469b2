package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"

	"github.com/jedib0t/go-pretty/v6/table"
	"go.yaml.in/yaml/v3"

	"fanout/engine/plain"
)

// show prints v in the form that --output names. For a table, rows fills it.
func show(w io.Writer, output string, v any, rows func(t table.Writer)) error {
	switch output {
	case "json":
		return showJSON(w, v)
	case "yaml":
		return showYAML(w, v)
	}
	t := newTable(columns(w))
	rows(t)
	_, err := fmt.Fprintln(w, t.Render())
	return err
}

// showJSON prints v as indented JSON.
func showJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// showYAML prints what showJSON prints, in YAML, so that both have the same names in
// the same order.
func showYAML(w io.Writer, v any) error {
	var b bytes.Buffer
	if err := showJSON(&b, v); err != nil {
		return err
	}
	var root yaml.Node
	if err := yaml.Unmarshal([]byte(plain.Text(b.String())), &root); err != nil { // JSON is YAML, but for control characters
		return err
	}
	blocks(&root)
	enc := yaml.NewEncoder(w)
	enc.SetIndent(2)
	if err := enc.Encode(&root); err != nil {
		return err
	}
	return enc.Close()
}

// blocks takes the braces and quotes of JSON away, where YAML needs none.
func blocks(n *yaml.Node) {
	if len(n.Content) > 0 {
		n.Style = 0
	} else if n.Kind == yaml.ScalarNode && n.Tag == "!!str" {
		n.Style = 0 // the encoder quotes what would not be a string
		if plain.Text(n.Value) != n.Value {
			n.Style = yaml.DoubleQuotedStyle // in which escapes, as a screen writes them, mean the same
		}
	}
	for _, child := range n.Content {
		blocks(child)
	}
}

// printable is text of users as a line of a table has it: quoted, if there is anything
// in it that would break the line or speak to the terminal.
func printable(s string) string {
	if strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return strconv.Quote(s)
	}
	return s
}
