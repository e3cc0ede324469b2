package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"fanout/sinks"
)

// Account is a role that delivers to targets, usually in another account, and the
// documents that its account needs.
type Account struct {
	Role   string   // ARN
	Trust  Document // lets the function's role assume the role
	Policy Document // the needs of its targets
}

// Accounts returns the roles that targets name, in order of their ARNs. A destination
// without an account is in the role's account.
//
// Errors: as for Policy, and an invalid role ARN of f.
func (f Function) Accounts(targets []sinks.Spec) ([]Account, error) {
	targets = sinks.WithStores(targets)
	byRole := make(map[string][]sinks.Spec)
	var roles []string
	for i := range targets {
		if role := roleOf(&targets[i]); role != "" {
			if byRole[role] == nil {
				roles = append(roles, role)
			}
			byRole[role] = append(byRole[role], targets[i])
		}
	}
	if len(roles) == 0 {
		return nil, nil
	}
	if a, err := arn.Parse(f.RoleARN); err != nil || a.Service != "iam" || !strings.HasPrefix(a.Resource, "role/") {
		return nil, fmt.Errorf("the function's role is %s; it must be an ARN like arn:aws:iam::123456789012:role/name", quote(f.RoleARN))
	}
	slices.Sort(roles)
	accounts := make([]Account, len(roles))
	for i, role := range roles {
		policy, err := f.rolePolicy(role, byRole[role])
		if err != nil {
			return nil, err
		}
		accounts[i] = Account{Role: role, Trust: RoleTrust(f.RoleARN, externalIDs(byRole[role])...), Policy: policy}
	}
	return accounts, nil
}

// rolePolicy returns the rights that a role needs to deliver to targets.
func (f Function) rolePolicy(role string, targets []sinks.Spec) (Document, error) {
	self, err := f.owner()
	if err != nil {
		return Document{}, err
	}
	a, err := arn.Parse(role)
	if err != nil {
		return Document{}, fmt.Errorf("target %q: the role is %s; write an ARN like arn:aws:iam::123456789012:role/name", targets[0].ID, quote(role))
	}
	self.ARN.Partition, self.ARN.AccountID = a.Partition, a.AccountID
	b := newBuilder(self)
	for i := range targets {
		if err := b.target(&targets[i]); err != nil {
			return Document{}, err
		}
	}
	if err := b.keys(f.Keys, role); err != nil {
		return Document{}, err
	}
	d := b.document()
	return d, d.checkLength("the policy of role " + role)
}

// RoleTrust returns the trust policy of a role that the function's role may assume,
// with one of the external ids if there are any (IAM user guide, Access to AWS accounts
// owned by third parties).
func RoleTrust(functionRole string, externalIDs ...string) Document {
	var condition map[string]Condition
	if len(externalIDs) > 0 {
		condition = map[string]Condition{"StringEquals": {"sts:ExternalId": unique(externalIDs)}}
	}
	return trust("Fanout", map[string]Strings{"AWS": {functionRole}}, condition)
}

// externalIDs returns the external ids of targets. It returns none if any target has
// none: a role that requires one would lock that target out.
func externalIDs(targets []sinks.Spec) []string {
	var ids []string
	for i := range targets {
		if targets[i].ExternalID == "" {
			return nil
		}
		ids = append(ids, targets[i].ExternalID)
	}
	return ids
}
