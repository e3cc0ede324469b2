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
		`Activate lets a target receive records, from the next time that the function reads
its targets: within FANOUT_CONFIG_TTL, a minute if nothing else is set. A faulty
target is refused.`)
}

func newDeactivate(c *common) *cobra.Command {
	return newSwitch(c, "deactivate", false, "Let a target receive no records",
		`Deactivate lets a target receive no more records, from the next time that the
function reads its targets: within FANOUT_CONFIG_TTL, a minute if nothing else is
set. It misses the records that come meanwhile. The role of the function keeps the
right to deliver to it, until fanout unregister.`)
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
