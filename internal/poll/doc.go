// Package poll reads a Kinesis data stream, a DynamoDB stream or a Kafka topic as Lambda's event
// source mapping does. It hands the records to a handler as Lambda events, so that
// the handler of a function runs outside Lambda unchanged.
//
// A [Poller] reads every shard in the order of its sequence numbers, and reads a
// shard only after its parents: the shards it was split or merged from. A shard has
// one batch in progress at a time. The handler's answer acknowledges the batch.
// Unacknowledged records are delivered again until they are acknowledged, and later
// records of the shard wait. [Checkpoints] save the progress, so that the next run
// resumes there. A record may be delivered twice, but is never skipped.
//
// A record may still be lost if the stream's retention ends before it is read. Such
// losses are logged and counted, as far as the service reports them.
package poll
