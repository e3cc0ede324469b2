// Package kpl writes aggregates as the Kinesis Producer Library does, for tests and benchmarks
// (https://github.com/awslabs/amazon-kinesis-producer, aggregation-format.md).
package kpl

import (
	"crypto/md5" //nolint:gosec // the format's checksum
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// User is a user record of an aggregate.
type User struct{ Key, Data string }

// Aggregate returns an aggregate of user records.
func Aggregate(users ...User) []byte { return Seal(Message(users...)) }

// Message returns the message of an aggregate: a table of keys, and the user records.
func Message(users ...User) []byte {
	var keys, records []byte
	for i, u := range users {
		keys = append(keys, Key(u.Key)...)
		records = append(records, Record(i, u.Data)...)
	}
	return slices.Concat(keys, records)
}

// Key returns the field of a message that adds a key to the table.
func Key(key string) []byte {
	return protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), key)
}

// Record returns the field of a message that holds a user record. key is the index of its key in
// the table.
func Record(key int, data string) []byte {
	record := protowire.AppendTag(nil, 1, protowire.VarintType)
	record = protowire.AppendVarint(record, uint64(key)) //nolint:gosec // an index
	record = protowire.AppendTag(record, 3, protowire.BytesType)
	record = protowire.AppendString(record, data)
	return protowire.AppendBytes(protowire.AppendTag(nil, 3, protowire.BytesType), record)
}

// Seal returns the aggregate that holds a message.
func Seal(message []byte) []byte {
	sum := md5.Sum(message) //nolint:gosec // the format's checksum
	return slices.Concat([]byte("\xf3\x89\x9a\xc2"), message, sum[:])
}
