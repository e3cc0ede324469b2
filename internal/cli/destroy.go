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

func newDestroy(c *common) *cobra.Command {
	m := manage{common: c}
	var d stack.Doomed
	var yes bool
	cmd := &cobra.Command{
		Use:   "destroy",
		Short: "Delete the function, and what deploy made for it",
		Long: `Destroy deletes the function's event source mappings and subscriptions, its role, its
log group, its tables, and the function. It lists what goes and what stays, and asks
first.

Of tables, roles and log groups it deletes only those that fanout deploy made for this
function, which it knows by their tag fanout:function, and no table that another
function of the region uses. A destroy that ended halfway is completed by the next;
where nothing is left, it says so and succeeds.`,
		Example: `  fanout destroy --function fanout
  fanout destroy --function orders --keep-table --yes`,
		Args: flagsOnly,
	}
	m.functionFlags(cmd)
	m.tableFlags()
	f := m.flags
	f.StringVar(&d.Ledger, "ledger-table", "", "the ledger table, by `NAME` (default: the function's)")
	f.BoolVar(&d.KeepTable, "keep-table", false, "keep the tables")
	f.BoolVar(&d.KeepRole, "keep-role", false, "keep the role")
	f.BoolVar(&yes, "yes", false, "do not ask")
	m.outputFlag(cmd)
	m.work(cmd, nil, func(ctx context.Context, a *cloud.Account) error {
		if err := ownAccount(ctx, a, "function-arn", m.functionARN); err != nil {
			return err
		}
		if err := ownAccount(ctx, a, "table-arn", m.tableARN); err != nil {
			return err
		}
		s := stack.On(a, m.catalog)
		d.Function, d.Table = m.functionRef(), cmp.Or(m.tableARN, m.table)
		items, err := s.Inventory(ctx, d)
		if err != nil {
			return err
		}
		goes := 0
		for i := range items {
			if items[i].Goes() {
				goes++
			}
		}
		if goes > 0 {
			if !yes {
				listDoomed(cmd, items)
			}
			if err := ask(cmd, yes, fmt.Sprintf("Delete %s?", count(goes, "thing"))); err != nil {
				return err
			}
		} else {
			fmt.Fprintf(cmd.ErrOrStderr(), "fanout: there is nothing of the function %q to delete in %s\n", m.functionName(), a.Region())
		}
		s.Tell = func(t stack.Thing) { tell(cmd.ErrOrStderr(), t) }
		done, err := s.Destroy(ctx, items)
		if err != nil || len(done) == 0 && m.output == "table" {
			return err
		}
		return show(cmd.OutOrStdout(), m.output, struct {
			Things []stack.Thing `json:"things"`
		}{done}, func(t table.Writer) { thingRows(t, done) })
	})
	return cmd
}

// listDoomed lists the items to delete and to keep.
func listDoomed(cmd *cobra.Command, items []stack.Item) {
	for _, item := range items {
		item.Outcome = "to be deleted"
		if !item.Goes() {
			item.Outcome = cloud.Kept
		}
		tell(cmd.ErrOrStderr(), item.Thing)
	}
}
