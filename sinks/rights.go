package sinks

import (
	"cmp"
	"strings"
)

// Place is where the rights of a role hold: the function's partition and region, and the
// account of the role.
type Place struct {
	Partition string // aws, aws-cn, aws-us-gov, …
	Region    string
	Account   string
}

// Right allows a role to make the calls that deliver to a target.
type Right struct {
	Sid      string   // of the statement in a policy, unique among all types
	Actions  []string // equal in all rights with the same Sid
	Resource string   // with the wildcards of policies; see [Literal]

	// Without is a clause about a target that works without the right. "": no target does.
	Without string
}

// ARN returns the ARN of a target's destination: as configured, or of a resource of a
// service in the destination's region and account. The place fills in missing parts.
func (p Place) ARN(s *Spec, service, resource string) string {
	d := &s.Destination
	if d.ARN != "" {
		return d.ARN
	}
	return strings.Join([]string{
		"arn", cmp.Or(d.Partition, p.Partition), service, cmp.Or(s.Region, d.Region, p.Region), cmp.Or(d.Account, p.Account), resource,
	}, ":")
}

// Literal escapes text for the resource of a policy, where * and ? are wildcards and ${
// begins a variable (IAM user guide, Policy variables, special characters).
func Literal(text string) string {
	return strings.NewReplacer("${", "${$}{", "*", "${*}", "?", "${?}").Replace(text)
}
