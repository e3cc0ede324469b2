package cli

import (
	"context"

	"github.com/spf13/cobra"

	"fanout/internal/provision/cloud"
	"fanout/internal/provision/hooks"
)

func newPause(c *common) *cobra.Command {
	return newMappingSwitch(c, "pause", false, "Pause reading a source",
		`Pause disables the event source mapping of a stream. The stream keeps its records for
its retention period, and fanout resume continues where pause stopped.`)
}

func newResume(c *common) *cobra.Command {
	return newMappingSwitch(c, "resume", true, "Resume reading a source",
		`Resume enables the event source mapping of a paused stream. It continues where it
stopped.`)
}

// newMappingSwitch returns the command that enables or disables a mapping.
func newMappingSwitch(c *common, name string, on bool, short, long string) *cobra.Command {
	m := sourceCommand{manage{common: c}}
	cmd := &cobra.Command{
		Use: name, Short: short, Long: long,
		Example: "  fanout " + name + " --function fanout --source-type kinesis --source inputStream",
		Args:    flagsOnly,
	}
	m.functionFlags(cmd)
	m.sourceFlags(cmd)
	m.tableFlags()
	m.outputFlag(cmd)
	m.work(cmd, m.needSource, func(ctx context.Context, a *cloud.Account) error {
		source, err := m.sourceRef(ctx, a)
		if err != nil {
			return err
		}
		did, err := hooks.Of(a, m.functionRef()).Switch(ctx, source, on)
		if err != nil {
			return err
		}
		return m.showHook(cmd.OutOrStdout(), source, did, nil)
	})
	return cmd
}
