package functionmodel

import (
	"strings"

	"fanout/lambda/event"
)

// filters are the event patterns that targets may have, by the kind of their source. wants
// says what they mean.
var filters = map[event.Kind]string{
	event.Kinesis:  `{"partitionKey":[{"anything-but":["key3"]}]}`,
	event.DynamoDB: `{"eventName":[{"anything-but":["REMOVE"]}]}`,
	event.SQS:      `{"messageAttributes":{"tag":{"stringValue":[{"anything-but":["key3"]}]}}}`,
	event.Kafka:    `{"key":[{"anything-but":["key3"]}]}`,
	event.SNS:      `{"Sns":{"MessageId":[{"anything-but":{"suffix":"3"}}]}}`,
}

// wants reports whether a part matches the filter of t.
func (t *modelTarget) wants(r *sourceRecord, p *part) bool {
	if t.spec.Filter == "" {
		return true
	}
	switch r.source.kind {
	case event.DynamoDB:
		return r.action != "REMOVE"
	case event.SNS:
		return !strings.HasSuffix(r.key, "3")
	case event.SQS:
		return r.tag != "key3"
	default:
		return p.key != "key3"
	}
}

// filtersOut reports whether the filter or the program of t takes out the user record with a name.
func (t *modelTarget) filtersOut(r *sourceRecord, name string) bool {
	p := t.part(r, name)
	return p != nil && p.end == filtered
}

// mayLack reports whether t may never get the user record with a name.
func (t *modelTarget) mayLack(r *sourceRecord, name string) bool {
	return t.mayDrop(r, name) || t.filtersOut(r, name)
}
