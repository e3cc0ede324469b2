package targets

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"fanout/internal/awsname"
	"fanout/internal/cli/factory"
	"fanout/internal/cli/manage"
	"fanout/internal/cli/ui"
	"fanout/internal/provision/cloud"
	"fanout/internal/provision/registry"
)

// NewList returns the command `fanout list`.
func NewList(c *factory.Factory) *cobra.Command {
	m := manage.Command{Factory: c}
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the targets of a source, or of all sources",
		Long: `List prints the targets of a source in the table. If you name no source, it prints
those of every source. It marks faulty targets and reports their faults on standard
error. Records of a faulty target count as failed.`,
		Example: `  fanout list --function fanout --source-type kinesis --source inputStream
  fanout list --source-arn arn:aws:kinesis:eu-west-1:123456789012:stream/orders --output json`,
		Args: ui.FlagsOnly,
	}
	m.FunctionFlags(cmd)
	m.SourceFlags(cmd)
	m.TableFlags()
	m.OutputFlag(cmd)
	m.Work(cmd, nil, func(ctx context.Context, a *cloud.Account) error {
		s, err := m.ReadTable(ctx, a)
		if err != nil {
			return err
		}
		return showTargets(cmd.OutOrStdout(), cmd.ErrOrStderr(), m.Output, s)
	})
	return cmd
}

// showTargets prints targets, and their faults and warnings.
func showTargets(out, errs io.Writer, output string, s manage.SourceTargets) error {
	targets := s.Targets
	err := ui.Show(out, output, targets, func(t table.Writer) {
		columns := listColumns(targets, s.Source == "")
		head := make(table.Row, len(columns))
		for i, c := range columns {
			head[i] = c.name
		}
		t.AppendHeader(head)
		for i := range targets {
			row := make(table.Row, len(columns))
			for k, c := range columns {
				row[k] = c.cell(&targets[i])
			}
			if id := slices.IndexFunc(columns, func(c listColumn) bool { return c.name == "id" }); targets[i].Err() != nil {
				row[id] = ui.Colored(out, text.FgRed, "✗ "+ui.Printable(targets[i].ID))
			}
			t.AppendRow(row)
		}
	})
	for i := range targets {
		err = errors.Join(err, warn(errs, &targets[i]))
	}
	return err
}

// listColumn is a column of the table of targets.
type listColumn struct {
	name string
	cell func(e *registry.Entry) any
}

// listColumns are the columns of targets. Region and role appear only if a target has
// one, and sources by their short names, so that the table fits a terminal.
func listColumns(targets []registry.Entry, sources bool) (columns []listColumn) {
	attribute := func(name string) func(e *registry.Entry) any {
		return func(e *registry.Entry) any { return ui.Printable(e.Text(name)) }
	}
	if sources {
		columns = append(columns, listColumn{"source", func(e *registry.Entry) any { return ui.Printable(awsname.Source(e.Text("sourceArn"))) }})
	}
	columns = append(columns,
		listColumn{"id", func(e *registry.Entry) any { return ui.Printable(e.ID) }},
		listColumn{"type", attribute("type")},
		listColumn{"destination", func(e *registry.Entry) any { return ui.Printable(e.Destination()) }},
		listColumn{"active", func(e *registry.Entry) any { return e.Active() }},
	)
	for _, name := range []string{"region", "role"} {
		if slices.ContainsFunc(targets, func(e registry.Entry) bool { return e.Text(name) != "" }) {
			columns = append(columns, listColumn{name, attribute(name)})
		}
	}
	return columns
}

// warn prints the faults and warnings of a target.
func warn(w io.Writer, e *registry.Entry) error {
	for _, f := range append(e.Faults, e.Warnings...) {
		if _, err := fmt.Fprintf(w, "fanout: warning: %v\n", f); err != nil {
			return err
		}
	}
	return nil
}
