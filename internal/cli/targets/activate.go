package targets

import (
	"context"
	"errors"
	"strconv"

	"github.com/spf13/cobra"

	"fanout/internal/cli/factory"
	"fanout/internal/cli/manage"
	"fanout/internal/cli/ui"
	"fanout/internal/provision/cloud"
	"fanout/lambda/target"
)

// NewActivate returns the command `fanout activate`.
func NewActivate(c *factory.Factory) *cobra.Command {
	return newSwitch(c, "activate", true, "Let a target receive records",
		`Activate lets a target receive records. The function reads the change within
FANOUT_CONFIG_TTL, by default one minute. Activate refuses a faulty target.`)
}

// NewDeactivate returns the command `fanout deactivate`.
func NewDeactivate(c *factory.Factory) *cobra.Command {
	return newSwitch(c, "deactivate", false, "Stop a target from receiving records",
		`Deactivate stops a target from receiving records. The function reads the change
within FANOUT_CONFIG_TTL, by default one minute. The target misses the records that
arrive while it is inactive. The function's role keeps the right to deliver to it until
you run fanout unregister.`)
}

// newSwitch returns the command that sets the attribute active.
func newSwitch(c *factory.Factory, name string, active bool, short, long string) *cobra.Command {
	m := targetCommand{manage.Command{Factory: c}}
	cmd := &cobra.Command{
		Use: name, Short: short, Long: long,
		Example: "  fanout " + name + " --function fanout --source-type kinesis --source inputStream --id target1",
		Args:    ui.FlagsOnly,
	}
	m.FunctionFlags(cmd)
	m.SourceFlags(cmd)
	m.IDFlag()
	m.TableFlags()
	m.OutputFlag(cmd)
	m.IAMFlag()
	check := func() error { return errors.Join(m.NeedSource(), m.NeedID()) }
	m.Work(cmd, check, func(ctx context.Context, a *cloud.Account) error {
		set := target.Values{"active": {Kind: target.Bool, Text: strconv.FormatBool(active)}}
		return m.update(ctx, cmd, a, targetUpdate{did: name + "d", set: set})
	})
	return cmd
}
