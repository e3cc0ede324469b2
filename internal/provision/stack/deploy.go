package stack

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"fanout/internal/awserr"
	"fanout/internal/provision/cloud"
	"fanout/internal/provision/code"
	"fanout/internal/provision/policy"
	"fanout/internal/provision/role"
	fanout "fanout/lambda"
)

// Deployed is the result of Deploy.
type Deployed struct {
	Resources []Resource       `json:"things"`
	Replaced  *Replaced        `json:"replaced,omitempty"` // the earlier code, if the function was not fanout's
	Policy    *policy.Document `json:"policy,omitempty"`   // the policy that the role needs, if it is left alone
}

// Changes reports whether anything changed, or would change.
func (d *Deployed) Changes() bool {
	return slices.ContainsFunc(d.Resources, func(t Resource) bool { return t.Outcome.Changes() })
}

// Deploy makes a function and its resources, or updates them to the settings. It writes
// only differences.
//
// The order makes a partial run harmless: the function comes after its tables, its role and
// the role's policy, and its alarms come last, because its tag says that it has them.
func (s *Stack) Deploy(ctx context.Context, set Settings) (Deployed, error) {
	var d Deployed
	done := func(t Resource, err error) error {
		if err == nil {
			if s.DryRun {
				t.Outcome = t.Outcome.Foreseen()
			}
			d.Resources = append(d.Resources, t)
			s.OnResource(t)
		}
		return err
	}
	has, err := s.findFunction(ctx, set.Function)
	if err != nil {
		return d, err
	}
	if err := set.mayDeploy(has); err != nil {
		return d, err
	}
	kept := ""
	if set.Failures == nil {
		kept = s.keptQueue(ctx, has)
	}
	p := set.plan(has, kept)
	archive, err := s.archive(ctx, has, &p, &set)
	if err != nil {
		return d, err
	}
	if err := CheckTime(p.name, p.timeout, p.environment); err != nil {
		return d, err
	}
	if err := p.watch(has, set.Alarms, s.Region); err != nil {
		return d, err
	}
	if err := s.mayHave(ctx, p.role, set.LeaveIAM); err != nil {
		return d, err
	}
	if err := s.save(ctx, has, &p, &set, archive, done, &d); err != nil {
		return d, err
	}
	again, err := s.resources(ctx, &p, has, &set, done, &d)
	if err != nil {
		return d, err
	}
	if err := done(s.logGroup(ctx, p.logGroup, p.name, set.Retention, has == nil)); err != nil {
		return d, err
	}
	if err := done(s.function(ctx, has, &p, archive, again)); err != nil {
		return d, err
	}
	return d, s.alarms(ctx, &p, done)
}

// archive returns the code to deploy.
func (s *Stack) archive(ctx context.Context, has *function, p *plan, set *Settings) (code.Package, error) {
	if set.Rollback {
		return s.rollbackOf(ctx, has, p)
	}
	return set.Package(string(p.architecture))
}

// save publishes the function as a version before its code is replaced. It asks first if the
// code is not fanout's.
func (s *Stack) save(ctx context.Context, has *function, p *plan, set *Settings, archive code.Package, done func(Resource, error) error, d *Deployed) error {
	replaced, version, err := s.adopt(ctx, has, p, set)
	if err != nil {
		return err
	}
	if replaced != nil {
		d.Replaced = replaced
		_ = done(version, nil)
		if !s.DryRun {
			set.Adopted(replaced)
		}
		return nil
	}
	version, kept, err := s.keep(ctx, has, p, archive)
	if kept {
		_ = done(version, nil)
	}
	return err
}

// resources makes what the function needs: its tables, its role, its queue for failures, and
// the role's policy. newRole reports whether it made the role.
func (s *Stack) resources(ctx context.Context, p *plan, has *function, set *Settings, done func(Resource, error) error, d *Deployed) (newRole bool, err error) {
	table, err := s.table(ctx, targetTable, p.table, p.name)
	if err := done(table, err); err != nil {
		return false, err
	}
	p.noTable = s.DryRun && table.Outcome == cloud.Created
	if p.ledger != "" {
		if err := done(s.table(ctx, ledgerTable, p.ledger, p.name)); err != nil {
			return false, err
		}
	}
	roleThing, ours, err := s.role(ctx, p.role, p.name, set.LeaveIAM)
	if err := done(roleThing, err); err != nil {
		return false, err
	}
	p.role = roleThing.ARN
	if p.failures != "" {
		if err := done(s.failuresQueue(ctx, p, has)); err != nil {
			return false, err
		}
	}
	if former, ok := s.formerQueue(ctx, p, has); ok {
		_ = done(former, nil)
	}
	if err := s.rights(ctx, p, ours, set.LeaveIAM, done, d); err != nil {
		return false, err
	}
	return roleThing.Outcome == cloud.Created, nil
}

