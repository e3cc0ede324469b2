package stack

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"fanout/internal/awserr"
	"fanout/internal/pages"
	"fanout/internal/provision/cloud"
	"fanout/internal/provision/role"
)

// Deletes reports whether the thing is to be deleted.
func (i *Item) Deletes() bool { return i.delete != nil }

// Destroy deletes the items of an inventory that go, and returns the outcome of every
// item. An item that is gone already counts as deleted.
func (s *Stack) Destroy(ctx context.Context, items []Item) ([]Resource, error) {
	things := []Resource{}
	for _, item := range items {
		item.Outcome = cloud.Kept
		if item.Deletes() {
			what := fmt.Sprintf("the %s %q", item.Kind, item.Name)
			err := poll(ctx, waitLimit, "the deletion of "+what, func() (bool, error) {
				err := item.delete(ctx)
				return !busy(err), keepUnless(busy(err), err)
			})
			if err != nil && !awserr.IsMissing(err) {
				return things, fmt.Errorf("%s cannot be deleted: %w", what, err)
			}
			item.Outcome = cloud.Deleted
		}
		things = append(things, item.Resource)
		s.OnResource(item.Resource)
	}
	return things, nil
}

// busy reports whether a resource is being changed, so that it can be deleted later.
func busy(err error) bool {
	return awserr.HasCode(err, "ResourceInUseException", "ResourceConflictException", "DeleteConflict", "DeleteConflictException",
		"ConcurrentModification", "ConcurrentModificationException", "OperationAbortedException")
}

// deleteTable waits until the table is gone, so that its name is free again.
func (s *Stack) deleteTable(ctx context.Context, name string) error {
	if _, err := s.Tables.DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: &name}); err != nil {
		return err
	}
	return poll(ctx, waitLimit, fmt.Sprintf("the deletion of the table %q", name), func() (bool, error) {
		t, err := s.describe(ctx, name)
		return t == nil, err
	})
}

// rolePolicies returns the names of a role's inline policies.
func (s *Stack) rolePolicies(ctx context.Context, name string) (names []string, err error) {
	for page, err := range pages.Of(ctx, iam.NewListRolePoliciesPaginator(s.IAM, &iam.ListRolePoliciesInput{RoleName: &name})) {
		if err != nil {
			return nil, fmt.Errorf("the policies of the role %q cannot be listed: %w", name, err)
		}
		names = append(names, page.PolicyNames...)
	}
	return names, nil
}

// otherRegions returns the regions, joined with commas, whose functions of the same
// name have a policy in the role.
func (s *Stack) otherRegions(ctx context.Context, name string) (string, error) {
	policies, err := s.rolePolicies(ctx, name)
	var others []string
	for _, p := range policies {
		if region, ok := strings.CutPrefix(p, role.PolicyPrefix); ok && region != s.Region {
			others = append(others, region)
		}
	}
	return strings.Join(others, ", "), err
}

func (s *Stack) deleteRolePolicy(ctx context.Context, name, policy string) error {
	_, err := s.IAM.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: &name, PolicyName: &policy})
	return err
}

// deleteRole first removes everything from the role, as IAM requires.
func (s *Stack) deleteRole(ctx context.Context, name string) error {
	policies, err := s.rolePolicies(ctx, name)
	if err != nil {
		return err
	}
	for _, p := range policies {
		if err := s.deleteRolePolicy(ctx, name, p); err != nil && !awserr.IsMissing(err) {
			return err
		}
	}
	for page, err := range pages.Of(ctx, iam.NewListAttachedRolePoliciesPaginator(s.IAM, &iam.ListAttachedRolePoliciesInput{RoleName: &name})) {
		if err != nil {
			return err
		}
		for _, p := range page.AttachedPolicies {
			if _, err := s.IAM.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: &name, PolicyArn: p.PolicyArn}); err != nil && !awserr.IsMissing(err) {
				return err
			}
		}
	}
	_, err = s.IAM.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: &name})
	return err
}

func (s *Stack) deleteLogGroup(ctx context.Context, name string) error {
	_, err := s.Logs.DeleteLogGroup(ctx, &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: aws.String(name)})
	return err
}
