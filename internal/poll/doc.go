// Package poll reads a Kinesis data stream or a DynamoDB stream as Lambda's event
// source mapping does, and hands what it reads to a handler as Lambda events, so
// that the handler of a function runs outside Lambda unchanged.
//
// A [Poller] reads every shard in the order of its sequence numbers, and a shard
// only after those it was split or merged from. One batch of a shard is under way
// at a time. A batch is acknowledged by the handler's answer; what is not is
// delivered again, for as long as it takes, and nothing behind it in its shard is
// delivered before. [Checkpoints] remember what was acknowledged, so that the next
// run goes on there. A record may be delivered twice, but is never left out.
//
// Where a record is lost all the same, because the stream's retention ended before
// it was read, that is logged and counted, as far as the service tells.
package poll
