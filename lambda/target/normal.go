package target

import (
	"bytes"
	"encoding/json"
	"maps"
	"strings"

	"fanout/internal/jsonscan"
)

// Attributes whose values are JSON.
const (
	filter            = "filter"     // an event pattern
	ownStages         = "stages"     // a list of stages by name
	messageAttributes = "attributes" // of messages, by name
	headers           = "headers"    // of requests, by name
)

// structured are the kinds that these attributes have in files and tables. There they may
// be JSON text as well.
var structured = map[string]Kind{filter: Map, ownStages: List, messageAttributes: Map, headers: Map}

// IsObject reports whether an attribute is an object in files.
func IsObject(attribute string) bool { return structured[attribute] == Map }

// normal returns attributes with structured ones as JSON text, which is the same for files
// and tables.
func normal(attrs Values) Values {
	out, cloned := attrs, false
	for name, kind := range structured {
		v, ok := attrs[name]
		if !ok || v.Kind != kind && v.Kind != String {
			continue
		}
		text, ok := canonical(v.Text)
		if !ok {
			continue
		}
		if !cloned {
			out, cloned = maps.Clone(attrs), true
		}
		v.Kind, v.Text = String, text
		out[name] = v
	}
	return out
}

// canonical returns JSON text with the members of objects in order. It reports false for
// other text, and for an object with a name twice.
func canonical(text string) (string, bool) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var value any
	if d.Decode(&value) != nil || d.More() || repeats(&jsonscan.Cursor{Text: []byte(text)}) {
		return "", false
	}
	text = asJSON(value, true)
	return text, text != ""
}

// repeats reports whether an object in JSON text has a name twice.
func repeats(c *jsonscan.Cursor) (again bool) {
	seen := make(map[string]bool)
	read := func() bool {
		again = again || repeats(c)
		return true
	}
	switch c.Peek() {
	case '{':
		c.Object(func(name jsonscan.Value) bool {
			again = again || seen[string(name.Content())]
			seen[string(name.Content())] = true
			return read()
		})
	case '[':
		c.Array(read)
	default:
		c.Value()
	}
	return again
}

// asJSON returns a value in JSON, without escapes that only HTML needs. It returns "" if
// there is no value, or JSON cannot hold it.
func asJSON(value any, ok bool) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if !ok || e.Encode(value) != nil {
		return ""
	}
	return strings.TrimSuffix(b.String(), "\n")
}
