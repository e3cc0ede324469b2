package manage

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"fanout/internal/awserr"
	"fanout/internal/provision/cloud"
	"fanout/internal/provision/policy"
	"fanout/internal/provision/role"
)

// IAMFlag adds the flag that leaves the policy of the function's role alone.
func (m *Command) IAMFlag() {
	m.changes = true
	m.Flags.BoolVar(&m.NoIAM, "no-iam", false, "do not change the policy of the function's role; print the policy that it needs")
}

// SyncPolicy updates the inline policy of the function's role to the needs of the
// function and of coming sources: Lambda makes no mapping that the role cannot read.
// With --no-iam it returns the policy instead, and the command prints it.
//
// It reports missing permissions on standard error, because a user with the right to write
// targets may have none in IAM. The same goes for a role that deploy did not make. A function
// that does not exist needs nothing yet.
func (m *Command) SyncPolicy(ctx context.Context, cmd *cobra.Command, a *cloud.Account, coming ...policy.Source) (needed *policy.Document, err error) {
	k := role.On(a, m.Catalog)
	k.DryRun, k.Leaving = m.DryRun, m.Leaving
	f, found, err := role.Find(ctx, k.Lambda, m.FunctionRef())
	if err != nil {
		return nil, m.PolicyError(cmd, err)
	}
	if !found {
		return nil, nil
	}
	if m.NoIAM {
		needs, err := k.Policy(ctx, &f, coming...)
		if err != nil {
			return nil, m.PolicyError(cmd, err)
		}
		WarnSkipped(cmd, needs)
		return &needs.Document, nil
	}
	outcome, needs, err := k.Sync(ctx, &f, coming...)
	WarnSkipped(cmd, needs)
	if err != nil {
		return nil, m.PolicyError(cmd, err)
	}
	if left := outcome == cloud.Missing || outcome == cloud.Foreign; !left || !m.roleReported {
		m.roleReported = left
		PrintPolicyOutcome(cmd, &f, m.Foresee(outcome))
	}
	return nil, nil
}

// undoTime bounds the removal of rights, even after an interrupt.
const undoTime = 30 * time.Second

// RestorePolicy restores the policy of the function's role without the coming sources, after
// AWS refused the change with err. If the change may have taken effect after all, its
// rights stay.
func (m *Command) RestorePolicy(ctx context.Context, cmd *cobra.Command, a *cloud.Account, err error) error {
	if m.NoIAM || !awserr.IsRefused(err) {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTime)
	defer cancel()
	_, left := m.SyncPolicy(ctx, cmd, a)
	return left
}

// WarnSkipped names the rights that the policy lacks.
func WarnSkipped(cmd *cobra.Command, needs role.Needs) {
	for _, err := range needs.Skipped {
		fmt.Fprintf(cmd.ErrOrStderr(), "fanout: warning: the policy may lack rights, and keeps the rights that it has: %s\n", awserr.Plain(err))
	}
}

// PrintPolicyOutcome prints the outcome for the policy.
func PrintPolicyOutcome(cmd *cobra.Command, f *role.Function, outcome cloud.Outcome) {
	switch {
	case outcome == cloud.Missing:
		fmt.Fprintf(cmd.ErrOrStderr(), "fanout: warning: the function's role %q does not exist; run fanout deploy to create it\n", cloud.Name(f.RoleARN))
	case outcome == cloud.Foreign:
		fmt.Fprintf(cmd.ErrOrStderr(), "fanout: fanout deploy did not create the role %q, so its policy stays unchanged; fanout policy prints the policy that it needs\n", cloud.Name(f.RoleARN))
	case outcome != cloud.Unchanged:
		fmt.Fprintf(cmd.ErrOrStderr(), "policy of role %s: %s\n", cloud.Name(f.RoleARN), outcome)
	}
}

// PolicyError warns if the caller has no right to update the policy. It returns any other
// error.
func (m *Command) PolicyError(cmd *cobra.Command, err error) error {
	if !awserr.IsDenied(err) {
		return fmt.Errorf("the policy of the function's role is out of date: %w", err)
	}
	WarnPolicyOutdated(cmd, err)
	return nil
}

func WarnPolicyOutdated(cmd *cobra.Command, err error) {
	fmt.Fprintf(cmd.ErrOrStderr(), "fanout: warning: the policy of the function's role is out of date: %s; ask someone with IAM permissions to run fanout policy and update the role\n", awserr.Plain(err))
}
