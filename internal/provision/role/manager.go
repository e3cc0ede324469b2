package role

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"fanout/internal/awserr"
	"fanout/internal/awsname"
	"fanout/internal/provision/cloud"
	"fanout/internal/provision/hooks"
	"fanout/internal/provision/policy"
	"fanout/internal/provision/registry"
	"fanout/lambda/target"
	"fanout/sinks"
)

// Manager computes and writes policies.
type Manager struct {
	IAM      cloud.IAMAPI
	Lambda   cloud.LambdaReader
	DynamoDB registry.API
	Catalog  *target.Catalog

	// In returns the services that know their keys; nil: no keys are looked up.
	In func(region string) Region

	// DryRun makes Write find out what it would write, and write nothing. Leaving is the
	// source whose mapping would be gone by then.
	DryRun  bool
	Leaving string

	targets map[sinks.Spec]targetNeeds // facts about targets so far
	arns    map[string]string          // of keys, by region and id
}

// On returns the Manager of an account and region.
func On(a *cloud.Account, catalog *target.Catalog) *Manager {
	return &Manager{IAM: a.IAM(), Lambda: a.Lambda(), DynamoDB: a.DynamoDB(), Catalog: catalog, In: Regions(a)}
}

// Entries returns the targets of every source in the table. It returns none for a
// function that reads them from a file, which only the function can read.
func (k *Manager) Entries(ctx context.Context, f *Function) ([]registry.Entry, error) {
	if f.Environment["FANOUT_TARGETS_FILE"] != "" {
		return nil, nil
	}
	table := registry.Table{Client: k.DynamoDB, Catalog: k.Catalog, Name: f.Table(), Missing: func() error {
		return fmt.Errorf("the target table %q does not exist; run fanout deploy with --table to create it", f.Table())
	}}
	return table.List(ctx, "")
}

// Targets returns the targets of every source that the function can deliver to.
func (k *Manager) Targets(ctx context.Context, f *Function) ([]sinks.Spec, error) {
	entries, err := k.Entries(ctx, f)
	return Sound(entries), err
}

// Sound returns the targets without faults. The function skips faulty ones, so they
// need no rights.
func Sound(entries []registry.Entry) []sinks.Spec {
	var specs []sinks.Spec
	for i := range entries {
		if entries[i].Err() == nil {
			specs = append(specs, entries[i].Spec)
		}
	}
	return specs
}

// sources returns the sources that are hooked to the function and read with its role.
func (k *Manager) sources(ctx context.Context, f *Function) ([]policy.Source, error) {
	mappings, err := cloud.Mappings(ctx, k.Lambda, f.Name(), "")
	if awserr.IsMissing(err) {
		return nil, nil // a function that does not exist yet has none
	}
	if err != nil {
		return nil, err
	}
	var sources []policy.Source
	for i := range mappings {
		if source := aws.ToString(mappings[i].EventSourceArn); source != "" && source != k.Leaving {
			sources = append(sources, SourceOf(&mappings[i]))
		}
	}
	return sources, nil
}

// SourceOf returns the source of a mapping.
func SourceOf(m *types.EventSourceMappingConfiguration) policy.Source {
	s := policy.Source{ARN: aws.ToString(m.EventSourceArn), OnFailure: cloud.OnFailure(m.DestinationConfig), Group: cloud.ConsumerGroup(m)}
	if awsname.IsKafka(s.ARN) {
		s.Secrets, s.Network = cloud.Secrets(m.SourceAccessConfigurations)
	}
	return s
}

// asyncFailure returns the destination for topic messages that the function failed on,
// "" if there is none.
func (k *Manager) asyncFailure(ctx context.Context, f *Function) (string, error) {
	a, err := hooks.AsyncOf(ctx, k.Lambda, f.Name())
	return a.OnFailure(), err
}

