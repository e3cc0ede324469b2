package main

import (
	"context"
	"fmt"
	"io"
	"slices"

	"golang.org/x/sync/errgroup"

	"fanout/cmd/fanout/internal/cloud"
	"fanout/cmd/fanout/internal/doctor"
	"fanout/cmd/fanout/internal/registry"
	"fanout/lambda/target"
)

// maxLookups bounds the destinations that are looked up at a time.
const maxLookups = 8

// warnOfDestinations warns of changed targets whose destination does not exist, or is
// the disk of one instance. What the caller may not look up gets no warning.
func (m *manage) warnOfDestinations(ctx context.Context, a *cloud.Account, errs io.Writer, have []registry.Entry, changes []registry.Change) {
	var changed []target.Spec
	after := registry.After(have, changes)
	for _, c := range changes {
		_, moves := c.Set["destination"]
		i := slices.IndexFunc(after, func(e registry.Entry) bool { return e.Text("sourceArn") == c.Source && e.ID == c.ID })
		if moves && i >= 0 && after[i].Err() == nil {
			changed = append(changed, after[i].Spec)
		}
	}
	if len(changed) == 0 {
		return
	}
	self, err := a.Identity(ctx)
	if err != nil {
		return
	}
	self.Region = a.Region()
	d := doctor.Doctor{Services: doctor.On(a), Function: m.functionRef(), Flag: flagOf}
	found := make([]doctor.Finding, len(changed))
	var g errgroup.Group
	g.SetLimit(maxLookups)
	for i := range changed {
		g.Go(func() error {
			found[i] = d.Reach(ctx, self, &changed[i])
			return nil
		})
	}
	_ = g.Wait() // no lookup returns an error
	for i, f := range found {
		if f.Status == doctor.Error || f.Status == doctor.Warning {
			fmt.Fprintf(errs, "fanout: warning: target %q: %s\n", printable(changed[i].ID), printable(f.Text))
		}
	}
}
