package policy

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"fanout/sinks"
)

// Loop is a way on which a target's records come back to the function.
type Loop int

// The zero Loop is none of these. [Back] finds longer ones.
const (
	OwnSource Loop = iota + 1 // the destination is the target's own source
	Itself                    // the destination is the function
)

// Loops reports whether a target's records come back to the function: its destination
// is its own source, or the function itself.
func (f Function) Loops(t *sinks.Spec) bool { return f.Loop(t) != 0 }

// Loop returns the way on which a target's records come back to the function.
func (f Function) Loop(t *sinks.Spec) Loop {
	switch f.resource(t) {
	case "":
	case origin(t):
		return OwnSource
	case f.ARN:
		return Itself
	}
	return 0
}

// resource returns the ARN of a target's destination, "" if it cannot be a source or the
// function.
func (f Function) resource(t *sinks.Spec) string {
	self, err := f.owner()
	if err != nil || t.Type == nil || t.Type.Resource == nil {
		return ""
	}
	if role, err := arn.Parse(t.Role); err == nil {
		self.ARN.AccountID = role.AccountID
	}
	return t.Type.Resource(self.at(), t)
}

// origin returns the ARN of the stream, table, topic or queue that a target's records come from.
func origin(t *sinks.Spec) string {
	source, _, _ := strings.Cut(t.SourceARN, "/consumer/")
	source, _, _ = strings.Cut(source, "/stream/") // of a table
	return source
}

// Back returns the last target of the shortest way on which the records of a target come back
// to its source: through the sources of other targets, which may belong to other functions. of is
// the function that a target's place depends on. It returns nil if there is no way, or a direct
// one, which [Function.Loop] finds.
func Back(t *sinks.Spec, all []*sinks.Spec, of func(*sinks.Spec) Function) *sinks.Spec {
	begin, home := of(t).resource(t), origin(t)
	if begin == "" || begin == home {
		return nil
	}
	seen := map[string]bool{begin: true}
	for at := []string{begin}; len(at) > 0; at = at[1:] {
		for _, next := range all {
			if origin(next) != at[0] {
				continue
			}
			to := of(next).resource(next)
			switch {
			case to == home:
				return next
			case to != "" && !seen[to]:
				seen[to] = true
				at = append(at, to)
			}
		}
	}
	return nil
}
