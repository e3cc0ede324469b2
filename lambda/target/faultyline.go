package target

import (
	"bytes"
	"encoding/json"
	"errors"

	"go.yaml.in/yaml/v3"
)

// maxFaultyLines limits the size of files that are searched for the faulty line, because
// the search parses the file once per line.
const maxFaultyLines = 2000

// faultyLine returns the line where a file stops being valid YAML, or JSON if it starts
// like JSON. It returns 0 if that is unknown. The YAML package only reports the start of
// the surrounding list or mapping, or the line before.
func faultyLine(data []byte) int {
	if text := bytes.TrimSpace(data); len(text) > 0 && text[0] == '{' {
		var v any
		if bad, ok := errors.AsType[*json.SyntaxError](json.Unmarshal(data, &v)); ok {
			at := min(int(bad.Offset), len(bytes.TrimRight(data, " \t\r\n")))
			return 1 + bytes.Count(data[:at], []byte("\n"))
		}
	}
	var ends []int // end offset of each line
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
	// The longest prefix that is valid YAML ends before the fault. A shorter prefix may be
	// invalid, because it can end within a text or list of several lines.
	for n := len(ends) - 1; n > 0; n-- {
		var v yaml.Node
		if yaml.Unmarshal(data[:ends[n-1]], &v) == nil {
			return n + 1
		}
	}
	return min(len(ends), 1)
}
