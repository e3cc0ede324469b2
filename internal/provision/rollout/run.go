package rollout

import (
	"context"
	"errors"
	"fmt"

	"fanout/internal/provision/cloud"
	"fanout/internal/provision/policy"
	"fanout/internal/provision/registry"
	"fanout/internal/provision/role"
	"fanout/sinks"
)

// Policies computes and writes the policy of a function's role: a role.Manager.
type Policies interface {
	CheckTarget(ctx context.Context, f *role.Function, t sinks.Spec) error
	PolicyFor(ctx context.Context, f *role.Function, targets []sinks.Spec, coming ...policy.Source) (role.Needs, error)
	Write(ctx context.Context, f *role.Function, needs role.Needs) (cloud.Outcome, error)
	Sync(ctx context.Context, f *role.Function, coming ...policy.Source) (cloud.Outcome, role.Needs, error)
}

// Table makes changes of targets: a registry.Table.
type Table interface {
	Apply(ctx context.Context, changes ...registry.Change) error
}

// Runner executes plans.
type Runner struct {
	Policies Policies
	Table    Table
	Function *role.Function // as in Before

	// Written is called once the table is written, before the role loses rights.
	Written func(Result) error
}

// Result is the outcome for the policy of the function's role.
type Result struct {
	Needs     *role.Needs   // of the role; nil: unknown
	Outcome   cloud.Outcome // "": the policy is not looked at
	Keeps     bool          // the role keeps rights for targets that are gone
	Err       error         // why the policy is out of date
	RevertErr error         // why the policy does not match the table after a refused change

	written bool // the policy was written
}

// Run executes the steps of a plan in order. Its error is the reason why the changes were
// not made, or why Written failed.
func (r *Runner) Run(ctx context.Context, p Plan) (Result, error) {
	result := Result{Outcome: p.Role, Err: p.Err}
	for _, s := range p.Steps {
		if err := r.step(ctx, p, s, &result); err != nil {
			return result, err
		}
	}
	return result, nil
}

func (r *Runner) step(ctx context.Context, p Plan, s Step, result *Result) error {
	switch {
	case s.Do == LookUp:
		return r.lookUp(ctx, s.Targets)
	case s.Do == Write:
		return r.write(ctx, s.Changes, result)
	case result.Err != nil: // the policy cannot be updated
		return nil
	case s.Do == Need:
		result.Err = r.need(ctx, s.Targets, p.ByHand, result)
	default:
		result.Err = r.writePolicy(ctx, s.Targets, result)
	}
	if err := unlessDenied(result.Err); err != nil && s.Must {
		return noRights(err)
	}
	return nil
}

// lookUp fails if the rights of a target are unknown.
func (r *Runner) lookUp(ctx context.Context, targets []sinks.Spec) error {
	for _, t := range targets {
		if err := unlessDenied(r.Policies.CheckTarget(ctx, r.Function, t)); err != nil {
			return fmt.Errorf("nothing was written, because fanout cannot determine the policy: %w", err)
		}
	}
	return nil
}

// need computes the policy that the role needs in the end.
func (r *Runner) need(ctx context.Context, targets []sinks.Spec, byHand bool, result *Result) error {
	needs, err := r.Policies.PolicyFor(ctx, r.Function, targets)
	result.Needs = &needs
	if byHand && errors.Is(err, policy.ErrTooLong) {
		return nil
	}
	return err
}

// writePolicy writes the policy for targets. If it is too long, it writes what the role
// needs in the end.
func (r *Runner) writePolicy(ctx context.Context, targets []sinks.Spec, result *Result) error {
	needs, err := r.Policies.PolicyFor(ctx, r.Function, targets)
	if errors.Is(err, policy.ErrTooLong) {
		needs, err = *result.Needs, nil
	}
	if err != nil {
		return err
	}
	outcome, err := r.Policies.Write(ctx, r.Function, needs)
	if err != nil {
		return err
	}
	if outcome != cloud.Unchanged {
		result.written = true
	}
	if result.Outcome == "" || outcome != cloud.Unchanged {
		result.Outcome = outcome
	}
	result.Keeps = !policy.Equal(needs.Document, result.Needs.Document)
	return nil
}

// write makes the changes in the table. If that fails, some may be made, and the role
// gets the rights that the targets of the table need then.
func (r *Runner) write(ctx context.Context, changes []registry.Change, result *Result) error {
	if err := r.Table.Apply(ctx, changes...); err != nil {
		if result.written {
			_, _, result.RevertErr = r.Policies.Sync(ctx, r.Function)
		}
		return err
	}
	return r.Written(*result)
}
