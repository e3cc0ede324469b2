package stack

import (
	"context"
	"maps"
	"net/url"
	"slices"

	"fanout/internal/provision/cloud"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
)

type fakeIAM struct {
	*fake
	cloud.IAMAPI // calls that a Stack never makes
}

func noEntity() error { return apiError("NoSuchEntity", "not there") }

func (f fakeIAM) GetRole(context.Context, *iam.GetRoleInput, ...func(*iam.Options)) (*iam.GetRoleOutput, error) {
	if err := f.call("GetRole"); err != nil {
		return nil, err
	}
	if f.role == nil {
		return nil, noEntity()
	}
	r := *f.role
	r.AssumeRolePolicyDocument = aws.String(url.PathEscape(*r.AssumeRolePolicyDocument))
	return &iam.GetRoleOutput{Role: &r}, nil
}

func (f fakeIAM) CreateRole(_ context.Context, in *iam.CreateRoleInput, _ ...func(*iam.Options)) (*iam.CreateRoleOutput, error) {
	if err := f.call("CreateRole"); err != nil {
		return nil, err
	}
	f.role = &iamtypes.Role{RoleName: in.RoleName, Arn: aws.String("arn:aws:iam::" + account + ":role/" + *in.RoleName),
		AssumeRolePolicyDocument: in.AssumeRolePolicyDocument, Tags: in.Tags}
	return &iam.CreateRoleOutput{Role: f.role}, nil
}

func (f fakeIAM) UpdateAssumeRolePolicy(_ context.Context, in *iam.UpdateAssumeRolePolicyInput, _ ...func(*iam.Options)) (*iam.UpdateAssumeRolePolicyOutput, error) {
	f.role.AssumeRolePolicyDocument = in.PolicyDocument
	return &iam.UpdateAssumeRolePolicyOutput{}, f.call("UpdateAssumeRolePolicy")
}

func (f fakeIAM) GetRolePolicy(_ context.Context, in *iam.GetRolePolicyInput, _ ...func(*iam.Options)) (*iam.GetRolePolicyOutput, error) {
	if err := f.call("GetRolePolicy"); err != nil {
		return nil, err
	}
	text, ok := f.policies[*in.PolicyName]
	if !ok {
		return nil, noEntity()
	}
	return &iam.GetRolePolicyOutput{PolicyDocument: aws.String(url.PathEscape(text))}, nil
}

func (f fakeIAM) PutRolePolicy(_ context.Context, in *iam.PutRolePolicyInput, _ ...func(*iam.Options)) (*iam.PutRolePolicyOutput, error) {
	if err := f.call("PutRolePolicy"); err != nil {
		return nil, err
	}
	f.policies[*in.PolicyName] = *in.PolicyDocument
	return &iam.PutRolePolicyOutput{}, nil
}

func (f fakeIAM) ListRolePolicies(context.Context, *iam.ListRolePoliciesInput, ...func(*iam.Options)) (*iam.ListRolePoliciesOutput, error) {
	return &iam.ListRolePoliciesOutput{PolicyNames: slices.Sorted(maps.Keys(f.policies))}, f.call("ListRolePolicies")
}

func (f fakeIAM) DeleteRolePolicy(_ context.Context, in *iam.DeleteRolePolicyInput, _ ...func(*iam.Options)) (*iam.DeleteRolePolicyOutput, error) {
	if err := f.call("DeleteRolePolicy"); err != nil {
		return nil, err
	}
	delete(f.policies, *in.PolicyName)
	return &iam.DeleteRolePolicyOutput{}, nil
}

func (f fakeIAM) ListAttachedRolePolicies(context.Context, *iam.ListAttachedRolePoliciesInput, ...func(*iam.Options)) (*iam.ListAttachedRolePoliciesOutput, error) {
	var out iam.ListAttachedRolePoliciesOutput
	for _, a := range f.attached {
		out.AttachedPolicies = append(out.AttachedPolicies, iamtypes.AttachedPolicy{PolicyArn: aws.String(a)})
	}
	return &out, f.call("ListAttachedRolePolicies")
}

func (f fakeIAM) DetachRolePolicy(context.Context, *iam.DetachRolePolicyInput, ...func(*iam.Options)) (*iam.DetachRolePolicyOutput, error) {
	if err := f.call("DetachRolePolicy"); err != nil {
		return nil, err
	}
	f.attached = nil
	return &iam.DetachRolePolicyOutput{}, nil
}

func (f fakeIAM) DeleteRole(context.Context, *iam.DeleteRoleInput, ...func(*iam.Options)) (*iam.DeleteRoleOutput, error) {
	if err := f.call("DeleteRole"); err != nil {
		return nil, err
	}
	if len(f.policies)+len(f.attached) > 0 {
		return nil, apiError("DeleteConflict", "policies first")
	}
	f.role = nil
	return &iam.DeleteRoleOutput{}, nil
}
