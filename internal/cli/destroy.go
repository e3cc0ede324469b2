package cli

import (
	"cmp"
	"context"
	"fmt"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"fanout/internal/provision/cloud"
	"fanout/internal/provision/stack"
)

// destroyCommand is `fanout destroy`.
type destroyCommand struct {
	manage
	options stack.DestroyOptions
	yes     bool
}

func newDestroy(c *common) *cobra.Command {
	d := destroyCommand{manage: manage{common: c}}
	cmd := &cobra.Command{
		Use:   "destroy",
		Short: "Delete the function and the resources that deploy created",
		Long: `Destroy deletes the function's event source mappings and subscriptions, its role, its
log group, its tables, and the function. It first lists the resources to delete and to
keep, and asks.

It deletes only tables, roles and log groups that fanout deploy created for this
function, which have the tag fanout:function. It keeps a table that another function in
the region uses. If a destroy stopped halfway, run it again to complete it. If nothing
is left, it says so and succeeds.`,
		Example: `  fanout destroy --function fanout
  fanout destroy --function orders --keep-table --yes`,
		Args: flagsOnly,
	}
	d.functionFlags(cmd)
	d.tableFlags()
	f := d.flags
	f.StringVar(&d.options.Ledger, "ledger-table", "", "the ledger table, by `NAME` (default: the function's)")
	f.BoolVar(&d.options.KeepTable, "keep-table", false, "keep the tables")
	f.BoolVar(&d.options.KeepRole, "keep-role", false, "keep the role")
	f.BoolVar(&d.yes, "yes", false, "do not ask for confirmation")
	d.outputFlag(cmd)
	d.work(cmd, nil, func(ctx context.Context, a *cloud.Account) error { return d.run(ctx, cmd, a) })
	return cmd
}

func (d *destroyCommand) run(ctx context.Context, cmd *cobra.Command, a *cloud.Account) error {
	if err := ownAccount(ctx, a, "function-arn", d.functionARN); err != nil {
		return err
	}
	if err := ownAccount(ctx, a, "table-arn", d.tableARN); err != nil {
		return err
	}
	s := stack.On(a, d.catalog)
	s.OnResource = func(t stack.Resource) { printResource(cmd.ErrOrStderr(), t) }
	d.options.Function, d.options.Table = d.functionRef(), cmp.Or(d.tableARN, d.table)
	items, err := s.Inventory(ctx, d.options)
	if err != nil {
		return err
	}
	if err := d.confirm(cmd, a, items); err != nil {
		return err
	}
	done, err := s.Destroy(ctx, items)
	if err != nil || len(done) == 0 && d.output == "table" {
		return err
	}
	return show(cmd.OutOrStdout(), d.output, struct {
		Things []stack.Resource `json:"things"`
	}{done}, func(t table.Writer) { resourceRows(t, done) })
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
		fmt.Fprintf(cmd.ErrOrStderr(), "fanout: the function %q has nothing to delete in %s\n", d.functionName(), a.Region())
		return nil
	}
	if !d.yes {
		listDeletions(cmd, items)
	}
	return ask(cmd, d.yes, fmt.Sprintf("Delete %s?", count(goes, "resource")))
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
