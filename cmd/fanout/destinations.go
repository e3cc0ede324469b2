package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"fanout/cmd/fanout/internal/cloud"
	"fanout/cmd/fanout/internal/doctor"
	"fanout/cmd/fanout/internal/registry"
	"fanout/lambda/target"
)

// maxLookups bounds the destinations that are looked up at a time.
const maxLookups = 8

// warnOfDestinations warns of changed targets whose destination does not exist, takes
// less than they send, or is the disk of one instance. What the caller may not look up
// gets no warning.
func (m *manage) warnOfDestinations(ctx context.Context, cmd *cobra.Command, a *cloud.Account, have []registry.Entry, changes []registry.Change) {
	var changed []target.Spec
	after := registry.After(have, changes)
	for _, c := range changes {
		i := slices.IndexFunc(after, func(e registry.Entry) bool { return e.Text("sourceArn") == c.Source && e.ID == c.ID })
		if matters(c) && i >= 0 && after[i].Err() == nil {
			changed = append(changed, after[i].Spec)
		}
	}
	d := doctor.Doctor{Services: doctor.On(a), Function: m.functionRef(), Flag: flagOf, Args: m.connection(cmd)}
	found := make([]doctor.Finding, len(changed))
	var g errgroup.Group
	g.SetLimit(maxLookups)
	for i := range changed {
		g.Go(func() error {
			self := m.self(&changed[i])
			self.Region = a.Region()
			found[i] = d.Reach(ctx, self, &changed[i])
			return nil
		})
	}
	_ = g.Wait() // no lookup returns an error
	for i, f := range found {
		if f.Status != doctor.Error && f.Status != doctor.Warning {
			continue
		}
		say := f.Text
		switch {
		case changed[i].Type == target.File:
			say += "; the function writes it only with the variable FANOUT_ALLOW_FILE_TARGETS=true"
		case f.Do != "":
			say += "; " + f.Do
		}
		fmt.Fprintf(cmd.ErrOrStderr(), "fanout: warning: target %q: %s\n", printable(changed[i].ID), printable(say))
	}
}

// matters reports whether a change is about where records go, or how large they may be.
func matters(c registry.Change) bool {
	return slices.ContainsFunc([]string{"type", "destination", "region", "role", "collapse", "maxRecordBytes"}, func(name string) bool {
		_, set := c.Set[name]
		return set || slices.Contains(c.Unset, name)
	})
}

// self is the ARN that the function has, if it is of the account and region of a target's
// source.
func (m *manage) self(t *target.Spec) arn.ARN {
	if m.functionARN != "" {
		self, _ := arn.Parse(m.functionARN) // it was checked
		return self
	}
	self, _ := arn.Parse(t.SourceARN) // likewise
	self.Service, self.Resource = "lambda", "function:"+m.functionName()
	return self
}
