package cli

import (
	"errors"
	"fmt"
)

// failure is an error of the work itself; any other is one of usage or input.
type failure struct{ error }

func (f *failure) Unwrap() error { return f.error }

// failed marks err, if any, as a failure of the work, unless it is one of usage.
func failed(err error) error {
	if _, ok := errors.AsType[*usageError](err); ok || err == nil {
		return err
	}
	return &failure{err}
}

// usageError is an error of usage or input that shows only during the work.
type usageError struct{ error }

func (e *usageError) Unwrap() error { return e.error }

// usage marks err as an error of usage, even if [failed] marks it later.
func usage(err error) error { return &usageError{err} }

// usagef returns an error of usage.
func usagef(format string, args ...any) error { return usage(fmt.Errorf(format, args...)) }

// errReported is a failure that has been reported in full.
var errReported = errors.New("reported")
