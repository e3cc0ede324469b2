package target

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"fanout/internal/awsname"
	"fanout/sinks"
)

// Store holds the targets of sources.
type Store interface {
	// Targets returns the targets of a source, including inactive and faulty ones. For a
	// stream's consumer it returns the stream's targets, unless some targets name the
	// consumer itself. It fails only if the targets cannot be read at all. It blocks until
	// they are read or ctx ends, and is safe for concurrent use.
	Targets(ctx context.Context, sourceARN string) (Set, error)
}

// Set holds the targets of one source. It may be shared, so do not modify it.
type Set struct {
	Targets []Loaded // with unique IDs

	// Stale, if not nil, is the error of the last read. Targets then holds an older set.
	Stale error

	// Elsewhere suggests, for an empty set, where the source's targets may be configured
	// instead. It is "" if there is no suggestion.
	Elsewhere string
}

// Loaded is a target as read by a Store. A target with Faults must not deliver. If it is
// active, its records fail.
type Loaded struct {
	ID         string     // the Spec's ID, or a substitute for reports
	Spec       sinks.Spec // as far as it could be parsed
	Attributes Values     // the source of Spec
	Path       string     // of the file; "" for a table
	Faults     []Fault
	Warnings   []Fault
}

// Fault returns a fault of l that only its use reveals, such as a missing onFailure target.
func (l *Loaded) Fault(attribute, format string, args ...any) Fault {
	return note(l.Path, l.ID, attribute, l.Attributes, fmt.Sprintf(format, args...))
}

// NoFallback returns the fault for an onFailure that names no target of the source.
func (l *Loaded) NoFallback() Fault {
	id := l.Spec.OnFailure
	if strings.HasPrefix(id, "arn:") || strings.Contains(id, "://") {
		return l.Fault("onFailure", "must be the id of a target, but the source has no target %s; add a target with that destination, inactive if it should get no other records, and write its id here", awsname.Quote(id))
	}
	return l.Fault("onFailure", "the source has no target %q; add it, or correct the id", id)
}

// Err joins all faults. It is nil if there are none.
func (l *Loaded) Err() error {
	errs := make([]error, len(l.Faults))
	for i, f := range l.Faults {
		errs[i] = f
	}
	return errors.Join(errs...)
}
