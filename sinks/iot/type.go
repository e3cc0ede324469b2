package iot

import (
	"fanout/engine"
	"fanout/sinks"
	"fanout/sinks/awsenv"
)

// Type is the type of targets that are topics of AWS IoT Core.
var Type = &sinks.Type{
	Name:        "iot",
	Synonyms:    []string{"mqtt"},
	Destination: "endpoint#topic",
	Form:        `^[^#]+#.+$`,
	Examples:    []string{"abc123-ats.iot.eu-west-1.amazonaws.com#orders/new", "abc123-ats.iot.eu-west-1.amazonaws.com#orders/${.id}"},
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
	return New(cfg, s.Destination.URL(), s.Destination.Topic, sinks.Source(s.SourceARN)), nil
}
