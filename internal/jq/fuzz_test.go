package jq

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

// A program that compiles ends on any record, without a panic, and its results are JSON.
func FuzzProgram(f *testing.F) {
	for _, c := range endless {
		f.Add(c.program, c.data)
	}
	for _, program := range []string{`{id: .order, total}`, `.a += "\(.b)" | .c[1:]`, `def f($x): $x + 1; f(.[])`, `gsub("a(?<x>b*)"; .x)`, `@csv "\(.)"`, `. as [$a, {b: $c}] ?// $a | $a`} {
		f.Add(program, `{"a":[1.50,"x"],"b":"y"}`)
	}
	f.Fuzz(func(t *testing.T, program, data string) {
		p, err := Compile(program)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n\x1b") {
				t.Errorf("%q has a fault of several lines: %q", program, err)
			}
			return
		}
		err = p.Run(t.Context(), &Record{Data: []byte(data)}, false, func(result []byte) error {
			if !json.Valid(result) {
				t.Errorf("%q of %q is %q", program, data, result)
			}
			return nil
		})
		if errors.Is(err, errPanic) {
			t.Errorf("%q of %q: %v", program, data, err)
		}
	})
}
