package targets

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"fanout/internal/cli/factory"
	"fanout/internal/cli/manage"
	"fanout/internal/cli/ui"
	"fanout/internal/provision/cloud"
	"fanout/internal/provision/policy"
	"fanout/internal/provision/registry"
	"fanout/lambda/target"
	"fanout/sinks"
)

// registerCommand is `fanout register`.
type registerCommand struct {
	targetCommand
	attributes attributeFlags
	typ        string
	force      bool
}

// NewRegister returns the command `fanout register`.
func NewRegister(c *factory.Factory) *cobra.Command {
	r := registerCommand{targetCommand: targetCommand{manage.Command{Factory: c}}}
	types := strings.Join(c.Catalog.TypeNames(), ", ")
	cmd := &cobra.Command{
		Use:   "register <type>",
		Short: "Add a target to a source",
		Long: `Register checks a new target with the function's own code and writes it to the target
table. The target is inactive unless you add --active. The function reads the change
within FANOUT_CONFIG_TTL, by default one minute.
It warns if the destination does not exist or takes less than the target sends, if the
source is a former stream of a DynamoDB table, and if one record that the target cannot
take would hold up its shard: without an onFailure, and with the endless retries that
are Lambda's default. It skips a check that your permissions do not allow.

The type is one of ` + types + `.

Write a destination as a name, which fanout looks up in the destination's region, or in
full:
` + forms(c.Catalog),
		Example: `  fanout register lambda --function fanout --source-type kinesis --source inputStream --id target1 --destination targetFunction
  fanout register kinesis --source-arn arn:aws:kinesis:eu-west-1:123456789012:stream/orders --id copy \
      --destination orders-copy --destination-region us-east-1 --parallel false --active true
  fanout register es --source-type dynamodb --source Customers --id search --destination my-domain --index customers --convert-ddb true`,
		Args:      r.args,
		ValidArgs: c.Catalog.TypeNames(),
	}
	r.FunctionFlags(cmd)
	r.SourceFlags(cmd)
	r.IDFlag()
	r.attributes.add(cmd, c.Catalog)
	r.TableFlags()
	cmd.Flags().BoolVar(&r.force, "force", false, "replace an existing target with this id, and allow an endless loop")
	r.OutputFlag(cmd)
	r.IAMFlag()
	r.DryRunFlag()
	check := func() error { return r.check(cmd) }
	r.Work(cmd, check, func(ctx context.Context, a *cloud.Account) error { return r.run(ctx, cmd, a) })
	return cmd
}

// args takes the type of the target.
func (r *registerCommand) args(_ *cobra.Command, args []string) error {
	if len(args) == 0 {
		return errors.New("register needs the type of the target: " + strings.Join(r.Catalog.TypeNames(), ", "))
	}
	if len(args) > 1 {
		return fmt.Errorf("unexpected argument %q; fanout register takes one argument, the type of the target", args[1])
	}
	if r.typ = args[0]; r.Catalog.Type(r.typ) == nil {
		return noType(r.Catalog, r.typ)
	}
	return nil
}

// check checks that the command line names a source, a target and a destination.
func (r *registerCommand) check(cmd *cobra.Command) error {
	var err error
	if cmd.Flags().Lookup("destination").Value.String() == "" {
		err = errors.New("the destination is missing; add --destination")
	}
	return errors.Join(r.NeedSource(), r.NeedID(), err)
}

