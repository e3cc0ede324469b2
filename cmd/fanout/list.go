package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"fanout/cmd/fanout/internal/cloud"
	"fanout/cmd/fanout/internal/registry"
)

func newList(c *common) *cobra.Command {
	m := manage{common: c}
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the targets of a source, or of all sources",
		Long: `List prints the targets that the table holds for a source or, if none is named,
for every source. A faulty target is marked, and every fault it has is told on
standard error; its records count as failed.`,
		Example: `  fanout list --function fanout --source-type kinesis --source inputStream
  fanout list --source-arn arn:aws:kinesis:eu-west-1:123456789012:stream/orders --output json`,
		Args: flagsOnly,
	}
	m.functionFlags(cmd)
	m.sourceFlags(cmd)
	m.tableFlags()
	m.outputFlag(cmd)
	m.work(cmd, nil, func(ctx context.Context, a *cloud.Account) error {
		source, err := m.sourceRef(ctx, a)
		if err != nil {
			return err
		}
		t, err := m.registry(ctx, a)
		if err != nil {
			return err
		}
		targets, err := t.List(ctx, source)
		if err != nil {
			return err
		}
		return m.list(cmd.OutOrStdout(), cmd.ErrOrStderr(), targets, source == "")
	})
	return cmd
}

// list prints targets, with their sources if there may be several.
func (m *manage) list(out, errs io.Writer, targets []registry.Entry, sources bool) error {
	err := show(out, m.output, targets, func(t table.Writer) {
		head := table.Row{"id", "type", "destination", "active", "region", "role"}
		if sources {
			head = append(table.Row{"source"}, head...)
		}
		t.AppendHeader(head)
		for i := range targets {
			e := &targets[i]
			row := table.Row{printable(e.ID), printable(e.Text("type")), printable(e.Destination()), e.Active(), printable(e.Text("region")), printable(e.Text("role"))}
			if e.Err() != nil {
				row[0] = coloured(out, text.FgRed, "✗ "+printable(e.ID))
			}
			if sources {
				row = append(table.Row{printable(e.Text("sourceArn"))}, row...)
			}
			t.AppendRow(row)
		}
	})
	for i := range targets {
		err = errors.Join(err, warn(errs, &targets[i]))
	}
	return err
}

// warn tells what is wrong with a target.
func warn(w io.Writer, e *registry.Entry) error {
	for _, f := range append(e.Faults, e.Warnings...) {
		if _, err := fmt.Fprintf(w, "fanout: warning: %v\n", f); err != nil {
			return err
		}
	}
	return nil
}
