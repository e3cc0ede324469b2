package targets

import (
	"context"

	"github.com/spf13/cobra"

	"fanout/internal/cli/factory"
	"fanout/internal/cli/manage"
	"fanout/internal/cli/ui"
	"fanout/internal/provision/cloud"
	"fanout/internal/provision/registry"
)

// targetFile is a file of targets.
type targetFile struct {
	Targets []registry.Raw `json:"targets"`
}

// NewExport returns the command `fanout export`.
func NewExport(c *factory.Factory) *cobra.Command {
	m := manage.Command{Factory: c}
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Print the targets of a source, or of all sources, as a file",
		Long: `Export prints the targets of a source as a file. If you name no source, it prints the
targets of all sources. You can keep the file in git, run it with fanout run --targets,
and write it back with fanout apply. The file includes passwords in destinations; a
warning names each such target.`,
		Example: `  fanout export --source-type kinesis --source inputStream > targets.yaml
  fanout export --output json`,
		Args: ui.FlagsOnly,
	}
	m.FunctionFlags(cmd)
	m.SourceFlags(cmd)
	m.TableFlags()
	m.OutputFlag(cmd, "yaml", "json")
	m.Work(cmd, nil, func(ctx context.Context, a *cloud.Account) error {
		s, err := m.ReadTable(ctx, a)
		if err != nil {
			return err
		}
		file := targetFile{make([]registry.Raw, len(s.Targets))}
		for i := range s.Targets {
			file.Targets[i].Entry = s.Targets[i]
			manage.WarnOfPassword(cmd.ErrOrStderr(), "the file", &s.Targets[i])
		}
		return ui.Show(cmd.OutOrStdout(), m.Output, file, nil)
	})
	return cmd
}
