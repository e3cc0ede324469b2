package kinesis

import (
	"crypto/md5" //nolint:gosec // the format's checksum
	"encoding/binary"
	"math/bits"

	"fanout/engine"
)

// The format of aggregates is that of the Kinesis Producer Library
// (https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md): a
// magic number, a protobuf message, and the MD5 of the message.
//
//	message AggregatedRecord {
//	  repeated string partition_key_table     = 1;
//	  repeated string explicit_hash_key_table = 2;
//	  repeated Record records                 = 3;
//	}
//
//	message Record {
//	  required uint64 partition_key_index     = 1;
//	  optional uint64 explicit_hash_key_index = 2;
//	  required bytes  data                    = 3;
//	}
const (
	magic    = "\xf3\x89\x9a\xc2"
	frameLen = len(magic) + md5.Size

	// Tags of the fields of an AggregatedRecord and a Record.
	keyTable, hashKeyTable, recordField = 1<<3 | 2, 2<<3 | 2, 3<<3 | 2
	keyIndex, hashKeyIndex, dataField   = 1 << 3, 2 << 3, 3<<3 | 2
)

// entry is one entry of a PutRecords request. With one record it is that record, otherwise
// an aggregate.
type entry struct {
	partition string // partition key
	shard     int    // index of the shard that takes it, or none
	first     int    // index of its first record
	open      bool   // other records may join
	bytes     int    // of the aggregate and the partition key
	count     int    // records

	keys, hashKeys []byte // tables, as in the message
	keyCount       int
	hashKeyIndex   map[string]int // by explicit hash key

	data []byte // the aggregate, when it is written
}

// addition is what a record adds to an entry.
type addition struct {
	bytes            int
	key, hashKey     int    // indexes in the tables, or none
	partition        string // to be added to the table of partition keys, if isNew
	isNew, isNewHash bool
}

// reset makes e an empty entry, whose first record will be r, number first.
func (e *entry) reset(r *engine.Record, shard, first int) {
	partition := partitionKey(r)
	*e = entry{keys: e.keys[:0], hashKeys: e.hashKeys[:0], partition: partition, shard: shard, first: first, bytes: frameLen + len(partition)}
}

// measure returns what r adds. key is the index of its partition key in the table, or none.
func (e *entry) measure(r *engine.Record, key int) (a addition) {
	a.key, a.hashKey = key, none
	if key == none {
		a.partition, a.key, a.isNew = partitionKey(r), e.keyCount, true
		a.bytes = tableLen(a.partition)
	}
	if r.HashKey != "" {
		i, known := e.hashKeyIndex[r.HashKey]
		if !known {
			i, a.isNewHash = len(e.hashKeyIndex), true
			a.bytes += tableLen(r.HashKey)
		}
		a.hashKey = i
	}
	a.bytes += recordLen(a.key, a.hashKey, r.Data.Len())
	return a
}

// take adds what r adds.
func (e *entry) take(r *engine.Record, a addition) {
	if a.isNew {
		e.keys = appendTable(e.keys, keyTable, a.partition)
		e.keyCount++
	}
	if a.isNewHash {
		if e.hashKeyIndex == nil {
			e.hashKeyIndex = make(map[string]int)
		}
		e.hashKeyIndex[r.HashKey] = a.hashKey
		e.hashKeys = appendTable(e.hashKeys, hashKeyTable, r.HashKey)
	}
	e.bytes += a.bytes
	e.count++
}

// begin begins the aggregate.
func (e *entry) begin() {
	e.data = append(make([]byte, 0, e.bytes-len(e.partition)), magic...)
	e.data = append(e.data, e.keys...)
	e.data = append(e.data, e.hashKeys...)
}

// add adds a record to the aggregate.
func (e *entry) add(r *packed) {
	b := append(e.data, recordField)
	b = binary.AppendUvarint(b, uint64(messageLen(r.key, r.hashKey, r.Data.Len()))) //nolint:gosec // a length
	b = append(b, keyIndex)
	b = binary.AppendUvarint(b, uint64(r.key)) //nolint:gosec // an index
	if r.hashKey != none {
		b = append(b, hashKeyIndex)
		b = binary.AppendUvarint(b, uint64(r.hashKey)) //nolint:gosec // an index
	}
	b = append(b, dataField)
	b = binary.AppendUvarint(b, uint64(r.Data.Len())) //nolint:gosec // a length
	e.data = r.Data.AppendBytes(b)
}

// end ends the aggregate.
func (e *entry) end() {
	sum := md5.Sum(e.data[len(magic):]) //nolint:gosec // the format's checksum
	e.data = append(e.data, sum[:]...)
}

// appendTable appends an entry of a table.
func appendTable(b []byte, tag byte, key string) []byte {
	b = append(b, tag)
	b = binary.AppendUvarint(b, uint64(len(key)))
	return append(b, key...)
}

// tableLen returns the length of an entry of a table.
func tableLen(key string) int { return 1 + varintLen(len(key)) + len(key) }

// recordLen returns the length of a record, with its indexes and its data, in an aggregate.
func recordLen(key, hashKey, data int) int {
	n := messageLen(key, hashKey, data)
	return 1 + varintLen(n) + n
}

// messageLen is recordLen without the field's tag and length.
func messageLen(key, hashKey, data int) int {
	n := 1 + varintLen(key) + 1 + varintLen(data) + data
	if hashKey != none {
		n += 1 + varintLen(hashKey)
	}
	return n
}

// varintLen returns the length of n as a varint.
func varintLen(n int) int { return (bits.Len(uint(n)|1) + 6) / 7 }

// isAggregate reports whether data may be an aggregate. The reader of a record takes one
// apart, but not one inside another.
func isAggregate(data engine.Payload) bool {
	switch {
	case data.Len() < frameLen:
		return false
	case data.Encoded():
		text := data.Text()
		return string(text[:5]) == "84maw" && 'g' <= text[5] && text[5] <= 'v'
	default:
		return string(data.Bytes()[:len(magic)]) == magic
	}
}
