package target

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"fanout/engine/plain"
)

// onlyDocument reads the document of a file. Another one behind it is a fault: its targets
// would get no records, and nobody would notice.
func onlyDocument(path string, data []byte) (*yaml.Node, error) {
	var first, next yaml.Node
	d := yaml.NewDecoder(bytes.NewReader(data))
	switch err := d.Decode(&first); {
	case errors.Is(err, io.EOF) || err == nil && len(first.Content) == 0:
		return nil, &FileError{Path: path, Text: "is empty; write targets: and a list of targets"}
	case err != nil:
		return nil, syntaxError(path, data, err)
	}
	for {
		err := d.Decode(&next)
		if errors.Is(err, io.EOF) {
			return &first, nil
		}
		if err != nil {
			line, _ := explain(err)
			number, _ := strconv.Atoi(strings.TrimPrefix(line, ":"))
			return nil, &FileError{path, number, min(number, 1), "there is more text behind the targets, which is not read; remove it, or write all targets in one list"}
		}
		if len(next.Content) > 0 && next.Content[0].Tag != "!!null" {
			n := next.Content[0]
			return nil, &FileError{path, n.Line, n.Column, "there is a second document, behind the targets; write all targets in one list"}
		}
	}
}

// syntaxError returns the error of a file that YAML does not read.
func syntaxError(path string, data []byte, err error) error {
	line, text := explain(err)
	number, _ := strconv.Atoi(strings.TrimPrefix(line, ":"))
	if n := faultyLine(data); n > 0 {
		number = n
	}
	column := 0
	if number > 0 {
		column = 1
		if lines := bytes.SplitN(data, []byte("\n"), number+1); len(lines) >= number {
			column += len(lines[number-1]) - len(bytes.TrimLeft(lines[number-1], " \t"))
		}
	}
	return &FileError{path, number, column, "the file is neither YAML nor JSON: " + text + quoting(text)}
}

// rewritable matches the parts of JSON strings that YAML reads differently or not at all:
// escapes, and characters that YAML takes for line ends or refuses. A run of \u escapes matches
// as a whole. It is compiled when it is needed, because most starts of the function do not.
var rewritable = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?:\\u[0-9a-fA-F]{4})+|\\.|[\x{7F}-\x{9F}\x{2028}\x{2029}\x{FEFF}\x{FFFE}\x{FFFF}]`)
})

// isRewritable reports whether a part that rewritable matches may begin with r.
func isRewritable(r rune) bool {
	switch r {
	case '\\', '\u2028', '\u2029', '\uFEFF', '\uFFFE', '\uFFFF':
		return true
	}
	return r >= 0x7F && r <= 0x9F
}

// shift says that the rest of a line is elsewhere in the original text.
type shift struct{ line, column, by int } // from this column on, by so many characters in all

// asYAML rewrites JSON that YAML reads differently: tabs between tokens, escaped slashes,
// surrogate pairs, and line ends of Unicode. Line numbers stay the same. It returns how the
// columns change.
func asYAML(data []byte) (out []byte, moved []shift) {
	data = bytes.ReplaceAll(data, []byte("\t"), []byte(" "))
	if !bytes.ContainsFunc(data, isRewritable) {
		return data, nil
	}
	line, column, by := 1, 1, 0 // of the end of out
	add := func(part []byte) {
		out = append(out, part...)
		if n := bytes.Count(part, []byte("\n")); n > 0 {
			line, column, by = line+n, 1, 0
			part = part[bytes.LastIndexByte(part, '\n')+1:]
		}
		column += utf8.RuneCount(part)
	}
	copied := 0
	for _, m := range rewritable().FindAllIndex(data, -1) {
		add(data[copied:m[0]])
		before := data[m[0]:m[1]]
		after := rewritten(before)
		add(after)
		copied = m[1]
		if n := utf8.RuneCount(before) - utf8.RuneCount(after); n != 0 {
			by += n
			moved = append(moved, shift{line, column, by})
		}
	}
	return append(out, data[copied:]...), moved
}

// rewritten returns a part of a JSON string in a form that YAML understands.
func rewritten(part []byte) []byte {
	switch {
	case part[0] != '\\':
		return visible(string(part))
	case part[1] == '/':
		return part[1:]
	case part[1] == 'u':
		var s string
		if json.Unmarshal(slices.Concat([]byte(`"`), part, []byte(`"`)), &s) == nil {
			if b, err := json.Marshal(s); err == nil {
				return visible(plain.Line(string(b[1 : len(b)-1]))) // YAML rejects control characters
			}
		}
	}
	return part
}

// visible returns text with escapes for the characters that YAML reads differently.
func visible(text string) (out []byte) {
	for _, r := range text {
		if r != '\\' && isRewritable(r) {
			out = fmt.Appendf(out, `\u%04x`, r)
		} else {
			out = utf8.AppendRune(out, r)
		}
	}
	return out
}

// restore sets the columns of nodes to those of the original text. JSON has no aliases, so
// the nodes are a tree.
func restore(n *yaml.Node, moved []shift) {
	if len(moved) == 0 {
		return
	}
	// The last shift at or before the node has the sum of those before it.
	i, _ := slices.BinarySearchFunc(moved, shift{n.Line, n.Column + 1, 0}, func(a, b shift) int {
		return cmp.Or(cmp.Compare(a.line, b.line), cmp.Compare(a.column, b.column))
	})
	if i > 0 && moved[i-1].line == n.Line {
		n.Column += moved[i-1].by
	}
	for _, child := range n.Content {
		restore(child, moved)
	}
}

// yamlLine matches the place in an error of the YAML package.
var yamlLine = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(?:yaml: )?line (\d+): `) })

// explain splits an error of the YAML package into :line, if present, and text.
func explain(err error) (line, text string) {
	text = err.Error()
	if types, ok := errors.AsType[*yaml.TypeError](err); ok && len(types.Errors) > 0 {
		text = types.Errors[0]
	}
	if m := yamlLine().FindStringSubmatch(text); m != nil {
		return ":" + m[1], text[len(m[0]):]
	}
	return "", strings.TrimPrefix(text, "yaml: ")
}

// quoting says how to write a text that YAML does not take in double quotes, such as
// "\(.a)" in a jq program.
func quoting(text string) string {
	if text == "found unknown escape character" {
		return "; write a text that has a backslash in single quotes"
	}
	return ""
}
