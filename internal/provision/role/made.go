package role

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"

	"fanout/internal/provision/hooks"
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

// IsFanout reports whether a function with these tags and variables is one of fanout,
// by what deploy, or a template, put there: the tag, or a variable. The variable that
// hook writes says nothing, since hook may have met any function.
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
