package stack

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"fanout/internal/awserr"
	"fanout/internal/provision/cloud"
	"fanout/internal/provision/policy"
	"fanout/internal/provision/role"
)

// role makes the function's role, or updates one that deploy made. Any other role is
// left alone, and one given by ARN is taken as it is. ours reports whether deploy made
// it.
func (s *Stack) role(ctx context.Context, name, function string, leaveIAM bool) (t Resource, ours bool, err error) {
	t = Resource{Kind: "role", Name: cloud.Name(name), ARN: name, Outcome: cloud.Given}
	if arn.IsARN(name) {
		return t, false, nil
	}
	t.Outcome = cloud.Unchanged
	has, err := s.findRole(ctx, name)
	switch {
	case err != nil:
		return t, false, err
	case has == nil:
		if t.Outcome = cloud.Created; s.DryRun {
			t.ARN = ""
			return t, true, nil
		}
		out, err := s.IAM.CreateRole(ctx, &iam.CreateRoleInput{
			RoleName: &name, AssumeRolePolicyDocument: aws.String(policy.Trust().JSON()),
			Description: aws.String("Rights of the function " + function + ". Created by fanout deploy."),
			Tags:        []types.Tag{{Key: aws.String(role.Tag), Value: &function}},
		})
		if err != nil {
			return t, false, fmt.Errorf("the role %q cannot be created: %w", name, err)
		}
		t.ARN = aws.ToString(out.Role.Arn)
		return t, true, nil
	}
	t.ARN = aws.ToString(has.Arn)
	if !role.Made(has, function) {
		t.Note = "not created by fanout deploy for this function, so its policies stay unchanged; fanout policy prints the policy that it needs"
		return t, false, nil
	}
	if trust, err := policy.Parse(aws.ToString(has.AssumeRolePolicyDocument)); leaveIAM || err == nil && policy.Equal(trust, policy.Trust()) {
		return t, true, nil
	}
	t.Outcome, t.Changes = cloud.Updated, []cloud.Change{cloud.Changed("trust policy", "another", "lets Lambda assume the role")}
	if s.DryRun {
		return t, true, nil
	}
	_, err = s.IAM.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: &name, PolicyDocument: aws.String(policy.Trust().JSON())})
	if err != nil {
		err = fmt.Errorf("the trust policy of the role %q cannot be written: %w", name, err)
	}
	return t, true, err
}

// mayHave refuses a missing role that is not to be made, before any resource is made.
func (s *Stack) mayHave(ctx context.Context, name string, leaveIAM bool) error {
	if arn.IsARN(name) {
		return nil
	}
	has, err := s.findRole(ctx, name)
	if err == nil && has == nil && leaveIAM {
		err = fmt.Errorf("the role %q does not exist, and --no-iam does not create it; create it yourself, or name another role with --exec-role", name)
	}
	return err
}

// findRole returns a role, nil if there is none.
func (s *Stack) findRole(ctx context.Context, name string) (*types.Role, error) {
	out, err := s.IAM.GetRole(ctx, &iam.GetRoleInput{RoleName: &name})
	if awserr.IsMissing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("the role %q cannot be looked up: %w", name, err)
	}
	return out.Role, nil
}