// Facts returns the input of the policy of the function's role: the function with its
// keys, the targets that it can deliver to, and its sources, including coming ones.
func (k *Manager) Facts(ctx context.Context, f *Function, coming ...policy.Source) (policy.Function, []sinks.Spec, []policy.Source, error) {
	facts, err := f.facts()
	if err != nil {
		return policy.Function{}, nil, nil, err
	}
	if facts.OnFailure, err = k.asyncFailure(ctx, f); err != nil {
		return policy.Function{}, nil, nil, err
	}
	targets, err := k.Targets(ctx, f)
	if err != nil {
		return policy.Function{}, nil, nil, err
	}
	sources, err := k.sources(ctx, f)
	if err != nil {
		return policy.Function{}, nil, nil, err
	}
	sources, targets = append(sources, coming...), k.withFailures(f, targets)
	facts.Keys, err = k.keys(ctx, f, facts, targets, sources)
	return facts, targets, sources, err
}

// Accounts returns the rights that target accounts must give the function's role.
func (k *Manager) Accounts(ctx context.Context, f *Function) ([]policy.Account, error) {
	facts, err := f.facts()
	if err != nil {
		return nil, err
	}
	targets, err := k.Targets(ctx, f)
	if err != nil {
		return nil, err
	}
	if facts.Keys, err = k.keys(ctx, f, facts, targets, nil); err != nil {
		return nil, err
	}
	return facts.Accounts(targets)
}

// Sync updates the inline policy of the function's role to the current needs and coming
// sources. It writes the policy only if it differs. It leaves a role alone that deploy
// did not make for this function, and then returns no needs.
func (k *Manager) Sync(ctx context.Context, f *Function, coming ...policy.Source) (cloud.Outcome, Needs, error) {
	if outcome, err := k.Role(ctx, f); err != nil || outcome != "" {
		return outcome, Needs{}, err
	}
	needs, err := k.Policy(ctx, f, coming...)
	if err != nil {
		return "", needs, err
	}
	outcome, err := k.Write(ctx, f, needs)
	return outcome, needs, err
}

// Role returns Missing or Foreign for such a role of the function, and "" if fanout
// maintains its policy.
func (k *Manager) Role(ctx context.Context, f *Function) (cloud.Outcome, error) {
	name := cloud.Name(f.RoleARN)
	role, err := k.IAM.GetRole(ctx, &iam.GetRoleInput{RoleName: &name})
	switch {
	case awserr.IsMissing(err):
		return cloud.Missing, nil
	case err != nil:
		return "", fmt.Errorf("the role %q cannot be looked up: %w", name, err)
	case !Made(role.Role, f.Name()):
		return cloud.Foreign, nil
	}
	return "", nil
}

// Write writes needs as the inline policy of the function's role, unless the policy is
// equal already. If some targets are unknown, it removes no rights.
func (k *Manager) Write(ctx context.Context, f *Function, needs Needs) (cloud.Outcome, error) {
	role, name := cloud.Name(f.RoleARN), PolicyName(f.Region())
	has, err := k.IAM.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: &role, PolicyName: &name})
	outcome, document := cloud.Updated, needs.Document
	switch {
	case awserr.IsMissing(err):
		outcome = cloud.Created
	case err != nil:
		return "", fmt.Errorf("the policy of the role %q cannot be read: %w", role, err)
	default:
		// A policy that cannot be read is not one of fanout's.
		old, err := policy.Parse(aws.ToString(has.PolicyDocument))
		if err == nil && len(needs.Skipped) > 0 {
			document = policy.Union(document, old)
		}
		if err == nil && policy.Equal(old, document) {
			return cloud.Unchanged, nil
		}
	}
	if k.DryRun {
		return outcome.Foreseen(), nil
	}
	_, err = k.IAM.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: &role, PolicyName: &name, PolicyDocument: aws.String(document.JSON())})
	if err != nil {
		return "", fmt.Errorf("the policy of the role %q cannot be written: %w", role, err)
	}
	return outcome, nil
}
