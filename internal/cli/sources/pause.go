package sources

import (
	"context"

	"github.com/spf13/cobra"

	"fanout/internal/cli/factory"
	"fanout/internal/cli/manage"
	"fanout/internal/cli/ui"
	"fanout/internal/provision/cloud"
	"fanout/internal/provision/hooks"
)

// NewPause returns the command `fanout pause`.
func NewPause(c *factory.Factory) *cobra.Command {
	return newMappingSwitch(c, "pause", false, "Pause reading a source",
		`Pause disables the event source mapping of a stream or queue. It keeps its records for
its retention period, and fanout resume continues where pause stopped.`)
}

// NewResume returns the command `fanout resume`.
func NewResume(c *factory.Factory) *cobra.Command {
	return newMappingSwitch(c, "resume", true, "Resume reading a source",
		`Resume enables the event source mapping of a paused stream or queue. It continues where
it stopped.`)
}

// newMappingSwitch returns the command that enables or disables a mapping.
func newMappingSwitch(c *factory.Factory, name string, on bool, short, long string) *cobra.Command {
	m := sourceCommand{manage.Command{Factory: c}}
	cmd := &cobra.Command{
		Use: name, Short: short, Long: long,
		Example: "  fanout " + name + " --function fanout --source-type kinesis --source inputStream",
		Args:    ui.FlagsOnly,
	}
	m.FunctionFlags(cmd)
	m.SourceFlags(cmd)
	m.TableFlags()
	m.OutputFlag(cmd)
	m.Work(cmd, m.NeedSource, func(ctx context.Context, a *cloud.Account) error {
		source, err := m.SourceRef(ctx, a)
		if err != nil {
			return err
		}
		did, err := hooks.Of(a, m.FunctionRef()).Switch(ctx, source, on)
		if err != nil {
			return err
		}
		return m.showHook(cmd.OutOrStdout(), source, did, nil)
	})
	return cmd
}
