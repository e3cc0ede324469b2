package jq

import (
	"errors"
	"strconv"
	"strings"

	"github.com/itchyny/gojq"
)

// Failure is the error of a program that fails on a record. In a program, the operator ? catches
// it. It has no value of the record.
type Failure string

// Error implements error.
func (f Failure) Error() string { return string(f) }

// reason returns an error of a run without data of the record. gojq's own text has parts
// of the values.
func (p *Program) reason(err error) error {
	if raised, ok := errors.AsType[gojq.ValueError](err); ok {
		if text, isText := raised.Value().(string); isText && text != "" && strings.Contains(p.text, strconv.Quote(text)) {
			return Failure("the program says: " + text)
		}
		return Failure("the program called error on the record")
	}
	return Failure("the program failed on the record: " + withoutValues(err.Error()))
}

// withoutValues returns the text of an error of gojq up to its first value, and the type
// of that. Examples of its texts are:
//
//	expected an object but got: string ("secret")
//	startswith("secret") cannot be applied to: number (7)
//	invalid regular expression "secret": …
func withoutValues(text string) string {
	head, tail, _ := strings.Cut(text, ": ")
	if i := strings.IndexAny(head, "\"([{0123456789"); i >= 0 {
		return strings.TrimSpace(head[:i]) + " cannot be applied to its values"
	}
	kind, _, _ := strings.Cut(tail, " ")
	switch kind {
	case "null", "boolean", "number", "string", "array", "object":
		return head + " " + kind
	}
	return head
}
