package dynamodb

import (
	"fmt"
	"strings"

	"fanout/engine"
	"fanout/sinks/internal/ids"
)

// ordering gives the changes of a source texts that DynamoDB compares as strings. A number of
// DynamoDB has at most 38 digits (developer guide, Constraints), and a sequence number of a
// stream has up to 40 (DynamoDB Streams API, StreamRecord).
type ordering struct {
	source string // ARN
	scope  string // "": each lane has one
	label  string // of the table's stream, with a slash; "": none
}

func newOrdering(sourceARN string) ordering {
	o := ordering{source: sourceARN}
	switch {
	case strings.Contains(sourceARN, ":dynamodb:"):
		// The label is the time at which the stream was made, so a later stream of the table
		// has a greater one.
		table, label, found := strings.Cut(sourceARN, "/stream/")
		o.scope = string(ids.OriginOf(table))
		if found {
			o.label = label + "/"
		}
	case strings.Contains(sourceARN, ":kinesis:"):
		// A key moves to another shard when the stream is resharded, and its numbers go on.
		o.scope = string(ids.OriginOf(sourceARN))
	}
	return o
}

// position is the place of a change among those of its scope.
type position struct {
	scope string // a prefix of text
	text  string // a later change has a greater one; "": the source has no order
}

// of returns the position of r. Sequence numbers of different shards of Kafka, or groups of
// SQS, cannot be compared, so each has a scope.
func (o *ordering) of(r *engine.Record) position {
	if !isDigits(r.Seq) {
		return position{}
	}
	p := position{scope: o.scope}
	if p.scope == "" {
		p.scope = string(ids.OriginOf(o.source + " " + r.Lane))
	}
	number := strings.TrimLeft(r.Seq, "0")
	p.text = fmt.Sprintf("%s%s%03d%s", p.scope, o.label, len(number), number)
	if r.Sub > 0 {
		p.text += fmt.Sprintf("/%015d", r.Sub)
	}
	return p
}

// maxDigits bounds sequence numbers, so that three digits suffice for the length.
const maxDigits = 999

func isDigits(s string) bool {
	return s != "" && len(s) <= maxDigits && strings.Trim(s, "0123456789") == ""
}

// isPosition reports whether text has the form of a position.
func isPosition(text string) bool {
	hash, rest, found := strings.Cut(text, "/")
	return found && len(hash) == 16 && strings.Trim(hash, "0123456789abcdef") == "" &&
		rest != "" && strings.Trim(rest, "0123456789-:.TZ/") == ""
}
