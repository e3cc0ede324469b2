package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"iter"
)

// The magic number before the protobuf message of an aggregate, as base64 begins with
// it, and the MD5 sum behind it
// (https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md).
var magic = []byte("84maw")

const (
	magicBytes = 4
	sumBytes   = 16
)

// aggregated reports whether records are aggregates, as all are or none.
func aggregated(records []record) bool { return bytes.HasPrefix(records[0].data, magic) }

// sendUserRecords sends what is in aggregates, without partition keys.
func (b *batches) sendUserRecords(ctx context.Context, c *client, aggregates []record) error {
	n := 0
	b.body = append(b.body[:0], b.before...)
	for _, r := range aggregates {
		var err error
		if b.aggregate, err = decode(b.aggregate, r.data); err != nil {
			return err
		}
		for data := range userRecords(b.aggregate[magicBytes : len(b.aggregate)-sumBytes]) {
			if n == batchRecords {
				if err := b.post(ctx, c); err != nil {
					return err
				}
				n, b.body = 0, append(b.body[:0], b.before...)
			}
			b.body = append(b.body, `{"Data":"`...)
			b.body = append(base64.StdEncoding.AppendEncode(b.body, data), `"},`...)
			n++
		}
	}
	return b.post(ctx, c)
}

// userRecords are the data of the records in an AggregatedRecord, whose field 3 they
// are. Each is a Record: its key's index, of one byte, and its data.
func userRecords(message []byte) iter.Seq[[]byte] {
	const recordsField = 3<<3 | 2
	const beforeLength = 3 // the tag of the index, the index and the tag of the data
	return func(yield func([]byte) bool) {
		for len(message) > 0 {
			field := message[0]
			var content []byte
			content, message = delimited(message[1:])
			if field != recordsField {
				continue
			}
			if data, _ := delimited(content[beforeLength:]); !yield(data) {
				return
			}
		}
	}
}

// delimited cuts b, which begins with the length of content, behind that.
func delimited(b []byte) (content, rest []byte) {
	length, n := binary.Uvarint(b)
	b = b[n:]
	return b[:length], b[length:]
}
