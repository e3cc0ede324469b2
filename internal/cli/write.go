package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"fanout/internal/provision/cloud"
	"fanout/internal/provision/policy"
	"fanout/internal/provision/registry"
	"fanout/internal/provision/role"
	"fanout/sinks"
)

// write makes changes in a target table, and calls done to report them. With --no-iam,
// done gets the policy that the function's role needs then.
//
// It writes nothing if the role could not have the rights that the targets need. New
// rights come before their targets, and old rights go after them.
func (m *manage) write(ctx context.Context, cmd *cobra.Command, a *cloud.Account, t *registry.Table, changes []registry.Change, done func(*policy.Document) error) error {
	r, err := m.rights(ctx, a, t, changes)
	if err != nil {
		return err
	}
	if err := r.before(ctx, m.noIAM); err != nil {
		return err
	}
	if err := t.Apply(ctx, changes...); err != nil {
		if r.written {
			if _, _, syncErr := r.keeper.Sync(ctx, &r.f); syncErr != nil { // some changes may be in the table
				return errors.Join(err, m.outOfStep(cmd, syncErr))
			}
		}
		return err
	}
	if err := done(r.needed); err != nil {
		return err
	}
	return r.afterwards(ctx, cmd, m.noIAM)
}

// writeOne makes one change, and prints the outcome for the target.
func (m *manage) writeOne(ctx context.Context, cmd *cobra.Command, a *cloud.Account, t *registry.Table, c registry.Change, did string, e registry.Entry) error {
	return m.write(ctx, cmd, a, t, []registry.Change{c}, func(needed *policy.Document) error {
		return m.changed(cmd, did, e, needed)
	})
}

// changed prints the outcome for a target, and the policy that the role needs, if one
// is given.
func (m *manage) changed(cmd *cobra.Command, did string, e registry.Entry, needed *policy.Document) error {
	if m.output != "table" {
		return show(cmd.OutOrStdout(), m.output, withPolicy{e, needed}, nil)
	}
	state := "inactive"
	if e.Active() {
		state = "active"
	}
	_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s %s: %s %s, %s\n", did, printable(e.ID), e.Text("type"), printable(e.Destination()), state)
	if err == nil && needed != nil {
		err = showJSON(cmd.OutOrStdout(), needed)
	}
	return err
}

// withPolicy is a target with the policy, if any, as one more member.
type withPolicy struct {
	registry.Entry
	needed *policy.Document
}

// MarshalJSON implements json.Marshaler.
func (w withPolicy) MarshalJSON() ([]byte, error) {
	b, err := json.Marshal(w.Entry)
	if err != nil || w.needed == nil {
		return b, err
	}
	document, err := json.Marshal(w.needed)
	return slices.Concat(bytes.TrimSuffix(b, []byte("}")), []byte(`,"policy":`), document, []byte("}")), err
}

// rights holds the needs of the function's role around a change of targets.
type rights struct {
	keeper *role.Keeper
	f      role.Function
	found  bool // the function exists, and the table is its own

	now, after []sinks.Spec // the targets before and after
	fresh      []sinks.Spec // targets of after whose rights must be known
	leaving    []sinks.Spec // active targets that the function may remember for a while

	active  bool // the change activates a target that needs rights
	needs   role.Needs
	needed  *policy.Document
	outcome cloud.Outcome
	keeps   bool  // the role has rights for the leaving targets alone
	written bool  // the policy was written before the change
	err     error // why the policy is out of date
}

// rights looks up the function and its targets.
func (m *manage) rights(ctx context.Context, a *cloud.Account, t *registry.Table, changes []registry.Change) (*rights, error) {
	r := &rights{keeper: role.On(a)}
	r.f, r.found, r.err = role.Find(ctx, r.keeper.Lambda, m.functionRef())
	if !r.found || !r.f.Reads(t.Name) {
		r.found = false
		return r, r.unless(changes)
	}
	entries, err := r.keeper.Entries(ctx, &r.f)
	if err != nil {
		r.err = err
		return r, r.unless(changes)
	}
	r.now, r.after = role.Sound(entries), role.Sound(registry.After(entries, changes))
	for _, t := range r.after {
		if same := isSame(t); !slices.Contains(r.now, t) && (t.Active || !slices.ContainsFunc(r.now, same)) {
			r.fresh = append(r.fresh, t)
			r.active = r.active || t.Active
		}
	}
	for _, t := range r.now {
		if t.Active && !slices.ContainsFunc(r.after, isSame(t)) {
			r.leaving = append(r.leaving, t)
		}
	}
	return r, nil
}

