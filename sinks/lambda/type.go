package lambda

import (
	"strings"

	"fanout/engine"
	"fanout/internal/awsname"
	"fanout/sinks"
	"fanout/sinks/awsenv"
)

// Type is the type of targets that are Lambda functions.
var Type = &sinks.Type{
	Name:        "lambda",
	Synonyms:    []string{"function"},
	Destination: "ARN of the function, with or without an alias or version",
	Form:        `^(arn:aws(-[^:]*)?:lambda:[a-z0-9-]+:[0-9]{12}:|[0-9]{12}:)?(function:)?[A-Za-z0-9_-]{1,64}(:\$?[A-Za-z0-9_-]{1,128})?$`,
	Examples:    []string{"orders-handler:live", "arn:aws:lambda:eu-west-1:123456789012:function:orders-handler:live"},
	Parse:       Parse,
	Check:       checkNewlines,
	Open:        open,
	Rights:      rights,
	Resource:    resource,

	MaxBatchBytes: maxBytes, MaxRecordBytes: maxBytes,
	Traits: sinks.Traits{Events: true, UsesSource: func(*engine.Record) bool { return true }, Prefix: true, FixedRecords: true},
}

func open(env sinks.Env, s *sinks.Spec) (engine.Sink, error) {
	cfg, err := awsenv.Config(env, s)
	if err != nil {
		return nil, err
	}
	d := &s.Destination
	return New(cfg, d.NameOrARN(), d.Qualifier, form(s), sinks.Source(s.SourceARN)), nil
}

// form returns the form of the records of an event.
func form(s *sinks.Spec) Form {
	changed := s.Unwrap != "" || s.AppendNewlines
	switch {
	case strings.Contains(s.SourceARN, ":kinesis:") && (changed || s.Decompress != "" || s.Deaggregate):
		return KinesisRecords
	case strings.Contains(s.SourceARN, ":sns:") && changed:
		return Notifications
	case strings.Contains(s.SourceARN, ":sqs:") && changed:
		return Messages
	}
	return SourceRecords // with plain images if convertDDB is set
}

func checkNewlines(s *sinks.Spec, f sinks.Findings) {
	if s.AppendNewlines && s.FromTable() {
		f.Warn("appendNewlines", "has no effect: a function gets DynamoDB images inside of records, where no line ends")
	}
	if s.AppendNewlines && awsname.IsKafka(s.SourceARN) {
		f.Warn("appendNewlines", "has no effect: a function gets records of Kafka as they are")
	}
}
