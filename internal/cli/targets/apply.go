package targets

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"fanout/internal/cli/factory"
	"fanout/internal/cli/manage"
	"fanout/internal/cli/ui"
	"fanout/internal/provision/cloud"
	"fanout/internal/provision/policy"
	"fanout/internal/provision/registry"
	"fanout/lambda/target"
)

// applyCommand is `fanout apply`.
type applyCommand struct {
	targetCommand
	prune, yes bool
	path       string
	want       []registry.Entry // the targets of the file
}

// NewApply returns the command `fanout apply`.
func NewApply(c *factory.Factory) *cobra.Command {
	a := applyCommand{targetCommand: targetCommand{manage.Command{Factory: c}}}
	cmd := &cobra.Command{
		Use:   "apply FILE",
		Short: "Update the target table to match a file",
		Long: `Apply reads a file of targets, in the format that fanout export writes and fanout run
--targets reads. It shows the changes to the target table, asks, and makes all of them.
If one change is refused, it makes none. It makes more than a hundred changes in groups
of a hundred.
It warns if a destination does not exist or takes less than a target sends. It skips a
check that your permissions do not allow.

Targets that are not in the file stay, unless you add --prune. It removes such targets
of the sources in the file, and of former streams of the same DynamoDB tables. If you
name a source, it removes only targets of that source. With --output json or yaml, apply
writes the diff to standard error and the changes to standard output.`,
		Example: `  fanout apply targets.yaml
  fanout apply targets.yaml --prune --yes`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return errors.New("apply needs one argument, a file of targets")
			}
			a.path = args[0]
			return nil
		},
		ValidArgsFunction: cobra.FixedCompletions([]string{"yaml", "yml", "json"}, cobra.ShellCompDirectiveFilterFileExt),
	}
	a.FunctionFlags(cmd)
	a.SourceFlags(cmd)
	a.TableFlags()
	cmd.Flags().BoolVar(&a.prune, "prune", false, "remove targets that are not in the file")
	cmd.Flags().BoolVar(&a.yes, "yes", false, "do not ask for confirmation")
	a.OutputFlag(cmd)
	a.IAMFlag()
	a.DryRunFlag()
	check := func() (err error) {
		a.want, err = manage.ReadTargets(a.Catalog, cmd.ErrOrStderr(), a.path)
		return err
	}
	a.Work(cmd, check, func(ctx context.Context, account *cloud.Account) error { return a.run(ctx, cmd, account) })
	return cmd
}

func (a *applyCommand) run(ctx context.Context, cmd *cobra.Command, account *cloud.Account) error {
	s, err := a.OpenTable(ctx, account)
	if err != nil {
		return err
	}
	have, err := a.present(ctx, s)
	if err != nil {
		return err
	}
	changes := registry.Diff(a.want, have, a.prune)
	a.printDiff(cmd, changes, have)
	if len(changes) == 0 {
		fmt.Fprintln(cmd.ErrOrStderr(), "nothing to change")
		return a.showChanges(cmd.OutOrStdout(), changes, nil)
	}
	if err := checkLinks(a.Catalog, have, changes); err != nil {
		return err
	}
	a.warnOfTargets(ctx, cmd, account, have, changes)
	a.Foresee(cloud.Updated)
	if err := ui.Ask(cmd, a.yes || a.DryRun, fmt.Sprintf("Make %s in the table %q?", ui.Count(len(changes), "change"), s.Table.Name)); err != nil {
		return err
	}
	return a.write(ctx, cmd, account, s.Table, changes, func(needed *policy.Document) error {
		return a.showChanges(cmd.OutOrStdout(), changes, needed)
	})
}

// present returns the targets of the table that apply compares with the file.
func (a *applyCommand) present(ctx context.Context, s manage.SourceTargets) (have []registry.Entry, err error) {
	sources := sourcesOf(a.want, s.Source)
	if a.prune && s.Source == "" {
		if have, err = formerTargets(ctx, s.Table, sources); err != nil {
			return nil, err
		}
	}
	for _, source := range sources {
		if s.Source != "" && source != s.Source {
			return nil, ui.Usagef("%s has targets of %s, but the command line names the source %s; name the same source, or none", a.path, source, s.Source)
		}
		targets, err := s.Table.List(ctx, source)
		if err != nil {
			return nil, err
		}
		have = append(have, targets...)
	}
	return have, nil
}

