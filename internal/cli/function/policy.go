package function

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"fanout/internal/cli/factory"
	"fanout/internal/cli/manage"
	"fanout/internal/cli/ui"
	"fanout/internal/provision/cloud"
	"fanout/internal/provision/policy"
	"fanout/internal/provision/role"
)

// NewPolicy returns the command `fanout policy`.
func NewPolicy(c *factory.Factory) *cobra.Command {
	m := manage.Command{Factory: c}
	var trust bool
	cmd := &cobra.Command{
		Use:   "policy",
		Short: "Print the policy that the function's role needs",
		Long: `Policy prints the IAM policy that the function's role needs for its current targets
and sources, with no other rights. A role that fanout deploy created already has it, as
the inline policy fanout-<region>.

With --trust it prints two policies for each role that targets name: the trust policy
that lets the function assume the role, and the policy that the role itself needs. Send
them to the owner of the target account.`,
		Example: `  fanout policy --function fanout
  fanout policy --trust --output yaml`,
		Args: ui.FlagsOnly,
	}
	m.FunctionFlags(cmd)
	cmd.Flags().BoolVar(&trust, "trust", false, "print the trust policy and the policy of each role that targets name")
	m.OutputFlag(cmd, "json", "yaml")
	m.Work(cmd, nil, func(ctx context.Context, a *cloud.Account) error {
		k := role.On(a, m.Catalog)
		f, found, err := role.Find(ctx, k.Lambda, m.FunctionRef())
		if err != nil {
			return err
		}
		if !found {
			return &cloud.NoFunction{Name: m.FunctionName()}
		}
		if trust {
			accounts, err := k.Accounts(ctx, &f)
			if err != nil {
				return err
			}
			if len(accounts) == 0 {
				fmt.Fprintln(cmd.ErrOrStderr(), "fanout: no target names a role, so no other account needs a policy")
				accounts = []policy.Account{}
			}
			return ui.Show(cmd.OutOrStdout(), m.Output, accounts, nil)
		}
		needs, err := k.Policy(ctx, &f)
		if err != nil {
			return err
		}
		manage.WarnSkipped(cmd, needs)
		return ui.Show(cmd.OutOrStdout(), m.Output, needs.Document, nil)
	})
	return cmd
}
