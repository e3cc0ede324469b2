package jq

import (
	"errors"
	"strings"
	"unicode/utf8"

	"fanout/internal/jsonscan"
)

// simplePath returns the fields of a program such as .customer.id, or nil for any other
// program. Such a program is read without gojq.
func simplePath(text string) []string {
	rest, found := strings.CutPrefix(text, ".")
	if !found || rest == "" {
		return nil
	}
	path := strings.Split(rest, ".")
	for _, name := range path {
		if name == "" || '0' <= name[0] && name[0] <= '9' {
			return nil
		}
		for i := range len(name) {
			if !isName(name, i, "_") {
				return nil
			}
		}
	}
	return path
}

// errNotSimple says that gojq must run a program after all.
var errNotSimple = errors.New("the result is a list or an object")

// at returns the result of a simple path as text. It reports false if there is none, or if
// it is null.
func (p *Program) at(data []byte) (text string, ok bool, err error) {
	s := pathScan{in: jsonscan.Cursor{Text: data}}
	if !s.value(p.path) || !s.in.End() {
		if !utf8.Valid(data) {
			return "", false, nil // the input is null
		}
		return "", false, noObject("string")
	}
	if s.err != nil {
		return "", false, s.err
	}
	switch s.found.Kind {
	case jsonscan.Absent, jsonscan.Null:
		return "", false, nil
	case jsonscan.Array, jsonscan.Object:
		return "", false, errNotSimple
	case jsonscan.Boolean, jsonscan.Number:
		return string(s.found.Raw), true, nil
	default:
		if len(s.found.Raw) > maxText {
			return "", false, errText
		}
		return string(s.found.Content()), true, nil
	}
}

// noObject is gojq's error for a field of another value.
func noObject(kind string) error {
	return Failure("the program failed on the record: expected an object but got " + kind)
}

// pathScan looks up a path in JSON. Of fields with the same name the last one counts.
type pathScan struct {
	in    jsonscan.Cursor
	found jsonscan.Value
	err   error
}

// value reads a value, and what the rest of the path leads to inside of it.
func (s *pathScan) value(path []string) bool {
	s.found, s.err = jsonscan.Value{}, nil
	if len(path) == 0 {
		var ok bool
		s.found, ok = s.in.Value()
		return ok
	}
	if s.in.Peek() != '{' {
		v, ok := s.in.Value()
		switch v.Kind {
		case jsonscan.Null:
		case jsonscan.Boolean:
			s.err = noObject("boolean")
		case jsonscan.Number:
			s.err = noObject("number")
		case jsonscan.Array:
			s.err = noObject("array")
		default:
			s.err = noObject("string")
		}
		return ok
	}
	more, ok := s.in.Enter('{')
	for more && ok {
		name, named := s.in.Name()
		if !named {
			return false
		}
		if isField(name, path[0]) {
			ok = s.value(path[1:])
		} else {
			_, ok = s.in.Value()
		}
		if !ok {
			return false
		}
		more, ok = s.in.Next('}')
	}
	return ok
}

// isField reports whether a member has a name, without allocating.
func isField(member jsonscan.Value, name string) bool {
	if member.Kind == jsonscan.Plain {
		return string(member.Raw) == name
	}
	return string(member.Content()) == name
}
