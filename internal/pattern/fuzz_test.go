package pattern_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	"fanout/internal/jsonscan"
	"fanout/internal/pattern"
)

func FuzzCompile(f *testing.F) {
	for _, file := range []string{"examples.txt", "differences.txt"} {
		for _, e := range examples(f, file) {
			f.Add(e.pattern)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := pattern.Compile([]byte(text))
		if err == nil {
			if len(p.Names()) == 0 {
				t.Errorf("%q names nothing", text)
			}
			return
		}
		var faults pattern.Faults
		if !errors.As(err, &faults) || len(faults) == 0 {
			t.Fatalf("%q: %v", text, err)
		}
		for _, fault := range faults {
			if fault.Text == "" || bytes.ContainsAny([]byte(fault.Error()), "\n\x1b") {
				t.Errorf("%q: %q", text, fault.Error())
			}
		}
	})
}

// top is a view of the top level of an event in JSON.
type top map[string]json.RawMessage

func (v *top) Field(name string) pattern.Value {
	if raw, ok := (*v)[name]; ok {
		return pattern.JSON(raw)
	}
	return pattern.Value{}
}

func FuzzMatch(f *testing.F) {
	for _, file := range []string{"examples.txt", "differences.txt"} {
		for _, e := range examples(f, file) {
			f.Add(e.pattern, e.event)
		}
	}
	f.Fuzz(func(t *testing.T, text, event string) {
		p, err := pattern.Compile([]byte(text))
		if err != nil {
			return
		}
		matches := p.MatchJSON([]byte(event))
		if !jsonscan.Valid([]byte(event)) {
			if matches {
				t.Errorf("%s matches %s, which is not JSON", text, event)
			}
			return
		}
		// White space means nothing.
		var spaced bytes.Buffer
		if err := json.Indent(&spaced, []byte(event), " ", "\t"); err != nil {
			t.Skip("encoding/json does not read it") // nested too deep for it
		}
		if p.MatchJSON(spaced.Bytes()) != matches {
			t.Errorf("%s on %s: %t, and not with other space", text, event, matches)
		}
		// Nor does the way of the event to the pattern.
		var v top
		if json.Unmarshal([]byte(event), &v) != nil || bytes.Contains([]byte(text+event), []byte(".")) || twice([]byte(event)) {
			return
		}
		if v != nil && p.Match(&v) != matches {
			t.Errorf("%s on %s: %t, and not as a view", text, event, matches)
		}
	})
}

// twice reports whether the object event has a name twice.
func twice(event []byte) bool {
	seen := make(map[string]bool)
	c := jsonscan.Cursor{Text: event}
	again := false
	c.Object(func(name jsonscan.Value) bool {
		again = again || seen[string(name.Content())]
		seen[string(name.Content())] = true
		_, ok := c.Value()
		return ok
	})
	return again
}
