package targets

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"fanout/internal/cli/factory"
	"fanout/internal/cli/manage"
	"fanout/internal/cli/ui"
	"fanout/internal/provision/cloud"
	"fanout/internal/provision/registry"
)

// NewUnregister returns the command `fanout unregister`.
func NewUnregister(c *factory.Factory) *cobra.Command {
	m := targetCommand{manage.Command{Factory: c}}
	cmd := &cobra.Command{
		Use:   "unregister",
		Short: "Remove a target from a source",
		Long: `Unregister removes a target from the target table. It refuses if another target names
this target with --on-failure, because that target would become faulty.

The function may still deliver to an active target for FANOUT_CONFIG_TTL, by default one
minute, so its role keeps the right to do so until the next change or fanout deploy. For
an inactive target, unregister removes the right at once.`,
		Example: `  fanout unregister --function fanout --source-type kinesis --source inputStream --id target1`,
		Args:    ui.FlagsOnly,
	}
	m.FunctionFlags(cmd)
	m.SourceFlags(cmd)
	m.IDFlag()
	m.TableFlags()
	m.OutputFlag(cmd)
	check := func() error { return errors.Join(m.NeedSource(), m.NeedID()) }
	m.IAMFlag()
	m.Work(cmd, check, func(ctx context.Context, a *cloud.Account) error {
		s, err := m.ReadTable(ctx, a)
		if err != nil {
			return err
		}
		e, err := s.Find(m.ID)
		if err != nil {
			return err
		}
		for i := range s.Targets {
			if other := &s.Targets[i]; other.Text("onFailure") == m.ID {
				return fmt.Errorf("the target %q has --on-failure %s; name another target there, or first run fanout update --id %s --unset on-failure", other.ID, m.ID, other.ID)
			}
		}
		return m.writeOne(ctx, cmd, a, s.Table, registry.Change{Source: s.Source, ID: m.ID, Kind: registry.Remove}, "unregistered", e)
	})
	return cmd
}
