package target

import (
	"bytes"
	"encoding/json"
	"errors"

	"go.yaml.in/yaml/v3"
)

// maxFaultyLines bounds the files whose faulty line is searched for, which parses them
// once a line.
const maxFaultyLines = 2000

// faultyLine returns the line on which a file stops being YAML, or JSON if it begins
// like it; 0 if that cannot be told. The YAML package names the line on which the
// surrounding list or mapping begins, or the one before.
func faultyLine(data []byte) int {
	if text := bytes.TrimSpace(data); len(text) > 0 && text[0] == '{' {
		var v any
		if bad, ok := errors.AsType[*json.SyntaxError](json.Unmarshal(data, &v)); ok {
			at := min(int(bad.Offset), len(bytes.TrimRight(data, " \t\r\n")))
			return 1 + bytes.Count(data[:at], []byte("\n"))
		}
	}
	var ends []int // of lines
	for i, c := range data {
		if c == '\n' {
			ends = append(ends, i+1)
		}
	}
	if len(data) > 0 && data[len(data)-1] != '\n' {
		ends = append(ends, len(data))
	}
	if len(ends) > maxFaultyLines {
		return 0
	}
	// The longest beginning that is YAML ends before the fault. A shorter one need not
	// be: it may end within a text or list of several lines.
	for n := len(ends) - 1; n > 0; n-- {
		var v yaml.Node
		if yaml.Unmarshal(data[:ends[n-1]], &v) == nil {
			return n + 1
		}
	}
	return min(len(ends), 1)
}
