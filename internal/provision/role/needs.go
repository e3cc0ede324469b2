package role

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"fanout/internal/awserr"
	"fanout/internal/provision/policy"
	"fanout/sinks"
)

// Needs is the policy that the function's role needs, as far as it is known.
type Needs struct {
	Document policy.Document
	Skipped  []error // a sentence for each resource that lacks all its rights in Document, or the rights to its key
}

// targetNeeds holds the facts about one target.
type targetNeeds struct {
	keys      []policy.Key
	rightsErr error // why the policy cannot name its destination
	keyErr    error // why its key cannot be looked up
}

// Policy returns the policy that the function's role needs now, and for coming
// sources.
func (k *Manager) Policy(ctx context.Context, f *Function, coming ...policy.Source) (Needs, error) {
	targets, err := k.Targets(ctx, f)
	if err != nil {
		return Needs{}, err
	}
	return k.PolicyFor(ctx, f, targets, coming...)
}

// PolicyFor is like Policy with other targets than the table has. A target with unknown
// facts does not stop the others.
//
// Errors: unknown sources or unknown keys of sources; and, with complete Needs,
// policy.ErrTooLong.
func (k *Manager) PolicyFor(ctx context.Context, f *Function, targets []sinks.Spec, coming ...policy.Source) (Needs, error) {
	facts, err := f.facts()
	if err != nil {
		return Needs{}, err
	}
	sources, err := k.sources(ctx, f)
	if err != nil {
		return Needs{}, err
	}
	sources = append(sources, coming...)
	targets = k.withFailures(f, targets)
	var n Needs
	if facts.OnFailure, err = k.asyncFailure(ctx, f); awserr.IsDenied(err) {
		n.Skipped = append(n.Skipped, err) // it is one right of many
	} else if err != nil {
		return Needs{}, err
	}
	if facts.Keys, err = k.keys(ctx, f, facts, nil, sources); err != nil {
		return Needs{}, err
	}
	var known []sinks.Spec
	for i := range targets {
		t := k.needsOf(ctx, f, &targets[i])
		if err := errors.Join(t.rightsErr, t.keyErr); err != nil {
			n.Skipped = append(n.Skipped, err)
		}
		if t.rightsErr == nil {
			known = append(known, targets[i])
			facts.Keys = append(facts.Keys, t.keys...)
		}
	}
	n.Document, err = facts.Policy(known, sources)
	return n, err
}

// withFailures adds the function's default queue for failures to targets, if it has one.
// Without a target it takes nothing.
func (k *Manager) withFailures(f *Function, targets []sinks.Spec) []sinks.Spec {
	queue := f.Environment["FANOUT_ON_FAILURE"]
	if queue == "" || len(targets) == 0 {
		return targets
	}
	return append(slices.Clone(targets), k.Catalog.FailuresQueue(targets[0].SourceARN, queue).Spec)
}

// CheckTarget reports why a policy cannot hold all the rights that a target needs. The
// error names the target.
func (k *Manager) CheckTarget(ctx context.Context, f *Function, t sinks.Spec) error {
	is := k.needsOf(ctx, f, &t)
	return errors.Join(is.rightsErr, is.keyErr)
}

// needsOf looks a target up, once for all policies of one Manager.
func (k *Manager) needsOf(ctx context.Context, f *Function, t *sinks.Spec) targetNeeds {
	same := *t
	same.Active = false // it needs the same rights
	if known, ok := k.targets[same]; ok {
		return known
	}
	var is targetNeeds
	_, err := policy.Function{ARN: f.ARN}.Policy([]sinks.Spec{*t}, nil)
	if is.rightsErr = err; errors.Is(err, policy.ErrTooLong) {
		is.rightsErr = nil // the whole policy is too long anyway
	}
	if self, err := arn.Parse(f.ARN); err == nil && is.rightsErr == nil && k.In != nil {
		if is.keys, is.keyErr = k.lookUp(ctx, targetUses(t, self)); is.keyErr != nil {
			is.keyErr = fmt.Errorf("%w (source %s)", is.keyErr, t.SourceARN)
		}
	}
	if k.targets == nil {
		k.targets = make(map[sinks.Spec]targetNeeds)
	}
	k.targets[same] = is
	return is
}
