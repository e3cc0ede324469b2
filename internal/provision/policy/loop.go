package policy

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"fanout/sinks"
)

// Loops reports whether a target's records come back to the function: its destination
// is its own source, or the function itself. Longer loops are not detected.
func (f Function) Loops(t *sinks.Spec) bool {
	self, err := f.owner()
	if err != nil || t.Type == nil || t.Type.Resource == nil {
		return false
	}
	if role, err := arn.Parse(t.Role); err == nil {
		self.ARN.AccountID = role.AccountID
	}
	source, _, _ := strings.Cut(t.SourceARN, "/consumer/")
	to := t.Type.Resource(self.at(), t)
	return to == source || to == f.ARN
}
