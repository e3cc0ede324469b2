package stepfunctions

import (
	"fmt"
	"strings"

	"fanout/internal/awsname"
	"fanout/sinks"
	"fanout/sinks/internal/place"
)

// Parse parses the ARN of a state machine, with or without an alias or version.
func Parse(text string) (sinks.Destination, error) {
	const like = "arn:aws:states:eu-west-1:123456789012:stateMachine:name"
	a, err := awsname.ParseARN(text, "states", like)
	if err != nil {
		return sinks.Destination{}, err
	}
	machine, found := strings.CutPrefix(a.Resource, "stateMachine:")
	name, qualifier, qualified := strings.Cut(machine, ":")
	switch {
	case !found:
		return sinks.Destination{}, fmt.Errorf("%s is not a state machine; write an ARN like %s", awsname.Quote(text), like)
	case !awsname.IsName(name, 80, "_-"):
		return sinks.Destination{}, fmt.Errorf("%s is not the name of a state machine (at most 80 letters, digits, _ and -); write an ARN like %s", awsname.Quote(name), like)
	case qualified && !awsname.IsName(qualifier, 80, "_-."):
		return sinks.Destination{}, fmt.Errorf("%s is neither an alias nor a version; write an ARN like %s:live", awsname.Quote(qualifier), like)
	}
	a.Resource = "stateMachine:" + name
	d := place.Located(a)
	d.Name, d.Qualifier = name, qualifier
	return d, nil
}
