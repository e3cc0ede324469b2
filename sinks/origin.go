package sinks

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strconv"

	"fanout/engine"
)

// origin stands for a source in front of the ids of its records. Streams count their shards and
// records alike, so without it two streams that write to one FIFO queue or index would
// lose records to each other.
type origin string

// originDigits is how much of a hash an origin keeps: 64 bits tell the few sources that
// share a destination apart, and leave room for the rest of an id.
const originDigits = 16

// Source says which source the records come from, by its ARN. What the sink makes of
// their origin is then unique over all sources: deduplication ids of FIFO queues and
// topics, and the _id of documents that are not known by a key.
func Source(arn string) Option {
	return func(o *options) { o.origin = origin(sha256Hex([]byte(arn))[:originDigits] + "/") }
}

// id names r by the source records it carries and nothing else: one by
// source/lane/sequence/sub-sequence, several by the SHA-256 in hex of those. The lane is
// in it because sequence numbers are unique in a shard.
func (o origin) id(r *engine.Record) string { return string(o.appendID(nil, r)) }

// appendID appends id to b.
func (o origin) appendID(b []byte, r *engine.Record) []byte {
	if one := only(r); one != nil {
		b = append(append(append(append(append(b, o...), one.Lane...), '/'), one.Seq...), '/')
		return strconv.AppendInt(b, int64(one.Sub), 10)
	}
	sum := sha256.Sum256(appendOrigin([]byte(o), r))
	return hex.AppendEncode(b, sum[:])
}

// dedupID returns the deduplication id of r.
func (o origin) dedupID(r *engine.Record) string { return token(o.id(r)) }

// appendOrigin appends where every record that r carries comes from. Lengths keep
// one record's lane and sequence number from running into the next.
func appendOrigin(b []byte, r *engine.Record) []byte {
	if parts := r.Parts(); parts != nil {
		for i := range parts {
			b = appendOrigin(b, &parts[i])
		}
		return b
	}
	for _, s := range []string{r.Lane, r.Seq} {
		b = append(binary.AppendUvarint(b, uint64(len(s))), s...)
	}
	return binary.AppendVarint(b, int64(r.Sub))
}
