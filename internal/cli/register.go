package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"fanout/internal/provision/cloud"
	"fanout/internal/provision/policy"
	"fanout/internal/provision/registry"
	"fanout/lambda/target"
	"fanout/sinks"
)

func newRegister(c *common) *cobra.Command {
	m := targetCommand{manage{common: c}}
	types := strings.Join(c.catalog.TypeNames(), ", ")
	var f attributeFlags
	var force bool
	var typ string
	cmd := &cobra.Command{
		Use:   "register <type>",
		Short: "Add a target to a source",
		Long: `Register checks a new target with the function's own code and writes it to the target
table. The target is inactive unless you add --active. The function reads the change
within FANOUT_CONFIG_TTL, by default one minute.
It warns if the destination does not exist or takes less than the target sends, and if
the source is a former stream of a DynamoDB table. It skips a check that your
permissions do not allow.

The type is one of ` + types + `.

Write a destination as a name, which fanout looks up in the destination's region, or in
full:
` + forms(c.catalog),
		Example: `  fanout register lambda --function fanout --source-type kinesis --source inputStream --id target1 --destination targetFunction
  fanout register kinesis --source-arn arn:aws:kinesis:eu-west-1:123456789012:stream/orders --id copy \
      --destination orders-copy --destination-region us-east-1 --parallel false --active true
  fanout register es --source-type dynamodb --source Customers --id search --destination my-domain --index customers --convert-ddb true`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("register needs the type of the target: " + types)
			}
			if len(args) > 1 {
				return fmt.Errorf("unexpected argument %q; fanout register takes one argument, the type of the target", args[1])
			}
			if typ = args[0]; c.catalog.Type(typ) == nil {
				return noType(c.catalog, typ)
			}
			return nil
		},
		ValidArgs: c.catalog.TypeNames(),
	}
	m.functionFlags(cmd)
	m.sourceFlags(cmd)
	m.idFlag()
	f.add(cmd, c.catalog)
	m.tableFlags()
	cmd.Flags().BoolVar(&force, "force", false, "replace an existing target with this id, and allow an endless loop")
	m.outputFlag(cmd)
	check := func() error {
		if cmd.Flags().Lookup("destination").Value.String() == "" {
			return errors.Join(m.needSource(), m.needID(), errors.New("the destination is missing; add --destination"))
		}
		return errors.Join(m.needSource(), m.needID())
	}
	m.iamFlag()
	m.work(cmd, check, func(ctx context.Context, a *cloud.Account) error {
		source, err := m.sourceRef(ctx, a)
		if err != nil {
			return err
		}
		t, err := m.registry(ctx, a)
		if err != nil {
			return err
		}
		others, err := t.List(ctx, source)
		if err != nil {
			return err
		}
		v := f.values()
		v["sourceArn"], v["id"], v["type"] = str(source), str(m.id), str(typ)
		if _, ok := v["active"]; !ok {
			v["active"] = target.Value{Kind: target.Bool, Text: "false"}
		}
		kind := registry.Create
		if force {
			kind = registry.Replace
		} else if slices.ContainsFunc(others, func(e registry.Entry) bool { return e.ID == m.id }) {
			return fmt.Errorf("%s already has a target %q; use fanout update, or add --force to replace it", source, m.id)
		}
		if err := f.resolve(ctx, a, v); err != nil {
			return err
		}
		e, err := valid(m.catalog, cmd.ErrOrStderr(), v, others)
		if err != nil {
			return err
		}
		if !force && m.loops(&e.Spec) {
			return fmt.Errorf("the target %q would create an endless loop, because %s is the source or the function itself; change the destination, or add --force", m.id, e.Destination())
		}
		c := registry.Change{Source: source, ID: m.id, Kind: kind, Set: v}
		streams := m.warnOfTargets(ctx, cmd, a, nil, []registry.Change{c})
		m.warnOfFormer(ctx, cmd, t, source, streams)
		if err := m.writeOne(ctx, cmd, a, t, c, "registered", e); err != nil {
			return err
		}
		if !e.Active() {
			m.printActivate(cmd, source, others)
		}
		return nil
	})
	return cmd
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
	hint := didYouMean("", typ, catalog.TypeNames())
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
		if m.isSet(name) {
			command = append(command, "--"+name, m.flags.Lookup(name).Value.String())
		}
	}
	command = append(append(command, "--source-arn", source, "--id", printable(m.id)), m.connection(cmd)...)
	run := strings.Join(command, " ")
	if i := slices.IndexFunc(others, func(e registry.Entry) bool { return e.Spec.OnFailure == m.id }); i >= 0 {
		fmt.Fprintf(cmd.ErrOrStderr(), "fanout: the target gets the records that %s cannot take; to let it receive all records, run %s\n", printable(others[i].ID), run)
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
