// Package kafka is a type of target that writes records to a topic of Apache Kafka. It is an
// extension, because its client makes the function larger and slower to start:
//
//	fanout build --with fanout/extra/kafka
package kafka

import (
	"reflect"

	"fanout/lambda"
	"fanout/sinks"
)

// Type is the type of targets that are topics of Apache Kafka or Amazon MSK.
var Type = &sinks.Type{
	Name:        "kafka",
	Synonyms:    []string{"msk", "redpanda"},
	Destination: "kafka:// or kafkas:// URL: brokers and topic",
	Form:        `^kafkas?://[^/]+/[A-Za-z0-9._-]{1,249}(\?sasl=[a-z0-9-]+)?$`,
	Examples:    []string{"kafkas://b-1.example.com:9094,b-2.example.com:9094/orders", "kafka://127.0.0.1:9092/orders"},
	Parse:       Parse,
	Check:       check,
	Open:        open,
	Rights:      rights,

	MaxRecordBytes: maxRecord,
	Traits:         sinks.Traits{Secret: true, UsesSource: usesSource},
}

// Extension adds the type to a function and a command that fanout build makes.
func Extension() []lambda.Extension { return []lambda.Extension{lambda.WithTarget(Type)} }

// CommandOnly adds the type to a command whose function lacks it. Each target of the type then
// has a warning.
func CommandOnly() []lambda.Extension {
	t := *Type
	t.Check = func(s *sinks.Spec, f sinks.Findings) {
		check(s, f)
		f.Warn("type", "is not in the function that this command carries; build a command and a function that have it: fanout build --with %s", reflect.TypeFor[Sink]().PkgPath())
	}
	return []lambda.Extension{lambda.WithTarget(&t)}
}