// unless returns why changes that need rights cannot be made.
func (r *rights) unless(changes []registry.Change) error {
	adds := false
	for _, c := range changes {
		v, set := c.Set["active"]
		adds = adds || c.Kind != registry.Remove && (v.Text != "false" || len(c.Set) > 1)
		r.active = r.active || c.Kind != registry.Remove && v.Text != "false" && (set || c.Kind != registry.Update)
	}
	if !adds {
		return nil
	}
	return undenied(r.err)
}

// isSame compares a target with others. It ignores whether they are active, because
// that does not affect rights.
func isSame(t sinks.Spec) func(sinks.Spec) bool {
	return func(other sinks.Spec) bool {
		other.Active = t.Active
		return other == t
	}
}

// undenied returns err unless it reports a missing right: a user who may write targets
// need not have rights in IAM.
func undenied(err error) error {
	if cloud.IsDenied(err) {
		return nil
	}
	return err
}

// before gives the role its new rights before the table is written. It returns an error
// if the table must not be written. It never refuses a change that only removes
// targets.
func (r *rights) before(ctx context.Context, leave bool) error {
	if !r.found || r.err != nil {
		return nil
	}
	for _, t := range r.fresh {
		if err := undenied(r.keeper.Tell(ctx, &r.f, t)); err != nil {
			return fmt.Errorf("nothing was written, because the policy that target %s needs cannot be told: %w", t.ID, err)
		}
	}
	if !leave {
		r.outcome, r.err = r.keeper.Role(ctx, &r.f)
	}
	if r.err == nil {
		r.needs, r.err = r.keeper.PolicyFor(ctx, &r.f, r.after)
	}
	theirs := leave || r.outcome != ""
	if theirs && errors.Is(r.err, policy.ErrTooLong) {
		r.err = nil // a user who maintains the policy by hand may split it
	}
	if leave && r.err == nil {
		r.needed = &r.needs.Document
	}
	if r.err == nil && !theirs {
		r.put(ctx, r.now, r.after, r.leaving)
	}
	if err := undenied(r.err); err != nil && len(r.fresh) > 0 {
		return fmt.Errorf("nothing was written to the table, because the function's role cannot have the rights: %w", err)
	}
	return nil
}

// put writes the role's policy for several sets of targets. If that is too long, it
// writes the policy for the targets after the change.
func (r *rights) put(ctx context.Context, sets ...[]sinks.Spec) policy.Document {
	var all []sinks.Spec
	for _, t := range slices.Concat(sets...) {
		if !slices.ContainsFunc(all, isSame(t)) {
			all = append(all, t)
		}
	}
	needs, err := r.keeper.PolicyFor(ctx, &r.f, all)
	if errors.Is(err, policy.ErrTooLong) {
		needs, err = r.keeper.PolicyFor(ctx, &r.f, r.after)
	}
	if err != nil {
		r.err = err
		return needs.Document
	}
	outcome, err := r.keeper.Write(ctx, &r.f, needs)
	if r.err = err; err == nil && outcome != cloud.Unchanged {
		r.written, r.outcome = true, outcome
	} else if r.outcome == "" {
		r.outcome = outcome
	}
	return needs.Document
}

// afterwards removes rights that the role no longer needs, and prints the outcome for
// its policy. It returns an error for an active target that may lack its rights.
func (r *rights) afterwards(ctx context.Context, cmd *cobra.Command, leave bool) error {
	if r.found && r.err == nil && !leave && r.outcome != cloud.Missing && r.outcome != cloud.Foreign {
		r.keeps = !policy.Equal(r.put(ctx, r.after, r.leaving), r.needs.Document) && r.err == nil
	}
	warnSkipped(cmd, r.needs)
	switch {
	case r.err != nil && r.active && !leave:
		return fmt.Errorf("the table is written, but an active target may lack its rights, because the policy of the function's role was not brought in step: %w; let who may run fanout deploy, or give the role what fanout policy prints", r.err)
	case r.err != nil:
		fmt.Fprintf(cmd.ErrOrStderr(), "fanout: warning: the policy of the function's role was not brought in step: %s; fanout policy, run by who may, prints it\n", cloud.Plain(r.err))
	case r.found && !leave:
		tellOutcome(cmd, &r.f, r.outcome)
		if r.keeps {
			fmt.Fprintln(cmd.ErrOrStderr(), "the role keeps its rights to what was an active target, which the function may know for a while; the next change or fanout deploy takes them away")
		}
	}
	return nil
}
