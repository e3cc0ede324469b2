package policy

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"fanout/sinks"
)

// Loop is a way on which a target's records come back to the function.
type Loop int

// The zero Loop is none that is detected: longer ones are not.
const (
	OwnSource Loop = iota + 1 // the destination is the target's own source
	Itself                    // the destination is the function
)

// Loops reports whether a target's records come back to the function: its destination
// is its own source, or the function itself.
func (f Function) Loops(t *sinks.Spec) bool { return f.Loop(t) != 0 }

// Loop returns the way on which a target's records come back to the function.
func (f Function) Loop(t *sinks.Spec) Loop {
	self, err := f.owner()
	if err != nil || t.Type == nil || t.Type.Resource == nil {
		return 0
	}
	if role, err := arn.Parse(t.Role); err == nil {
		self.ARN.AccountID = role.AccountID
	}
	source, _, _ := strings.Cut(t.SourceARN, "/consumer/")
	source, _, _ = strings.Cut(source, "/stream/") // of a table
	switch t.Type.Resource(self.at(), t) {
	case source:
		return OwnSource
	case f.ARN:
		return Itself
	}
	return 0
}
