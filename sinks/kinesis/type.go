package kinesis

import (
	"fanout/engine"
	"fanout/sinks"
	"fanout/sinks/awsenv"
)

// Type is the type of targets that are Kinesis data streams.
var Type = &sinks.Type{
	Name:        "kinesis",
	Synonyms:    []string{"stream"},
	Destination: "ARN of the stream",
	Form:        `^([A-Za-z0-9_.-]{1,128}|arn:aws(-[^:]*)?:kinesis:[a-z0-9-]+:[0-9]{12}:stream/[A-Za-z0-9_.-]{1,128})$`,
	Examples:    []string{"orders-replica", "arn:aws:kinesis:eu-west-1:123456789012:stream/orders-replica"},
	Parse:       Parse,
	Open:        open,
	Rights:      rights,
	Resource:    resource,

	MaxBatchRecords: maxRecords, MaxBatchBytes: maxBytes, MaxRecordBytes: maxRecordBytes,

	Traits: sinks.Traits{Aggregate: true, Compress: true},
}

func open(env sinks.Env, s *sinks.Spec) (engine.Sink, error) {
	cfg, err := awsenv.Config(env, s)
	if err != nil {
		return nil, err
	}
	sink := New(cfg, s.Destination.NameOrARN(), sinks.RecordBytes(s.MaxRecordBytes))
	if s.Aggregate {
		return NewAggregator(sink, s.Ordered()), nil
	}
	return sink, nil
}
