package target

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Store holds the targets of sources.
type Store interface {
	// Targets returns the targets of a source, inactive and faulty ones included. A
	// consumer of a stream has those of the stream, unless some name the consumer
	// itself. It fails only if they cannot be told at all. It blocks until they are read or ctx
	// ends, and is safe for concurrent use.
	Targets(ctx context.Context, sourceARN string) (Set, error)
}

// Set is the targets of one source. It may be shared: do not write into it.
type Set struct {
	Targets []Loaded // no two have the same ID

	// Stale, if not nil, says why the targets could not be read again and are an
	// older set.
	Stale error

	// Elsewhere says, of an empty set, where targets may be that are meant for the
	// source; "" if nothing is known of any.
	Elsewhere string
}

// Loaded is a target as a Store has it. With Faults it must not deliver; if its
// Spec is Active, what it should have received has failed.
type Loaded struct {
	ID         string // the Spec's, or what stands for it in reports
	Spec       Spec   // as far as it could be read
	Attributes Values // what it was read from
	Path       string // of the file; "" for a table
	Faults     []Fault
	Warnings   []Fault
}

// Fault returns a fault of l that is known only where l is used.
func (l *Loaded) Fault(attribute, format string, args ...any) Fault {
	return note(l.Path, l.ID, attribute, l.Attributes, fmt.Sprintf(format, args...))
}

// NoFallback returns the fault of a target whose onFailure no target of its source has as
// its id.
func (l *Loaded) NoFallback() Fault {
	id := l.Spec.OnFailure
	if strings.HasPrefix(id, "arn:") || strings.Contains(id, "://") {
		return l.Fault("onFailure", "takes the id of a target, and the source has none called %s; add a target with that destination, inactive if it is to get nothing else, and name it here", quote(id))
	}
	return l.Fault("onFailure", "the source has no target %q; add it, or correct the id", id)
}

// Err joins all faults; it is nil if the target can be used.
func (l *Loaded) Err() error {
	errs := make([]error, len(l.Faults))
	for i, f := range l.Faults {
		errs[i] = f
	}
	return errors.Join(errs...)
}
