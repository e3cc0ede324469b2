package sqs

import (
	"fanout/engine"
	"fanout/sinks"
	"fanout/sinks/awsenv"
	"fanout/sinks/internal/message"
)

// Type is the type of targets that are SQS queues.
var Type = &sinks.Type{
	Name:        "sqs",
	Synonyms:    []string{"queue"},
	Destination: "URL or ARN of the queue",
	Form:        `^(https?://.+|arn:aws(-[^:]*)?:sqs:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,80}(\.fifo)?)$`,
	Examples:    []string{"arn:aws:sqs:eu-west-1:123456789012:orders", "https://sqs.eu-west-1.amazonaws.com/123456789012/orders"},
	Parse:       Parse,
	Open:        open,
	Rights:      rights,
	Resource:    resource,

	MaxMessages: message.MaxEntries, MaxBatchBytes: maxBytes, MaxRecordBytes: maxBytes, // a collapsed message has any number of records
	Traits: sinks.Traits{Collapse: true, Messages: true, Groups: true, UsesSource: message.HasAttributes},
}

func open(env sinks.Env, s *sinks.Spec) (engine.Sink, error) {
	cfg, err := awsenv.Config(env, s)
	if err != nil {
		return nil, err
	}
	d := &s.Destination
	return New(cfg, d.URL(), Endpoint(d), sinks.RecordBytes(s.MaxRecordBytes), sinks.Source(s.SourceARN),
		sinks.Message(s.Subject, s.Attributes, s.Group)), nil
}
