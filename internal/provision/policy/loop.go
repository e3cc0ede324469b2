package policy

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"fanout/sinks"
	"fanout/sinks/builtin"
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
	case builtin.Type("kinesis"):
		stream, _, _ := strings.Cut(t.SourceARN, "/consumer/")
		return b.at(t, "kinesis", "stream/"+t.Destination.Name) == stream
	case builtin.Type("sns"):
		return b.at(t, "sns", t.Destination.Name) == t.SourceARN
	case builtin.Type("lambda"):
		return strings.TrimSuffix(b.function(t), ":"+t.Destination.Qualifier) == f.ARN
	default:
		return false
	}
}
