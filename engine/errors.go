package engine

import (
	"errors"
	"fmt"
	"time"
)

// Class says what to do about an error.
type Class uint8

const (
	Retryable Class = iota // may succeed if sent again
	Throttled              // the same, after a longer wait
	TooLarge               // of a request: send again in halves; of a record: permanent
	Refused                // the same, for another reason, such as one record that is malformed
	Permanent              // will never succeed as it is
)

func (c Class) String() string {
	switch c {
	case Retryable:
		return "retryable"
	case Throttled:
		return "throttled"
	case TooLarge:
		return "too large"
	case Refused:
		return "refused"
	case Permanent:
		return "permanent"
	}
	return fmt.Sprintf("class %d", uint8(c))
}

// Error is an error with the class that decides what the engine does about it.
type Error struct {
	Class Class
	After time.Duration // wait at least this long before sending again; 0: as Retry says
	Err   error         // one sentence without payload or secrets
}

func (e *Error) Error() string { return e.Err.Error() }
func (e *Error) Unwrap() error { return e.Err }

// Errorf returns an *Error of class c. It formats like fmt.Errorf.
func Errorf(c Class, format string, args ...any) error {
	return &Error{Class: c, Err: fmt.Errorf(format, args...)}
}

// ClassOf returns the class of err. An error without a class is Retryable:
// sending again can do no harm that giving up would not.
func ClassOf(err error) Class {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Class
	}
	return Retryable
}

// mayPass reports whether err is of a class that may succeed as it is.
func mayPass(err error) bool {
	c := ClassOf(err)
	return c == Retryable || c == Throttled
}

// errNoReason stands for an error that is nil where there should be one.
var errNoReason = errors.New("it failed, and no reason was source")

// waitOf returns how long the service asked to wait.
func waitOf(err error) time.Duration {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.After
	}
	return 0
}
