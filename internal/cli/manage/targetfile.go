package manage

import (
	"errors"
	"fmt"
	"io"

	"fanout/internal/provision/registry"
	"fanout/lambda/target"
)

// ReadTargets reads a file of targets. All of them must be valid.
func ReadTargets(catalog *target.Catalog, errs io.Writer, path string) ([]registry.Entry, error) {
	store, err := catalog.OpenFile(path)
	if err != nil {
		return nil, err
	}
	all, err := store.All()
	if err != nil {
		return nil, err
	}
	entries := make([]registry.Entry, len(all))
	var faults []error
	for i, l := range all {
		entries[i] = registry.Entry{Loaded: l}
		faults = append(faults, l.Err())
		for _, w := range l.Warnings {
			fmt.Fprintf(errs, "fanout: warning: %v\n", w)
		}
	}
	return entries, errors.Join(faults...)
}

// WarnOfPassword warns that the output contains the password of a target.
func WarnOfPassword(w io.Writer, what string, e *registry.Entry) {
	if e.Destination() != e.Text("destination") {
		fmt.Fprintf(w, "fanout: warning: %s includes the password in the destination of target %q; move the password to Secrets Manager, and name the secret with --secret\n", what, e.ID)
	}
}
