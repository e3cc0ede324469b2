package ui

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

// Show prints v in the form that output names. For a table, rows fills it.
func Show(w io.Writer, output string, v any, rows func(t table.Writer)) error {
	switch output {
	case "json":
		return ShowJSON(w, v)
	case "yaml":
		return showYAML(w, v)
	}
	t := NewTable(Columns(w))
	rows(t)
	_, err := fmt.Fprintln(w, t.Render())
	return err
}

// ShowJSON prints v as indented JSON.
func ShowJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// showYAML prints the output of showJSON in YAML, so that both have the same names in
// the same order.
func showYAML(w io.Writer, v any) error {
	var b bytes.Buffer
	if err := ShowJSON(&b, v); err != nil {
		return err
	}
	var root yaml.Node
	if err := yaml.Unmarshal([]byte(plain.Text(b.String())), &root); err != nil { // JSON is YAML, except for control characters
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

// blocks removes the braces and quotes of JSON that YAML does not need.
func blocks(n *yaml.Node) {
	if len(n.Content) > 0 {
		n.Style = 0
	} else if n.Kind == yaml.ScalarNode && n.Tag == "!!str" {
		n.Style = 0 // the encoder quotes scalars that would not be strings
		if plain.Text(n.Value) != n.Value || strings.HasPrefix(n.Value, "\t") {
			// This style understands the escapes of a screen. A block that begins with a tab
			// cannot be read again.
			n.Style = yaml.DoubleQuotedStyle
		}
	}
	for _, child := range n.Content {
		blocks(child)
	}
}

// Printable is a user's text for one line of output. It is quoted if it contains
// characters that would break the line or control the terminal.
func Printable(s string) string {
	if strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return strconv.Quote(s)
	}
	return s
}
