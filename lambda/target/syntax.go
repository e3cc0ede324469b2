package target

import (
	"bytes"
	"encoding/json"
	"errors"
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

// jsonEscapes matches escapes of JSON strings. A run of \u escapes matches as a whole. It is
// compiled when it is needed, because most starts of the function do not.
var jsonEscapes = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?:\\u[0-9a-fA-F]{4})+|\\.`) })

// shift says that the rest of a line is elsewhere in the original text.
type shift struct{ line, column, by int } // from this column on, by so many characters

// asYAML rewrites JSON that YAML reads differently: tabs between tokens, escaped slashes
// and surrogate pairs. Line numbers stay the same. It returns how the columns change.
func asYAML(data []byte) (out []byte, moved []shift) {
	data = bytes.ReplaceAll(data, []byte("\t"), []byte(" "))
	if bytes.IndexByte(data, '\\') < 0 {
		return data, nil
	}
	line, start, counted, copied := 1, 0, 0, 0
	for _, m := range jsonEscapes().FindAllIndex(data, -1) {
		out = append(out, data[copied:m[0]]...)
		before := data[m[0]:m[1]]
		after := rewritten(before)
		out, copied = append(out, after...), m[1]
		if n := bytes.Count(out[counted:], []byte("\n")); n > 0 {
			line, start = line+n, bytes.LastIndexByte(out, '\n')+1
		}
		counted = len(out)
		if by := utf8.RuneCount(before) - utf8.RuneCount(after); by != 0 {
			moved = append(moved, shift{line, 1 + utf8.RuneCount(out[start:]), by})
		}
	}
	return append(out, data[copied:]...), moved
}

// rewritten returns an escape of JSON in a form that YAML understands.
func rewritten(escape []byte) []byte {
	switch escape[1] {
	case '/':
		return escape[1:]
	case 'u':
		var s string
		if json.Unmarshal(slices.Concat([]byte(`"`), escape, []byte(`"`)), &s) == nil {
			if b, err := json.Marshal(s); err == nil {
				return []byte(plain.Line(string(b[1 : len(b)-1]))) // YAML rejects control characters
			}
		}
	}
	return escape
}

// restore sets the columns of nodes to those of the original text. JSON has no aliases, so
// the nodes are a tree.
func restore(n *yaml.Node, moved []shift) {
	if len(moved) == 0 {
		return
	}
	i, _ := slices.BinarySearchFunc(moved, n.Line, func(s shift, line int) int { return s.line - line })
	by := 0
	for ; i < len(moved) && moved[i].line == n.Line && moved[i].column <= n.Column; i++ {
		by += moved[i].by
	}
	n.Column += by
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
