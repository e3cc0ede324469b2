package ui

import (
	"errors"
	"fmt"
)

// Failure is an error of the work itself; any other is one of usage or input.
type Failure struct{ error }

func (f *Failure) Unwrap() error { return f.error }

// Failed marks err, if any, as a failure of the work, unless it is one of usage.
func Failed(err error) error {
	if _, ok := errors.AsType[*UsageError](err); ok || err == nil {
		return err
	}
	return &Failure{err}
}

// UsageError is an error of usage or input that shows only during the work.
type UsageError struct{ error }

func (e *UsageError) Unwrap() error { return e.error }

// Usage marks err as an error of usage, even if [Failed] marks it later.
func Usage(err error) error { return &UsageError{err} }

// Usagef returns an error of usage.
func Usagef(format string, args ...any) error { return Usage(fmt.Errorf(format, args...)) }

// ErrReported is a failure that has been reported in full.
var ErrReported = errors.New("reported")

// ErrWouldChange is the end of a dry run that found something to change.
var ErrWouldChange = errors.New("something would change")
