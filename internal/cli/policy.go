package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"fanout/internal/provision/cloud"
	"fanout/internal/provision/policy"
	"fanout/internal/provision/role"
)

func newPolicy(c *common) *cobra.Command {
	m := manage{common: c}
	var trust bool
	cmd := &cobra.Command{
		Use:   "policy",
		Short: "Print the policy that the function's role needs",
		Long: `Policy prints the IAM policy that the function's role needs for the targets and
sources that the function has now, and nothing beyond it. A role that fanout deploy
made has it already, as its inline policy fanout-<region>.

With --trust it prints, for each role that targets name, the trust policy by which
the function may assume it, and the policy that the role itself needs: what to hand
to whoever looks after the target account.`,
		Example: `  fanout policy --function fanout
  fanout policy --trust --output yaml`,
		Args: flagsOnly,
	}
	m.functionFlags(cmd)
	cmd.Flags().BoolVar(&trust, "trust", false, "print the trust policy, and the policy, of the roles that targets name")
	m.outputFlag(cmd, "json", "yaml")
	m.work(cmd, nil, func(ctx context.Context, a *cloud.Account) error {
		k := role.On(a, m.catalog)
		f, found, err := role.Find(ctx, k.Lambda, m.functionRef())
		if err != nil {
			return err
		}
		if !found {
			return &cloud.NoFunction{Name: m.functionName()}
		}
		if trust {
			accounts, err := k.Accounts(ctx, &f)
			if err != nil {
				return err
			}
			if len(accounts) == 0 {
				fmt.Fprintln(cmd.ErrOrStderr(), "fanout: no target names a role, so no other account has to allow anything")
				accounts = []policy.Account{}
			}
			return show(cmd.OutOrStdout(), m.output, accounts, nil)
		}
		needs, err := k.Policy(ctx, &f)
		if err != nil {
			return err
		}
		warnSkipped(cmd, needs)
		return show(cmd.OutOrStdout(), m.output, needs.Document, nil)
	})
	return cmd
}