func (r *registerCommand) run(ctx context.Context, cmd *cobra.Command, a *cloud.Account) error {
	s, err := r.OpenTable(ctx, a)
	if err != nil {
		return err
	}
	others, err := s.Table.List(ctx, s.Source)
	if err != nil {
		return err
	}
	kind := registry.Create
	if r.force {
		kind = registry.Replace
	} else if slices.ContainsFunc(others, func(e registry.Entry) bool { return e.ID == r.ID }) {
		return fmt.Errorf("%s already has a target %q; use fanout update, or add --force to replace it", s.Source, r.ID)
	}
	v := r.values(s.Source)
	if err := r.attributes.resolve(ctx, a, v); err != nil {
		return err
	}
	e, err := valid(r.Catalog, cmd.ErrOrStderr(), v, others)
	if err != nil {
		return err
	}
	if !r.force && r.loops(&e.Spec) {
		return fmt.Errorf("the target %q would create an endless loop, because %s is the source or the function itself; change the destination, or add --force", r.ID, e.Destination())
	}
	c := registry.Change{Source: s.Source, ID: r.ID, Kind: kind, Set: v}
	streams := r.warnOfTargets(ctx, cmd, a, nil, []registry.Change{c})
	r.warnOfFormer(ctx, cmd, s.Table, s.Source, streams)
	did := "registered"
	if r.DryRun && r.same(others, v) {
		did = string(cloud.Unchanged)
	}
	if err := r.writeOne(ctx, cmd, a, s.Table, c, did, e); err != nil {
		return err
	}
	r.warnOfEndless(ctx, a, &e, others)
	if !e.Active() && !r.DryRun {
		r.printActivate(cmd, s.Source, others)
	}
	return nil
}

// same reports whether the target exists with the same attributes.
func (r *registerCommand) same(others []registry.Entry, v target.Values) bool {
	i := slices.IndexFunc(others, func(e registry.Entry) bool { return e.ID == r.ID })
	return i >= 0 && maps.EqualFunc(others[i].Attributes, v, func(a, b target.Value) bool { return a.Kind == b.Kind && a.Text == b.Text })
}

// values returns the attributes of the new target. It is inactive by default.
func (r *registerCommand) values(source string) target.Values {
	v := r.attributes.values()
	v["sourceArn"], v["id"], v["type"] = str(source), str(r.ID), str(r.typ)
	if _, ok := v["active"]; !ok {
		v["active"] = target.Value{Kind: target.Bool, Text: "false"}
	}
	return v
}

// forms lists the complete forms of destinations by type.
func forms(catalog *target.Catalog) string {
	var lines []string
	for _, t := range catalog.Types {
		if t.Destination != "" {
			lines = append(lines, fmt.Sprintf("  %-10s %s", t.Name, t.Destination))
		}
	}
	return strings.Join(lines, "\n")
}

// noType is the error for an unknown type, with the type that the user probably meant.
func noType(catalog *target.Catalog, typ string) error {
	hint := ui.DidYouMean("", typ, catalog.TypeNames())
	for _, t := range catalog.Types {
		if slices.Contains(t.Synonyms, strings.ToLower(typ)) {
			hint = "; did you mean " + t.Name + "?"
		}
	}
	return fmt.Errorf("unknown target type %q%s; the types are %s", typ, hint, strings.Join(catalog.TypeNames(), ", "))
}

// printActivate prints the command that lets the target receive records. A target that
// others name with --on-failure need not be active.
func (m *targetCommand) printActivate(cmd *cobra.Command, source string, others []registry.Entry) {
	command := []string{"fanout", "activate"}
	for _, name := range []string{"function", "function-arn", "table", "table-arn"} {
		if m.IsSet(name) {
			command = append(command, "--"+name, m.Flags.Lookup(name).Value.String())
		}
	}
	command = append(append(command, "--source-arn", source, "--id", ui.Printable(m.ID)), m.Connection(cmd)...)
	run := strings.Join(command, " ")
	if i := slices.IndexFunc(others, func(e registry.Entry) bool { return e.Spec.OnFailure == m.ID }); i >= 0 {
		fmt.Fprintf(cmd.ErrOrStderr(), "fanout: the target gets the records that %s cannot take; to let it receive all records, run %s\n", ui.Printable(others[i].ID), run)
		return
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "fanout: the target receives no records yet; to activate it, run %s; a target that is only for the --on-failure of another one can stay inactive\n", run)
}

// loops reports whether a target of the function would receive its own records.
func (m *targetCommand) loops(t *sinks.Spec) bool {
	return policy.Function{ARN: m.self(t).String()}.Loops(t)
}

// str is a value of an attribute.
func str(s string) target.Value { return target.Value{Kind: target.String, Text: s} }
