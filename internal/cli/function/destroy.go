package function

import (
	"cmp"
	"context"
	"fmt"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"fanout/internal/cli/factory"
	"fanout/internal/cli/manage"
	"fanout/internal/cli/ui"
	"fanout/internal/provision/cloud"
	"fanout/internal/provision/stack"
)

// destroyCommand is `fanout destroy`.
type destroyCommand struct {
	manage.Command
	options stack.DestroyOptions
	yes     bool
}

// NewDestroy returns the command `fanout destroy`.
func NewDestroy(c *factory.Factory) *cobra.Command {
	d := destroyCommand{Command: manage.Command{Factory: c}}
	cmd := &cobra.Command{
		Use:   "destroy",
		Short: "Delete the function and the resources that deploy created",
		Long: `Destroy deletes the function's event source mappings and subscriptions, its role, its
log group, its queue for failures, its alarms, its tables, and the function. It first
lists the resources to delete and to keep, and asks.

It deletes only tables, roles, log groups, queues and alarms that fanout deploy created
for this function, which have the tag fanout:function. It keeps a queue that has
messages, and a table or queue that another function in the region uses. If a destroy
stopped halfway, run it again to complete it. If nothing is left, it says so and
succeeds.`,
		Example: `  fanout destroy --function fanout
  fanout destroy --function orders --keep-table --yes`,
		Args: ui.FlagsOnly,
	}
	d.FunctionFlags(cmd)
	d.TableFlags()
	f := d.Flags
	f.StringVar(&d.options.Ledger, "ledger-table", "", "the ledger table, by `NAME` (default: the function's)")
	f.BoolVar(&d.options.KeepTable, "keep-table", false, "keep the tables")
	f.BoolVar(&d.options.KeepRole, "keep-role", false, "keep the role")
	f.BoolVar(&d.yes, "yes", false, "do not ask for confirmation")
	d.DryRunFlag()
	d.OutputFlag(cmd)
	d.Work(cmd, nil, func(ctx context.Context, a *cloud.Account) error { return d.run(ctx, cmd, a) })
	return cmd
}

func (d *destroyCommand) run(ctx context.Context, cmd *cobra.Command, a *cloud.Account) error {
	if err := manage.OwnAccount(ctx, a, "function-arn", d.FunctionARN); err != nil {
		return err
	}
	if err := manage.OwnAccount(ctx, a, "table-arn", d.TableARN); err != nil {
		return err
	}
	s := stack.On(a, d.Catalog)
	s.OnResource = func(t stack.Resource) { printResource(cmd.ErrOrStderr(), t) }
	d.options.Function, d.options.Table = d.FunctionRef(), cmp.Or(d.TableARN, d.Table)
	items, err := s.Inventory(ctx, d.options)
	if err != nil {
		return err
	}
	if d.DryRun {
		return d.showForeseen(cmd, a, items)
	}
	if err := d.confirm(cmd, a, items); err != nil {
		return err
	}
	done, err := s.Destroy(ctx, items)
	if err != nil || len(done) == 0 && d.Output == "table" {
		return err
	}
	return d.show(cmd, done)
}

func (d *destroyCommand) show(cmd *cobra.Command, things []stack.Resource) error {
	return ui.Show(cmd.OutOrStdout(), d.Output, struct {
		Things []stack.Resource `json:"things"`
	}{things}, func(t table.Writer) { resourceRows(t, things) })
}

// showForeseen prints what destroy would delete and keep.
func (d *destroyCommand) showForeseen(cmd *cobra.Command, a *cloud.Account, items []stack.Item) error {
	things := make([]stack.Resource, len(items))
	for i, item := range items {
		if item.Outcome = cloud.Kept; item.Deletes() {
			item.Outcome = d.Foresee(cloud.Deleted)
		}
		things[i] = item.Resource
		printResource(cmd.ErrOrStderr(), item.Resource)
	}
	if len(things) == 0 {
		d.nothing(cmd, a)
		if d.Output == "table" {
			return nil
		}
	}
	return d.show(cmd, things)
}

// nothing says that nothing is left to delete.
func (d *destroyCommand) nothing(cmd *cobra.Command, a *cloud.Account) {
	fmt.Fprintf(cmd.ErrOrStderr(), "fanout: the function %q has nothing to delete in %s\n", d.FunctionName(), a.Region())
}

// confirm lists the resources to delete, and asks.
func (d *destroyCommand) confirm(cmd *cobra.Command, a *cloud.Account, items []stack.Item) error {
	goes := 0
	for i := range items {
		if items[i].Deletes() {
			goes++
		}
	}
	if goes == 0 {
		d.nothing(cmd, a)
		return nil
	}
	if !d.yes {
		listDeletions(cmd, items)
	}
	return ui.Ask(cmd, d.yes, fmt.Sprintf("Delete %s?", ui.Count(goes, "resource")))
}

// listDeletions lists the items to delete and to keep.
func listDeletions(cmd *cobra.Command, items []stack.Item) {
	for _, item := range items {
		item.Outcome = "to be deleted"
		if !item.Deletes() {
			item.Outcome = cloud.Kept
		}
		printResource(cmd.ErrOrStderr(), item.Resource)
	}
}
