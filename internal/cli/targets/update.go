package targets

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"fanout/internal/cli/factory"
	"fanout/internal/cli/manage"
	"fanout/internal/cli/ui"
	"fanout/internal/provision/cloud"
	"fanout/internal/provision/registry"
	"fanout/lambda/target"
)

// NewUpdate returns the command `fanout update`.
func NewUpdate(c *factory.Factory) *cobra.Command {
	m := targetCommand{manage.Command{Factory: c}}
	var f attributeFlags
	var unset []string
	cmd := &cobra.Command{
		Use:   "update",
		Short: "Change attributes of a target",
		Long: `Update changes the attributes of a target that are on the command line, and keeps the
others. --unset resets an attribute to its default. Update checks the whole target before
it writes.`,
		Example: `  fanout update --function fanout --source-type kinesis --source inputStream --id target1 --parallel false
  fanout update --source-type kinesis --source inputStream --id target1 --unset collapse --unset batch-records`,
		Args: ui.FlagsOnly,
	}
	m.FunctionFlags(cmd)
	m.SourceFlags(cmd)
	m.IDFlag()
	f.add(cmd, c.Catalog)
	cmd.Flags().StringSliceVar(&unset, "unset", nil, "reset the attribute with this `NAME` to its default; repeatable")
	m.TableFlags()
	m.OutputFlag(cmd)
	var remove []string
	check := func() (err error) {
		if err = errors.Join(m.NeedSource(), m.NeedID()); err != nil {
			return err
		}
		if remove, err = f.attributes(unset); err == nil && len(remove)+len(f.values()) == 0 && f.part() == nil {
			err = errors.New("nothing to change; add flags for the attributes to set")
		}
		return err
	}
	m.IAMFlag()
	m.DryRunFlag()
	m.Work(cmd, check, func(ctx context.Context, a *cloud.Account) error {
		resolve := func(v target.Values) error { return f.resolve(ctx, a, v) }
		return m.update(ctx, cmd, a, targetUpdate{did: "updated", set: f.values(), unset: remove, resolve: resolve})
	})
	return cmd
}

// targetUpdate is a change of a target.
type targetUpdate struct {
	did     string // "updated", say
	set     target.Values
	unset   []string
	resolve func(target.Values) error // replaces the name of a destination; nil: it has no name
}

// stops reports whether the update only stops the target.
func (u *targetUpdate) stops() bool {
	return len(u.set) == 1 && u.set["active"].Text == "false" && len(u.unset) == 0
}

// apply returns the attributes after the update.
func (u *targetUpdate) apply(old target.Values) (target.Values, error) {
	after := maps.Clone(old)
	maps.Copy(after, u.set)
	for _, name := range u.unset {
		delete(after, name)
	}
	if _, ok := u.set["destination"]; ok && u.resolve != nil {
		if err := u.resolve(after); err != nil {
			return nil, err
		}
		u.set["destination"] = after["destination"]
	}
	return after, nil
}

// update changes a target, which must be valid afterwards.
func (m *targetCommand) update(ctx context.Context, cmd *cobra.Command, a *cloud.Account, u targetUpdate) error {
	s, err := m.ReadTable(ctx, a)
	if err != nil {
		return err
	}
	old, err := s.Find(m.ID)
	if err != nil {
		return err
	}
	after, err := u.apply(old.Attributes)
	if err != nil {
		return err
	}
	e, err := valid(m.Catalog, cmd.ErrOrStderr(), after, s.Targets)
	if err != nil && !u.stops() { // a faulty target may always be stopped
		return err
	}
	c := registry.Change{Source: s.Source, ID: m.ID, Kind: registry.Update, Set: u.set, Unset: u.unset}
	m.warnOfTargets(ctx, cmd, a, []registry.Entry{old}, []registry.Change{c})
	changed := effective(c, old)
	if len(changed.Set)+len(changed.Unset) == 0 {
		u.did = string(cloud.Unchanged) // it is written anyway, because that updates the rights of the function
	}
	if err := m.writeOne(ctx, cmd, a, s.Table, c, u.did, e); err != nil || m.Output != "table" {
		return err
	}
	printUpdate(cmd.OutOrStdout(), changed, []registry.Entry{old})
	return nil
}

// effective returns the part of an update that changes the target.
func effective(c registry.Change, old registry.Entry) registry.Change {
	set := make(target.Values)
	for name, v := range c.Set {
		if v.Kind != old.Attributes[name].Kind || v.Text != old.Attributes[name].Text {
			set[name] = v
		}
	}
	c.Set = set
	c.Unset = slices.DeleteFunc(slices.Clone(c.Unset), func(name string) bool {
		_, ok := old.Attributes[name]
		return !ok
	})
	return c
}
