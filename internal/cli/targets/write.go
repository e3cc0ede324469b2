package targets

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"fanout/internal/cli/manage"
	"fanout/internal/cli/ui"
	"fanout/internal/provision/cloud"
	"fanout/internal/provision/policy"
	"fanout/internal/provision/registry"
	"fanout/internal/provision/role"
	"fanout/internal/provision/rollout"
)

// write makes changes in a target table, and calls done to report them. With --no-iam,
// done gets the policy that the function's role needs then.
func (m *targetCommand) write(ctx context.Context, cmd *cobra.Command, a *cloud.Account, t *registry.Table, changes []registry.Change, done func(*policy.Document) error) error {
	manager := role.On(a, m.Catalog)
	manager.DryRun = m.DryRun
	before := rollout.Look(ctx, manager, m.FunctionRef(), t.Name, m.NoIAM)
	plan, err := rollout.New(m.Catalog, before, changes)
	if err != nil {
		return err
	}
	runner := rollout.Runner{Policies: manager, Table: t, Function: before.Function, Written: func(r rollout.Result) error {
		if !m.NoIAM || r.Needs == nil || r.Err != nil {
			return done(nil)
		}
		return done(&r.Needs.Document)
	}}
	if m.DryRun {
		runner.Table = unwritten{}
	}
	result, err := runner.Run(ctx, plan)
	if err != nil {
		if result.RevertErr != nil {
			err = errors.Join(err, m.PolicyError(cmd, result.RevertErr))
		}
		return err
	}
	return m.reportRights(cmd, before.Function, plan, result)
}

// unwritten is the target table of a dry run.
type unwritten struct{}

// Apply implements rollout.Table.
func (unwritten) Apply(context.Context, ...registry.Change) error { return nil }

// reportRights prints the outcome for the policy of the function's role. It returns an error
// for an active target that may lack its rights.
func (m *targetCommand) reportRights(cmd *cobra.Command, f *role.Function, plan rollout.Plan, r rollout.Result) error {
	if r.Needs != nil {
		manage.WarnSkipped(cmd, *r.Needs)
	}
	switch {
	case r.Err != nil && plan.Activates && !m.NoIAM:
		return fmt.Errorf("the table is updated, but an active target may lack rights, because the policy of the function's role is out of date: %w; ask someone with IAM permissions to run fanout deploy, or to give the role the policy that fanout policy prints", r.Err)
	case r.Err != nil:
		manage.WarnPolicyOutdated(cmd, r.Err)
		return nil
	case r.Outcome == "":
		return nil
	}
	manage.PrintPolicyOutcome(cmd, f, m.Foresee(r.Outcome))
	if r.Keeps && !m.DryRun {
		fmt.Fprintln(cmd.ErrOrStderr(), "the role keeps its rights for a target that was active, because the function may deliver to it for a while; the next change or fanout deploy removes them")
	}
	return nil
}

// writeOne makes one change, and prints the outcome for the target.
func (m *targetCommand) writeOne(ctx context.Context, cmd *cobra.Command, a *cloud.Account, t *registry.Table, c registry.Change, did string, e registry.Entry) error {
	did = string(m.Foresee(cloud.Outcome(did)))
	return m.write(ctx, cmd, a, t, []registry.Change{c}, func(needed *policy.Document) error {
		return m.changed(cmd, did, e, needed)
	})
}

// changed prints the outcome for a target, and the policy that the role needs, if one
// is given.
func (m *targetCommand) changed(cmd *cobra.Command, did string, e registry.Entry, needed *policy.Document) error {
	if m.Output != "table" {
		return ui.Show(cmd.OutOrStdout(), m.Output, withPolicy{e, needed}, nil)
	}
	state := "inactive"
	if e.Active() {
		state = "active"
	}
	_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s %s: %s %s, %s\n", did, ui.Printable(e.ID), e.Text("type"), ui.Printable(e.Destination()), state)
	if err == nil && needed != nil {
		err = ui.ShowJSON(cmd.OutOrStdout(), needed)
	}
	return err
}

// withPolicy is a target with the policy, if any, as one more member.
type withPolicy struct {
	entry  registry.Entry
	needed *policy.Document
}

// MarshalJSON implements json.Marshaler.
func (w withPolicy) MarshalJSON() ([]byte, error) {
	b, err := json.Marshal(w.entry)
	if err != nil || w.needed == nil {
		return b, err
	}
	document, err := json.Marshal(w.needed)
	return slices.Concat(bytes.TrimSuffix(b, []byte("}")), []byte(`,"policy":`), document, []byte("}")), err
}
