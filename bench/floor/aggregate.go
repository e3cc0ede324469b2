package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"iter"
)

// The magic number before the protobuf message of an aggregate, as it begins in base64,
// and the length of the MD5 sum after it
// (https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md).
var magic = []byte("84maw")

const (
	magicBytes = 4
	sumBytes   = 16
)

// aggregated reports whether the records are aggregates. Either all are, or none.
func aggregated(records []record) bool { return bytes.HasPrefix(records[0].data, magic) }

// sendUserRecords sends the user records of aggregates, without partition keys.
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

// userRecords returns the data of the records in an AggregatedRecord, which are its field
// 3. Each is a Record: its key's index, of one byte, and its data.
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

// delimited reads the length at the start of b, and splits b after the content of that
// length.
func delimited(b []byte) (content, rest []byte) {
	length, n := binary.Uvarint(b)
	b = b[n:]
	return b[:length], b[length:]
}
