package role

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// Tag is on everything that fanout deploy makes; its value is the function's name.
const Tag = "fanout:function"

// PolicyPrefix begins the names of the inline policies.
const PolicyPrefix = "fanout-"

// PolicyName is the name of the inline policy of a region's function. Roles know no
// regions, so functions of the same name share theirs, and each has its own policy.
func PolicyName(region string) string { return PolicyPrefix + region }

// Made reports whether deploy made a role for a function, whose name is given.
func Made(role *iamtypes.Role, function string) bool {
	for _, tag := range role.Tags {
		if aws.ToString(tag.Key) == Tag {
			return aws.ToString(tag.Value) == function
		}
	}
	return false
}
