package eventbridge

import (
	"fanout/engine"
	"fanout/sinks"
	"fanout/sinks/awsenv"
)

// Type is the type of targets that are event buses of Amazon EventBridge.
var Type = &sinks.Type{
	Name:        "eventbridge",
	Synonyms:    []string{"event-bus", "bus", "events"},
	Destination: "name or ARN of the event bus",
	Form:        `^([A-Za-z0-9_.-]{1,256}|arn:aws(-[^:]*)?:events:[a-z0-9-]+:[0-9]{12}:event-bus/[A-Za-z0-9_.-]{1,256})$`,
	Examples:    []string{"default", "arn:aws:events:eu-west-1:123456789012:event-bus/orders"},
	Parse:       Parse,
	Check:       checkParts,
	Open:        open,
	Rights:      rights,

	MaxBatchRecords: maxEntries, MaxBatchBytes: maxBytes, MaxRecordBytes: maxBytes,
	Traits: sinks.Traits{BusEvents: true, FixedRecords: true, Exponents: true},
}

func open(env sinks.Env, s *sinks.Spec) (engine.Sink, error) {
	cfg, err := awsenv.Config(env, s)
	if err != nil {
		return nil, err
	}
	return New(cfg, s.Destination.NameOrARN(), sinks.Source(s.SourceARN), sinks.Event(s.EventSource, s.DetailType)), nil
}
