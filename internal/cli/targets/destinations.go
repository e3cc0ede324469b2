package targets

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"fanout/internal/cli/manage"
	"fanout/internal/cli/ui"
	"fanout/internal/provision/cloud"
	"fanout/internal/provision/doctor"
	"fanout/internal/provision/lint"
	"fanout/internal/provision/registry"
	"fanout/internal/provision/role"
	"fanout/lambda"
	"fanout/lambda/target"
	"fanout/sinks"
)

// maxLookups bounds the destinations that are looked up at a time.
const maxLookups = 8

// warnOfTargets warns about changed targets if the destination does not exist, has a
// lower limit than the target, or is the disk of one instance, and if the source is a
// former stream of its table. It skips lookups that the caller has no right to. It
// returns the current streams of the tables.
func (m *targetCommand) warnOfTargets(ctx context.Context, cmd *cobra.Command, a *cloud.Account, have []registry.Entry, changes []registry.Change) lint.Streams {
	var changed []target.Loaded
	var sources []string
	after := registry.After(m.Catalog, have, changes)
	for _, c := range changes {
		i := slices.IndexFunc(after, func(e registry.Entry) bool { return e.Text("sourceArn") == c.Source && e.ID == c.ID })
		if affectsDelivery(c) && i >= 0 && after[i].Err() == nil {
			changed, sources = append(changed, after[i].Loaded), append(sources, c.Source)
		}
	}
	if slices.ContainsFunc(changed, func(l target.Loaded) bool { return l.Spec.Type.Disk }) {
		dir := m.fileDir(ctx, a)
		for i := range changed {
			changed[i].Confine(dir)
		}
	}
	found := m.reach(ctx, cmd, a, changed)
	streams := lint.StreamsOf(ctx, a.DynamoDB(), sources)
	for i := range changed {
		l := &changed[i]
		if former, _ := streams.Former(l.Spec.SourceARN); former != "" {
			l.Faults = append(l.Faults, l.Fault("sourceArn", "%s", former))
		}
		for _, f := range l.Faults {
			warnOf(cmd, l, f.Brief())
		}
		if f := found[i]; f.Status == doctor.Error || f.Status == doctor.Warning {
			warnOf(cmd, l, strings.TrimSuffix(f.Text+"; "+f.Do, "; "))
		}
	}
	return streams
}

func warnOf(cmd *cobra.Command, l *target.Loaded, text string) {
	fmt.Fprintf(cmd.ErrOrStderr(), "fanout: warning: target %q: %s\n", ui.Printable(l.ID), ui.Printable(text))
}

// reach checks the destinations of the targets without faults.
func (m *targetCommand) reach(ctx context.Context, cmd *cobra.Command, a *cloud.Account, all []target.Loaded) []doctor.Finding {
	args := m.Connection(cmd)
	for _, name := range []string{"table", "table-arn"} {
		if m.IsSet(name) {
			args = append([]string{"--" + name, m.Flags.Lookup(name).Value.String()}, args...)
		}
	}
	d := doctor.Doctor{Services: doctor.On(a, m.Catalog), Function: m.FunctionRef(), Flag: manage.FlagOf, Args: args}
	found := make([]doctor.Finding, len(all))
	var g errgroup.Group
	g.SetLimit(maxLookups)
	for i := range all {
		if all[i].Err() != nil {
			continue
		}
		g.Go(func() error {
			self := m.self(&all[i].Spec)
			self.Region = a.Region()
			found[i] = d.Reach(ctx, self, &all[i].Spec)
			return nil
		})
	}
	_ = g.Wait() // no lookup returns an error
	return found
}

// fileDir returns the folder that the function allows file targets of its table to
// write below; "" if it allows none, or if the folder is unknown.
func (m *targetCommand) fileDir(ctx context.Context, a *cloud.Account) string {
	f, _, err := role.Find(ctx, a.Lambda(), m.FunctionRef())
	if err != nil {
		return ""
	}
	o, err := lambda.OptionsFrom(func(name string) string { return f.Environment[name] })
	if err != nil {
		return ""
	}
	return o.FileDir()
}

// warnOfFormer warns about targets that name a former stream of the source's table.
func (m *targetCommand) warnOfFormer(ctx context.Context, cmd *cobra.Command, t *registry.Table, source string, streams lint.Streams) {
	former, known := streams.Former(source)
	if _, ok := cloud.TableOf(source); !ok || former != "" {
		return // there was a warning about the source itself
	}
	entries, err := t.List(ctx, "")
	if err != nil {
		return
	}
	all := make([]target.Loaded, len(entries))
	for i := range entries {
		all[i] = entries[i].Loaded
	}
	others := target.FormerStream(source, all)
	if others == "" {
		return
	}
	others += ", with fanout export and fanout apply --prune"
	if !known {
		others += ", unless this stream is the former one"
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "fanout: warning: %s\n", ui.Printable(others))
}

// affectsDelivery reports whether a change affects the destination or the size of records.
func affectsDelivery(c registry.Change) bool {
	return slices.ContainsFunc([]string{"type", "destination", "region", "role", "collapse", "maxRecordBytes"}, func(name string) bool {
		_, set := c.Set[name]
		return set || slices.Contains(c.Unset, name)
	})
}

// self returns the ARN of the function. By default it is in the account and region of
// the target's source.
func (m *targetCommand) self(t *sinks.Spec) arn.ARN {
	if m.FunctionARN != "" {
		self, _ := arn.Parse(m.FunctionARN) // checked before
		return self
	}
	self, _ := arn.Parse(t.SourceARN) // checked before
	self.Service, self.Resource = "lambda", "function:"+m.FunctionName()
	return self
}