// mayDeploy refuses a function that Deploy must not touch.
func (s *Settings) mayDeploy(has *function) error {
	switch {
	case has == nil && arn.IsARN(s.Function):
		return fmt.Errorf("there is no function %s; to create a function, name it with --function", s.Function)
	case has != nil && has.PackageType == types.PackageTypeImage:
		return fmt.Errorf("the function %q is a container image, so deploy cannot replace its code; name another function with --function", cloud.Name(s.Function))
	}
	return nil
}

// CheckTime refuses a time limit, in seconds, that leaves a function with these
// variables no time to send: sending stops before the limit.
func CheckTime(name string, timeout int32, environment map[string]string) error {
	o, err := fanout.OptionsFrom(func(name string) string { return environment[name] })
	if err != nil {
		return fmt.Errorf("the function %q is misconfigured: %w", name, err)
	}
	if limit := time.Duration(timeout) * time.Second; limit <= o.DeadlineMargin {
		return fmt.Errorf("the timeout of %v leaves the function %q no time to send, because sending stops %v before it (FANOUT_DEADLINE_MARGIN); add a longer --timeout, such as 30", limit, name, o.DeadlineMargin)
	}
	return nil
}

// rights updates the inline policy of the function's role before the function needs it.
// If the policy is to be left alone, it stores the policy that the role needs in d.
func (s *Stack) rights(ctx context.Context, p *plan, ours, leave bool, done func(Resource, error) error, d *Deployed) error {
	if !ours && !leave {
		return nil // an earlier message names the owner of the role
	}
	if s.DryRun && p.role == "" { // the role would be new, so it has no ARN yet
		return done(Resource{Kind: "policy", Name: role.PolicyName(s.Region), Outcome: cloud.Created}, nil)
	}
	f, err := p.needs(s.Region)
	if err != nil {
		return err
	}
	manager := s.manager()
	if p.noTable {
		manager.DynamoDB = noTargets{s.Tables}
	}
	needs, err := manager.Policy(ctx, &f)
	if err != nil {
		return err
	}
	if leave {
		d.Policy = &needs.Document
		return nil
	}
	t := Resource{Kind: "policy", Name: role.PolicyName(f.Region()), Note: incomplete(needs)}
	err = poll(ctx, time.Minute, fmt.Sprintf("the role %q", cloud.Name(p.role)), func() (bool, error) {
		var err error
		t.Outcome, err = manager.Write(ctx, &f, needs)
		return !awserr.IsMissing(err), keepUnless(awserr.IsMissing(err), err) // a new role may not be visible yet
	})
	return done(t, err)
}

// incomplete names the targets that lack rights in the policy.
func incomplete(needs role.Needs) string {
	notes := make([]string, len(needs.Skipped))
	for i, err := range needs.Skipped {
		notes[i] = awserr.Plain(err)
	}
	return strings.Join(notes, "; ")
}

// keepUnless returns err unless it will pass with time.
func keepUnless(passing bool, err error) error {
	if passing {
		return nil
	}
	return err
}

// needs is the function as its policy sees it, before it exists. It is in the role's
// account: Lambda takes roles of its own account only.
func (p *plan) needs(region string) (role.Function, error) {
	a, err := arn.Parse(p.role)
	if err != nil || !strings.HasPrefix(a.Resource, "role/") {
		return role.Function{}, fmt.Errorf("the role is %q; it must be an ARN like arn:aws:iam::123456789012:role/name", p.role)
	}
	return role.Function{
		ARN:     arn.ARN{Partition: a.Partition, Service: "lambda", Region: region, AccountID: a.AccountID, Resource: "function:" + p.name}.String(),
		RoleARN: p.role, Environment: p.environment, VPC: len(p.network.Subnets) > 0, LogGroup: p.logGroup, Key: p.key,
	}, nil
}

// fanout reports whether a function is one of fanout. Without the tag, variables with
// similar names are not enough.
func (f *function) fanout() bool {
	_, tagged := f.tags[role.Tag]
	alike := f.Runtime == types.RuntimeProvidedal2023 && aws.ToString(f.Handler) == handler
	return role.IsFanout(f.tags, environment(&f.FunctionConfiguration)) && (tagged || alike)
}
