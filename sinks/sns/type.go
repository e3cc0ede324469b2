package sns

import (
	"fanout/engine"
	"fanout/sinks"
	"fanout/sinks/awsenv"
	"fanout/sinks/internal/message"
)

// Type is the type of targets that are SNS topics.
var Type = &sinks.Type{
	Name:        "sns",
	Synonyms:    []string{"topic"},
	Destination: "ARN of the topic",
	Form:        `^arn:aws(-[^:]*)?:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}(\.fifo)?$`,
	Examples:    []string{"arn:aws:sns:eu-west-1:123456789012:orders"},
	Parse:       Parse,
	Open:        open,
	Rights:      rights,
	Resource:    resource,

	MaxMessages: message.MaxEntries, MaxBatchBytes: maxBytes, MaxRecordBytes: maxBytes, // a topic's MaximumMessageSize
	Traits: sinks.Traits{Collapse: true, Messages: true, UsesSource: message.HasAttributes},
}

func open(env sinks.Env, s *sinks.Spec) (engine.Sink, error) {
	cfg, err := awsenv.Config(env, s)
	if err != nil {
		return nil, err
	}
	return New(cfg, s.Destination.ARN, sinks.RecordBytes(s.MaxRecordBytes), sinks.Source(s.SourceARN),
		sinks.Message(s.Subject, s.Attributes, s.Group)), nil
}
