package main

import (
	"context"

	"github.com/spf13/cobra"

	"fanout/cmd/fanout/internal/cloud"
	"fanout/cmd/fanout/internal/registry"
)

// targetFile is a file of targets.
type targetFile struct {
	Targets []registry.Entry `json:"targets"`
}

func newExport(c *common) *cobra.Command {
	m := manage{common: c}
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write the targets of a source, or of all sources, as a file",
		Long: `Export prints the targets of a source or, if none is named, of every source, as a
file that fanout apply writes back, fanout run --targets reads, and git keeps.`,
		Example: `  fanout export --source-type kinesis --source inputStream > targets.yaml
  fanout export --output json`,
		Args: flagsOnly,
	}
	m.functionFlags(cmd)
	m.sourceFlags(cmd)
	m.tableFlags()
	m.outputFlag(cmd, "yaml", "json")
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
		return show(cmd.OutOrStdout(), m.output, targetFile{targets}, nil)
	})
	return cmd
}
