package ui

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/pflag"
)

// textValue is the value of a flag that takes text, or @ and the name of a file with it. It
// implements pflag.Value.
type textValue struct{ value *string }

func (t textValue) String() string { return *t.value }
func (t textValue) Type() string   { return "text" }

func (t textValue) Set(s string) (err error) {
	*t.value, err = TextOf(s)
	return err
}

// TextFlag adds a flag for text that may be in a file.
func TextFlag(s *pflag.FlagSet, p *string, name, usage string) { s.Var(textValue{p}, name, usage) }

// TextOf returns s, or for @ and the name of a file, the text in the file.
func TextOf(s string) (string, error) {
	path, named := strings.CutPrefix(s, "@")
	if !named {
		return s, nil
	}
	data, err := os.ReadFile(path)
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		err = pe.Err // the message has the path
	}
	if err != nil {
		return "", &unreadableError{path, err}
	}
	return strings.TrimSpace(string(data)), nil
}

// unreadableError is the error of a file that a flag names.
type unreadableError struct {
	path string
	err  error
}

func (e *unreadableError) Error() string {
	return fmt.Sprintf("the file %s cannot be read: %v", Printable(e.path), e.err)
}

func (e *unreadableError) Unwrap() error { return e.err }

// Unreadable returns what is wrong with a file that a flag names, "" if nothing is.
func Unreadable(err error) string {
	if e, ok := errors.AsType[*unreadableError](err); ok {
		return e.Error()
	}
	return ""
}
