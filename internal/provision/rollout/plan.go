// Package rollout changes targets: their table, and the policy of the role of the
// function that reads it. The role gets new rights before the table gets their targets,
// and loses old rights afterwards.
package rollout

import (
	"fmt"
	"slices"

	"fanout/internal/awserr"
	"fanout/internal/provision/cloud"
	"fanout/internal/provision/registry"
	"fanout/internal/provision/role"
	"fanout/lambda/target"
	"fanout/sinks"
)

// Plan says how to make changes.
type Plan struct {
	Steps     []Step
	Activates bool          // a target that needs rights becomes active
	ByHand    bool          // the role's policy is not fanout's; its owner may split one that is too long
	Role      cloud.Outcome // as in Before
	Err       error         // why the role's policy cannot be updated
}

// Step is a step of a Plan.
type Step struct {
	Do      Action
	Targets []sinks.Spec      // of all actions but Write
	Changes []registry.Change // of Write

	// Must refuses the changes if the step fails. If it fails because the caller lacks a
	// right, the plan goes on: a user with the right to write targets may have none in IAM.
	Must bool
}

// Action is the kind of a Step.
type Action string

const (
	LookUp Action = "look up" // find the rights that the targets need
	Need   Action = "need"    // compute the policy that the role needs for the targets in the end
	Policy Action = "policy"  // write the policy for the targets, or what the role needs in the end if it is too long
	Write  Action = "write"   // make the changes in the table
)

// New returns the plan for changes, whose targets catalog reads. It returns an error if they must not be made.
//
// A plan never refuses changes that only remove or stop targets.
func New(catalog *target.Catalog, b Before, changes []registry.Change) (Plan, error) {
	write := Step{Do: Write, Changes: changes}
	if b.Function == nil || b.Err != nil {
		adds, activates := intent(changes)
		if err := unlessDenied(b.Err); err != nil && adds {
			return Plan{}, err
		}
		return Plan{Steps: []Step{write}, Activates: activates, ByHand: b.ByHand, Err: b.Err}, nil
	}
	now, after := role.Sound(b.Targets), role.Sound(registry.After(catalog, b.Targets, changes))
	added, leaving := added(now, after), leaving(now, after)
	must := len(added) > 0
	if err := unlessDenied(b.RoleErr); err != nil && must {
		return Plan{}, noRights(err)
	}
	p := Plan{
		Activates: slices.ContainsFunc(added, func(t sinks.Spec) bool { return t.Active }),
		ByHand:    b.ByHand || b.Role != "", Role: b.Role, Err: b.RoleErr,
	}
	if must {
		p.Steps = append(p.Steps, Step{Do: LookUp, Targets: added, Must: true})
	}
	if b.RoleErr == nil {
		p.Steps = append(p.Steps, Step{Do: Need, Targets: after, Must: must})
	}
	if b.RoleErr != nil || p.ByHand {
		p.Steps = append(p.Steps, write)
		return p, nil
	}
	p.Steps = append(p.Steps,
		Step{Do: Policy, Targets: union(now, after), Must: must},
		write,
		Step{Do: Policy, Targets: union(after, leaving)})
	return p, nil
}

// intent guesses from changes alone whether they add a target that needs rights, and
// whether they activate one.
func intent(changes []registry.Change) (adds, activates bool) {
	for _, c := range changes {
		if c.Kind == registry.Remove {
			continue
		}
		active, set := c.Set["active"]
		if active.Text != "false" {
			adds = true
			activates = activates || set || c.Kind != registry.Update
		} else if len(c.Set) > 1 {
			adds = true
		}
	}
	return adds, activates
}

// added returns the targets that need rights, or become active.
func added(now, after []sinks.Spec) []sinks.Spec {
	return slices.DeleteFunc(slices.Clone(after), func(t sinks.Spec) bool {
		return slices.Contains(now, t) || !t.Active && slices.ContainsFunc(now, isSame(t))
	})
}

// leaving returns the active targets that go. The function may remember them for a
// while.
func leaving(now, after []sinks.Spec) []sinks.Spec {
	return slices.DeleteFunc(slices.Clone(now), func(t sinks.Spec) bool {
		return !t.Active || slices.ContainsFunc(after, isSame(t))
	})
}

// union returns the targets of both lists, each set of rights once.
func union(a, b []sinks.Spec) []sinks.Spec {
	var all []sinks.Spec
	for _, t := range slices.Concat(a, b) {
		if !slices.ContainsFunc(all, isSame(t)) {
			all = append(all, t)
		}
	}
	return all
}

// isSame compares a target with others. It ignores whether they are active, because
// that does not affect rights.
func isSame(t sinks.Spec) func(sinks.Spec) bool {
	return func(other sinks.Spec) bool {
		other.Active = t.Active
		return other == t
	}
}

// unlessDenied returns err unless it reports that the caller lacks a right.
func unlessDenied(err error) error {
	if awserr.IsDenied(err) {
		return nil
	}
	return err
}

func noRights(err error) error {
	return fmt.Errorf("nothing was written to the table, because the function's role cannot get the rights: %w", err)
}