// printDiff prints the changes, and the number of targets that stay though the file does
// not have them.
func (a *applyCommand) printDiff(cmd *cobra.Command, changes []registry.Change, have []registry.Entry) {
	w := cmd.OutOrStdout()
	if a.Output != "table" {
		w = cmd.ErrOrStderr()
	}
	printChanges(w, changes, have)
	if a.prune {
		return
	}
	if kept := len(registry.Diff(a.want, have, true)) - len(changes); kept > 0 {
		fmt.Fprintf(cmd.ErrOrStderr(), "%s of the table %s not in the file and will stay; add --prune to remove them\n", ui.Count(kept, "target"), ui.Are(kept))
	}
}

// showChanges prints the changes, unless the diff on standard output shows them, and
// the policy that the role needs, if one is given.
func (a *applyCommand) showChanges(w io.Writer, changes []registry.Change, needed *policy.Document) error {
	if a.Output == "table" {
		if needed == nil {
			return nil
		}
		return ui.ShowJSON(w, needed)
	}
	type change struct {
		Source  string        `json:"source"`
		ID      string        `json:"id"`
		Outcome cloud.Outcome `json:"outcome"`
	}
	outcomes := map[registry.Kind]cloud.Outcome{registry.Create: cloud.Created, registry.Update: cloud.Updated, registry.Remove: cloud.Removed}
	all := make([]change, len(changes))
	for i, c := range changes {
		all[i] = change{c.Source, c.ID, a.Foresee(outcomes[c.Kind])}
	}
	if needed == nil {
		return ui.Show(w, a.Output, all, nil)
	}
	return ui.Show(w, a.Output, struct {
		Changes []change         `json:"changes"`
		Policy  *policy.Document `json:"policy"`
	}{all, needed}, nil)
}

// sourcesOf returns the sources of targets, and the named one.
func sourcesOf(targets []registry.Entry, named string) []string {
	var all []string
	if named != "" {
		all = append(all, named)
	}
	for i := range targets {
		if s := targets[i].Text("sourceArn"); !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return all
}

// formerTargets returns the targets of other streams of the DynamoDB tables behind
// sources. A table gets another stream when its stream is switched off and on.
func formerTargets(ctx context.Context, t *registry.Table, sources []string) ([]registry.Entry, error) {
	tables := make(map[string]bool)
	for _, s := range sources {
		if table, ok := cloud.TableOf(s); ok {
			tables[table] = true
		}
	}
	if len(tables) == 0 {
		return nil, nil
	}
	all, err := t.List(ctx, "")
	return slices.DeleteFunc(all, func(e registry.Entry) bool {
		table, _ := cloud.TableOf(e.Spec.SourceARN)
		return !tables[table] || slices.Contains(sources, e.Spec.SourceARN)
	}), err
}

// printChanges shows changes as a diff, by source.
func printChanges(w io.Writer, changes []registry.Change, have []registry.Entry) {
	source := ""
	for _, c := range changes {
		if c.Source != source {
			source = c.Source
			fmt.Fprintln(w, ui.Printable(source))
		}
		switch c.Kind {
		case registry.Create:
			fmt.Fprintln(w, ui.Colored(w, text.FgGreen, "+ "+ui.Printable(c.ID)))
			for _, a := range target.Attributes() {
				if v, ok := c.Set[a.Name]; ok && a.Name != "sourceArn" && a.Name != "id" {
					fmt.Fprintf(w, "    %s: %s\n", a.Name, shown(a.Name, v))
				}
			}
		case registry.Remove:
			fmt.Fprintln(w, ui.Colored(w, text.FgRed, "- "+ui.Printable(c.ID)))
		default:
			fmt.Fprintln(w, ui.Colored(w, text.FgYellow, "~ "+ui.Printable(c.ID)))
			printUpdate(w, c, have)
		}
	}
}

// printUpdate shows the changed attributes of a target with their old values.
func printUpdate(w io.Writer, c registry.Change, have []registry.Entry) {
	i := slices.IndexFunc(have, func(e registry.Entry) bool { return e.Text("sourceArn") == c.Source && e.ID == c.ID })
	for _, a := range target.Attributes() {
		v, set := c.Set[a.Name]
		if !set && !slices.Contains(c.Unset, a.Name) {
			continue
		}
		before, after := "(unset)", "(unset)"
		if old, ok := have[i].Attributes[a.Name]; ok {
			before = shown(a.Name, old)
		}
		if set {
			after = cmp.Or(shown(a.Name, v), "(unset)")
		}
		note := ""
		if a.Name == "destination" && before == after {
			note = " (password changed)"
		}
		fmt.Fprintf(w, "    %s: %s → %s%s\n", a.Name, before, after, note)
	}
}

// shown is an attribute's value without secrets.
func shown(name string, v target.Value) string {
	if name == "destination" {
		return ui.Printable(registry.Redacted(v.Text))
	}
	return ui.Printable(v.Text)
}
