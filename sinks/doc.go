// Package sinks delivers records to the services that fanout knows, a file for
// each, and says what to do about their errors.
//
// A sink makes one attempt a Send; the engine repeats what failed. So the clients
// given to sinks have their own retries off, with aws.NopRetryer or one attempt at
// most, or attempts would multiply. A record counts as delivered when the service's
// answer acknowledges that record: an answer that leaves it open is a failure.
//
// All sinks are safe for concurrent use, and their String names type and
// destination.
package sinks

import "fanout/engine"

// Option tells a sink what it cannot know of its destination and source.
type Option func(*options)

type options struct {
	recordBytes int
	origin      origin
}

func collect(opts []Option) (o options) {
	for _, opt := range opts {
		opt(&o)
	}
	return o
}

// RecordBytes says how many bytes the destination takes in a record or message, for
// destinations whose owner changed it: a Kinesis stream's MaxRecordSizeInKiB, a
// queue's or a topic's MaximumMessageSize. It is at most what the service allows;
// beyond that, or below 1, it has no effect.
func RecordBytes(n int) Option { return func(o *options) { o.recordBytes = n } }

// recordBytes returns the limit that opts set, or otherwise.
func recordBytes(opts []Option, otherwise, atMost int) int {
	o := collect(opts)
	if o.recordBytes < 1 || o.recordBytes > atMost {
		return otherwise
	}
	return o.recordBytes
}

// unacknowledged is the error of a record that a service's answer leaves open.
func unacknowledged(sink string) error {
	return engine.Errorf(engine.Retryable, "%s: the answer does not acknowledge the record, so whether it arrived is unknown", sink)
}

// miscounted is the error of a request whose answer is not about its records.
func miscounted(sink string, sent, told int) error {
	return engine.Errorf(engine.Retryable, "%s: %d records were sent and the answer is about %d, so what arrived is unknown", sink, sent, told)
}
