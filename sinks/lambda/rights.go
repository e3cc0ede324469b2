package lambda

import (
	"strings"

	"fanout/sinks"
)

// rights allows the invocation. A call that names an alias or version needs rights to the
// qualified function.
func rights(at sinks.Place, s *sinks.Spec) ([]sinks.Right, error) {
	f := resource(at, s)
	if q := s.Destination.Qualifier; q != "" {
		f += ":" + q
	}
	return []sinks.Right{{Sid: "SendToLambda", Actions: []string{"lambda:InvokeFunction"}, Resource: f}}, nil
}

func resource(at sinks.Place, s *sinks.Spec) string {
	name := s.Destination.Name
	if _, after, partial := strings.Cut(name, ":function:"); partial { // an ARN that starts at the account
		name = after
	}
	return at.ARN(s, "lambda", "function:"+name)
}
