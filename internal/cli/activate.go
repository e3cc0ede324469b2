package cli

import (
	"context"
	"errors"
	"strconv"

	"github.com/spf13/cobra"

	"fanout/internal/provision/cloud"
	"fanout/lambda/target"
)

func newActivate(c *common) *cobra.Command {
	return newSwitch(c, "activate", true, "Let a target receive records",
		`Activate lets a target receive records. The function reads the change within
FANOUT_CONFIG_TTL, by default one minute. Activate refuses a faulty target.`)
}

func newDeactivate(c *common) *cobra.Command {
	return newSwitch(c, "deactivate", false, "Stop a target from receiving records",
		`Deactivate stops a target from receiving records. The function reads the change
within FANOUT_CONFIG_TTL, by default one minute. The target misses the records that
arrive while it is inactive. The function's role keeps the right to deliver to it until
you run fanout unregister.`)
}

// newSwitch returns the command that sets the attribute active.
func newSwitch(c *common, name string, active bool, short, long string) *cobra.Command {
	m := targetCommand{manage{common: c}}
	cmd := &cobra.Command{
		Use: name, Short: short, Long: long,
		Example: "  fanout " + name + " --function fanout --source-type kinesis --source inputStream --id target1",
		Args:    flagsOnly,
	}
	m.functionFlags(cmd)
	m.sourceFlags(cmd)
	m.idFlag()
	m.tableFlags()
	m.outputFlag(cmd)
	m.iamFlag()
	check := func() error { return errors.Join(m.needSource(), m.needID()) }
	m.work(cmd, check, func(ctx context.Context, a *cloud.Account) error {
		set := target.Values{"active": {Kind: target.Bool, Text: strconv.FormatBool(active)}}
		return m.update(ctx, cmd, a, targetUpdate{did: name + "d", set: set})
	})
	return cmd
}
