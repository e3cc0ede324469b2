package cli

import (
	"context"

	"github.com/spf13/cobra"

	"fanout/internal/provision/cloud"
	"fanout/internal/provision/registry"
)

// targetFile is a file of targets.
type targetFile struct {
	Targets []registry.Raw `json:"targets"`
}

func newExport(c *common) *cobra.Command {
	m := manage{common: c}
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Print the targets of a source, or of all sources, as a file",
		Long: `Export prints the targets of a source as a file. If you name no source, it prints the
targets of all sources. You can keep the file in git, run it with fanout run --targets,
and write it back with fanout apply. The file includes passwords in destinations; a
warning names each such target.`,
		Example: `  fanout export --source-type kinesis --source inputStream > targets.yaml
  fanout export --output json`,
		Args: flagsOnly,
	}
	m.functionFlags(cmd)
	m.sourceFlags(cmd)
	m.tableFlags()
	m.outputFlag(cmd, "yaml", "json")
	m.work(cmd, nil, func(ctx context.Context, a *cloud.Account) error {
		s, err := m.readTable(ctx, a)
		if err != nil {
			return err
		}
		file := targetFile{make([]registry.Raw, len(s.targets))}
		for i := range s.targets {
			file.Targets[i].Entry = s.targets[i]
			warnOfPassword(cmd.ErrOrStderr(), "the file", &s.targets[i])
		}
		return show(cmd.OutOrStdout(), m.output, file, nil)
	})
	return cmd
}
