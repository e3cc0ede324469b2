package policy

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"fanout/sinks"
)

// Loops reports whether a target's records come back to the function: its destination
// is its own source, or the function itself. Longer loops are not detected.
func (f Function) Loops(t *sinks.Spec) bool {
	self, err := f.place()
	if err != nil {
		return false
	}
	if role, err := arn.Parse(t.Role); err == nil {
		self.AccountID = role.AccountID
	}
	b := newBuilder(self)
	switch t.Type {
	case sinks.Kinesis:
		stream, _, _ := strings.Cut(t.SourceARN, "/consumer/")
		return b.at(t, "kinesis", "stream/"+t.Destination.Name) == stream
	case sinks.SNS:
		return b.at(t, "sns", t.Destination.Name) == t.SourceARN
	case sinks.Lambda:
		return strings.TrimSuffix(b.function(t), ":"+t.Destination.Qualifier) == f.ARN
	default:
		return false
	}
}
