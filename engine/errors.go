package engine

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/sourcegraph/conc/panics"
)

// Class says how the engine handles an error.
type Class uint8

const (
	Retryable Class = iota // may succeed if sent again
	Throttled              // the same, after a longer wait
	TooLarge               // of a request: sent again in halves; of a record: permanent
	Refused                // like TooLarge, for another reason, such as one malformed record
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

// Error is an error with a class. The class decides how the engine handles it.
type Error struct {
	Class Class
	After time.Duration // shortest wait before the next attempt; 0: as Retry says
	Err   error         // one sentence without payload or secrets
}

func (e *Error) Error() string { return e.Err.Error() }
func (e *Error) Unwrap() error { return e.Err }

// Errorf returns an *Error of class c. It formats like fmt.Errorf.
func Errorf(c Class, format string, args ...any) error {
	return &Error{Class: c, Err: fmt.Errorf(format, args...)}
}

// ClassOf returns the class of err. An error without a class is Retryable: a retry
// does no more harm than giving up.
func ClassOf(err error) Class {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Class
	}
	return Retryable
}

// transient reports whether a retry may succeed without a change.
func transient(err error) bool {
	c := ClassOf(err)
	return c == Retryable || c == Throttled
}

// errNoReason replaces a nil error where one is required.
var errNoReason = errors.New("it failed without a reason")

// waitOf returns how long the service asked to wait.
func waitOf(err error) time.Duration {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.After
	}
	return 0
}

// describe returns where a panic happened. It adds the value only if the runtime
// raised the panic, because any other value may hold a payload.
func describe(p *panics.Recovered) string {
	where := origin(p.Callers)
	if err, ok := p.Value.(runtime.Error); ok {
		return where + ": " + err.Error()
	}
	return where + fmt.Sprintf(": a value of type %T", p.Value)
}

// origin names the function that panicked: the first frame outside the runtime and
// the recovering library.
func origin(callers []uintptr) string {
	frames := runtime.CallersFrames(callers)
	for {
		f, more := frames.Next()
		if !strings.HasPrefix(f.Function, "runtime.") && !strings.Contains(f.Function, "sourcegraph/conc") {
			return fmt.Sprintf(" in %s (line %d)", f.Function, f.Line)
		}
		if !more {
			return ""
		}
	}
}
