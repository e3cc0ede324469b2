package sinks

import (
	"context"

	"fanout/engine"
)

// Describer is a sink that says what it sends for a record, without sending it. A sink may
// implement it for commands such as fanout test, which show what targets get.
type Describer interface {
	// Describe returns what the sink sends for r. Its error is the one with which Send fails
	// r before it calls the service.
	Describe(ctx context.Context, r *engine.Record) (Entry, error)
}

// Entry is what a sink sends for a record, beside the record's key.
type Entry struct {
	Data []byte // nil: the record's own

	// The index and the topic are set only if they depend on the record.
	Index, Topic, Subject, Group string
	// The source and the detail type of an event.
	Source, DetailType string
	// Attributes has the attributes of a message, without those that fanout adds to each. A
	// binary value is in base64.
	Attributes map[string]string
}
