package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"fanout/internal/provision/cloud"
	"fanout/internal/provision/registry"
)

func newUnregister(c *common) *cobra.Command {
	m := targetCommand{manage{common: c}}
	cmd := &cobra.Command{
		Use:   "unregister",
		Short: "Remove a target from a source",
		Long: `Unregister removes a target from the target table. It refuses if another target names
this target with --on-failure, because that target would become faulty.

The function may still deliver to an active target for FANOUT_CONFIG_TTL, by default one
minute, so its role keeps the right to do so until the next change or fanout deploy. For
an inactive target, unregister removes the right at once.`,
		Example: `  fanout unregister --function fanout --source-type kinesis --source inputStream --id target1`,
		Args:    flagsOnly,
	}
	m.functionFlags(cmd)
	m.sourceFlags(cmd)
	m.idFlag()
	m.tableFlags()
	m.outputFlag(cmd)
	check := func() error { return errors.Join(m.needSource(), m.needID()) }
	m.iamFlag()
	m.work(cmd, check, func(ctx context.Context, a *cloud.Account) error {
		s, err := m.readTable(ctx, a)
		if err != nil {
			return err
		}
		e, err := s.find(m.id)
		if err != nil {
			return err
		}
		for i := range s.targets {
			if other := &s.targets[i]; other.Text("onFailure") == m.id {
				return fmt.Errorf("the target %q has --on-failure %s; name another target there, or first run fanout update --id %s --unset on-failure", other.ID, m.id, other.ID)
			}
		}
		return m.writeOne(ctx, cmd, a, s.table, registry.Change{Source: s.source, ID: m.id, Kind: registry.Remove}, "unregistered", e)
	})
	return cmd
}
