package doctor

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"fanout/internal/awserr"
	"fanout/internal/pages"
	"fanout/internal/provision/cloud"
	"fanout/internal/provision/policy"
	"fanout/internal/provision/role"
	"fanout/sinks"
)

// rights compares the rights in the policies of the function's role with its needs.
// Permissions boundaries and policies of the organization may still deny them.
func (p *examination) rights(ctx context.Context) []Finding {
	name := cloud.Name(p.function.RoleARN)
	is := about{"policy", name}
	if p.optionsErr != nil || p.targetsErr != nil || p.hooksErr != nil {
		return []Finding{is.is(Unknown, "", "not checked: it depends on variables, targets and mappings that could not all be read")}
	}
	out, err := p.IAM.GetRole(ctx, &iam.GetRoleInput{RoleName: &name})
	switch {
	case awserr.IsMissing(err):
		return []Finding{is.wrong(p.run("deploy"), "the role does not exist")}
	case err != nil:
		return []Finding{is.unknown(err)}
	}
	needs, err := p.Policies.Policy(ctx, &p.function)
	if err != nil {
		return []Finding{is.unknown(err)}
	}
	var skipped []Finding
	for _, err := range needs.Skipped {
		skipped = append(skipped, is.is(Unknown, "", "only partly checked: %s", awserr.Plain(err)))
	}
	has, err := p.documents(ctx, name)
	if _, ok := errors.AsType[unreadable](err); ok {
		return []Finding{is.is(Unknown, "compare it with the policy that "+p.command("policy")+" prints", "not checked: %v", err)}
	}
	if err != nil {
		return []Finding{is.unknown(err)}
	}
	if role.Made(out.Role, p.function.Name()) {
		return append(skipped, p.own(is, has[role.PolicyName(p.function.Region())], needs.Document)...)
	}
	var found []Finding
	for _, right := range missing(needs.Document, has) {
		found = append(found, p.lacks(is, "give it the policy that "+p.command("policy")+" prints", right))
	}
	if found == nil {
		found = append(found, is.ok("it allows everything that the function needs; deploy did not create it, so it may allow more"))
	}
	return found
}

// own compares the policy that fanout maintains.
func (p *examination) own(is about, has, needs policy.Document) []Finding {
	lacks, over := policy.Diff(has, needs)
	var found []Finding
	for _, right := range lacks {
		if denied, ok := strings.CutPrefix(right, "Deny "); ok { // the function works without the denial
			found = append(found, is.warning(p.run("deploy"), "the policy does not deny %s", denied))
			continue
		}
		found = append(found, p.lacks(is, p.run("deploy"), strings.TrimPrefix(right, "Allow ")))
	}
	for _, right := range over {
		found = append(found, is.warning(p.run("deploy"), "the function does not need this right of the role: %s", strings.TrimPrefix(right, "Allow ")))
	}
	if found == nil {
		found = append(found, is.ok("exactly the rights that the function needs"))
	}
	return found
}

// lacks is the finding for a right that the role lacks.
func (p *examination) lacks(is about, do, right string) Finding {
	function, err := arn.Parse(p.function.ARN)
	if err != nil {
		return is.unknown(err)
	}
	at := sinks.Place{Partition: function.Partition, Region: function.Region, Account: function.AccountID}
	for i := range p.targets {
		s := &p.targets[i].Spec
		if p.targets[i].Err() != nil || s.Type == nil || s.Type.Rights == nil {
			continue
		}
		rights, err := s.Type.Rights(at, s)
		if err != nil {
			continue
		}
		for _, r := range rights {
			if r.Without != "" && slices.ContainsFunc(r.Actions, func(action string) bool { return action+" on "+r.Resource == right }) {
				return is.warning(do, "the role lacks %s, so %s", right, r.Without)
			}
		}
	}
	return is.wrong(do, "the role lacks %s", right)
}

// unreadable marks a policy with parts that are not understood.
type unreadable struct{ error }

// documents returns the policies of a role by name: inline and attached.
func (p *examination) documents(ctx context.Context, name string) (map[string]policy.Document, error) {
	all := make(map[string]policy.Document)
	add := func(name string, text *string) (err error) {
		if all[name], err = policy.Parse(aws.ToString(text)); err != nil {
			return unreadable{errors.New("the policy " + name + " of the role has parts that fanout cannot compare")}
		}
		return nil
	}
	for page, err := range pages.Of(ctx, iam.NewListRolePoliciesPaginator(p.IAM, &iam.ListRolePoliciesInput{RoleName: &name})) {
		if err != nil {
			return nil, err
		}
		for _, n := range page.PolicyNames {
			out, err := p.IAM.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: &name, PolicyName: &n})
			if err != nil {
				return nil, err
			}
			if err := add(n, out.PolicyDocument); err != nil {
				return nil, err
			}
		}
	}
	for page, err := range pages.Of(ctx, iam.NewListAttachedRolePoliciesPaginator(p.IAM, &iam.ListAttachedRolePoliciesInput{RoleName: &name})) {
		if err != nil {
			return nil, err
		}
		for _, a := range page.AttachedPolicies {
			text, err := p.managed(ctx, a.PolicyArn)
			if err != nil {
				return nil, err
			}
			if err := add(aws.ToString(a.PolicyArn), text); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}

// managed returns the current text of a managed policy.
func (p *examination) managed(ctx context.Context, policy *string) (*string, error) {
	out, err := p.IAM.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: policy})
	if err != nil {
		return nil, err
	}
	version, err := p.IAM.GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: policy, VersionId: out.Policy.DefaultVersionId})
	if err != nil {
		return nil, err
	}
	return version.PolicyVersion.Document, nil
}
