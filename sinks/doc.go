// Package sinks has what the types of targets share. Each type is a package below it.
//
// A sink makes one attempt per Send, and the engine retries failures. So clients for
// sinks must have their own retries off, with aws.NopRetryer or at most one attempt;
// otherwise attempts multiply. A record counts as delivered when the service's answer
// acknowledges that record. A record without an answer has failed.
//
// All sinks are safe for concurrent use. Their String names type and destination.
package sinks

import (
	"fanout/sinks/internal/ids"
)

// Option gives a sink a fact about its destination or source that it cannot find out
// itself.
type Option func(*options)

type options struct {
	recordBytes int
	Origin      ids.Origin
	SourceARN   string

	Subject, Attributes, Group string // see Message
	EventSource, DetailType    string // see Event
}

func Collect(opts []Option) (o options) {
	for _, opt := range opts {
		opt(&o)
	}
	return o
}

// RecordBytes sets the limit, in bytes, of a record or message, for destinations whose
// owner changed it: a Kinesis stream's MaxRecordSizeInKiB, or the MaximumMessageSize of a
// queue or topic. A value above the service's maximum or below 1 has no effect.
func RecordBytes(n int) Option { return func(o *options) { o.recordBytes = n } }

// RecordLimit returns the limit in opts, or otherwise if there is none.
func RecordLimit(opts []Option, otherwise, atMost int) int {
	o := Collect(opts)
	if o.recordBytes < 1 || o.recordBytes > atMost {
		return otherwise
	}
	return o.recordBytes
}

// Source sets the ARN of the records' source. The sink's ids are then unique over all
// sources: deduplication ids of FIFO queues and topics, and the _id of documents without
// a key. Lambda sinks write it into the source records that they make.
func Source(arn string) Option {
	return func(o *options) {
		o.Origin, o.SourceARN = ids.OriginOf(arn), arn
	}
}

// Message sets templates for the subject, the attributes (a JSON object) and the group of
// messages; "": none. See [Spec].
func Message(subject, attributes, group string) Option {
	return func(o *options) { o.Subject, o.Attributes, o.Group = subject, attributes, group }
}

// Event sets templates for the source and the detail type of events; "": the type's own. See
// [Spec].
func Event(source, detailType string) Option {
	return func(o *options) { o.EventSource, o.DetailType = source, detailType }
}
