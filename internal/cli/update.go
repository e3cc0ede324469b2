package cli

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"fanout/internal/provision/cloud"
	"fanout/internal/provision/registry"
	"fanout/lambda/target"
)

func newUpdate(c *common) *cobra.Command {
	m := manage{common: c}
	var f attributeFlags
	var unset []string
	cmd := &cobra.Command{
		Use:   "update",
		Short: "Change attributes of a target",
		Long: `Update changes those attributes of a target that are given, and leaves the others
as they are. --unset gives an attribute its default again. The target is checked as
a whole before anything is written.`,
		Example: `  fanout update --function fanout --source-type kinesis --source inputStream --id target1 --parallel false
  fanout update --source-type kinesis --source inputStream --id target1 --unset collapse --unset batch-records`,
		Args: flagsOnly,
	}
	m.functionFlags(cmd)
	m.sourceFlags(cmd)
	m.idFlag()
	f.add(cmd, c.catalog)
	cmd.Flags().StringSliceVar(&unset, "unset", nil, "the attribute with this flag's `NAME` gets its default; repeatable")
	m.tableFlags()
	m.outputFlag(cmd)
	var remove []string
	check := func() (err error) {
		if err = errors.Join(m.needSource(), m.needID()); err != nil {
			return err
		}
		if remove, err = f.attributes(unset); err == nil && len(remove)+len(f.values()) == 0 && f.index == "" {
			err = errors.New("nothing to change; add the flags of the attributes to set")
		}
		return err
	}
	m.iamFlag()
	m.work(cmd, check, func(ctx context.Context, a *cloud.Account) error {
		return m.update(cmd, ctx, a, "updated", f.values(), remove, func(v target.Values) error { return f.resolve(ctx, a, v) })
	})
	return cmd
}

// update changes a target, which must be valid afterwards. resolve, unless it is nil,
// replaces the name of a destination.
func (m *manage) update(cmd *cobra.Command, ctx context.Context, a *cloud.Account, did string,
	set target.Values, unset []string, resolve func(target.Values) error,
) error {
	source, err := m.sourceRef(ctx, a)
	if err != nil {
		return err
	}
	t, err := m.registry(ctx, a)
	if err != nil {
		return err
	}
	old, err := t.Get(ctx, source, m.id)
	if err != nil {
		return err
	}
	others, err := t.List(ctx, source)
	if err != nil {
		return err
	}
	after := maps.Clone(old.Attributes)
	maps.Copy(after, set)
	for _, name := range unset {
		delete(after, name)
	}
	if _, ok := set["destination"]; ok && resolve != nil {
		if err := resolve(after); err != nil {
			return err
		}
		set["destination"] = after["destination"]
	}
	e, err := valid(m.catalog, cmd.ErrOrStderr(), after, others)
	stops := len(set) == 1 && set["active"].Text == "false" && len(unset) == 0
	if err != nil && !stops { // a faulty target may always be stopped
		return err
	}
	c := registry.Change{Source: source, ID: m.id, Kind: registry.Update, Set: set, Unset: unset}
	m.warnOfTargets(ctx, cmd, a, []registry.Entry{old}, []registry.Change{c})
	changed := effective(c, old)
	if len(changed.Set)+len(changed.Unset) == 0 {
		did = "unchanged" // it is written anyway, because that updates the rights of the function
	}
	if err := m.writeOne(ctx, cmd, a, t, c, did, e); err != nil || m.output != "table" {
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
