package stepfunctions

import (
	"fanout/engine"
	"fanout/sinks"
	"fanout/sinks/awsenv"
)

// Type is the type of targets that are state machines of AWS Step Functions.
var Type = &sinks.Type{
	Name:        "stepfunctions",
	Synonyms:    []string{"state-machine", "states", "sfn"},
	Destination: "ARN of the state machine, with or without an alias or version",
	Form:        `^arn:aws(-[^:]*)?:states:[a-z0-9-]+:[0-9]{12}:stateMachine:[A-Za-z0-9_-]{1,80}(:[A-Za-z0-9_.-]{1,80})?$`,
	Examples:    []string{"arn:aws:states:eu-west-1:123456789012:stateMachine:orders"},
	Parse:       Parse,
	Open:        open,
	Rights:      rights,

	MaxMessages: 1, MaxBatchBytes: maxBytes, MaxRecordBytes: maxBytes,
	Traits: sinks.Traits{Collapse: true, Prefix: true, FixedRecords: true},
}

func open(env sinks.Env, s *sinks.Spec) (engine.Sink, error) {
	cfg, err := awsenv.Config(env, s)
	if err != nil {
		return nil, err
	}
	return New(cfg, s.Destination.ARN, s.Destination.Qualifier, sinks.Source(s.SourceARN)), nil
}
