package role

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"

	"fanout/internal/provision/hooks"
)

// Tag marks everything that fanout deploy makes; its value is the function's name.
const Tag = "fanout:function"

// PolicyPrefix begins the names of the inline policies.
const PolicyPrefix = "fanout-"

// PolicyName is the name of the inline policy for a region's function. Roles are
// global, so functions of the same name share one, and each has its own policy in it.
func PolicyName(region string) string { return PolicyPrefix + region }

// Made reports whether deploy made a role for the function called function.
func Made(role *iamtypes.Role, function string) bool {
	for _, tag := range role.Tags {
		if aws.ToString(tag.Key) == Tag {
			return aws.ToString(tag.Value) == function
		}
	}
	return false
}

// IsFanout reports whether tags and variables mark a function as fanout's. Deploy or a
// template sets the tag or a variable. The variable that hook writes does not count,
// because hook accepts any function.
func IsFanout(tags, variables map[string]string) bool {
	if _, ok := tags[Tag]; ok {
		return true
	}
	for name := range variables {
		if strings.HasPrefix(name, "FANOUT_") && name != hooks.Variable {
			return true
		}
	}
	return false
}
