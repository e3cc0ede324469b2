package functionmodel

import (
	"slices"
	"strings"

	"fanout/lambda/event"
)

// filters are the event patterns that targets may have, by the kind of their source. wants
// says what they mean.
var filters = map[event.Kind]string{
	event.Kinesis:  `{"partitionKey":[{"anything-but":["key3"]}]}`,
	event.DynamoDB: `{"eventName":[{"anything-but":["REMOVE"]}]}`,
	event.SNS:      `{"Sns":{"MessageId":[{"anything-but":{"suffix":"3"}}]}}`,
}

// wants reports whether a part matches the filter of t. A record that cannot be read fails
// before the filter.
func (t *modelTarget) wants(r *sourceRecord, p *part) bool {
	if t.spec.Filter == "" || r.flaw == unreadable {
		return true
	}
	switch r.source.kind {
	case event.DynamoDB:
		return r.action != "REMOVE"
	case event.SNS:
		return !strings.HasSuffix(r.key, "3")
	default:
		return p.key != "key3"
	}
}

// filtersOut reports whether the filter of t takes out the user record with a name.
func (t *modelTarget) filtersOut(r *sourceRecord, name string) bool {
	return slices.ContainsFunc(t.parts(r), func(p part) bool { return slices.Contains(p.names, name) && !t.wants(r, &p) })
}

// mayLack reports whether t may never get the user record with a name.
func (t *modelTarget) mayLack(r *sourceRecord, name string) bool {
	return t.mayDrop(r, name) || t.filtersOut(r, name)
}

// wantsNone reports whether the filter of t takes out all owed parts of r.
func (t *modelTarget) wantsNone(r *sourceRecord, owed []bool) bool {
	for k, p := range t.parts(r) {
		if owed[k] && t.wants(r, &p) {
			return false
		}
	}
	return true
}
