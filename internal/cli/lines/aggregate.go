package lines

import (
	"crypto/md5" //nolint:gosec // the format's checksum
	"encoding/binary"
)

// aggregate is a record of several lines, in the format of the Kinesis Producer Library
// (https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md).
type aggregate struct {
	number  int               // of its first line
	key     string            // of its first line
	keys    map[string]uint64 // indexes in the table
	table   []byte            // of partition keys, as in the message
	records []byte            // as in the message
}

// maxAggregate is the size at which the library closes an aggregate (its setting
// AggregationMaxSize).
const maxAggregate = 51_200

// Tags of the fields of an AggregatedRecord and of its records.
const (
	magic                 = "\xf3\x89\x9a\xc2"
	keyTable, recordField = 1<<3 | 2, 3<<3 | 2
	keyIndex, dataField   = 1 << 3, 3<<3 | 2
)

// fits reports whether there is room for one more line.
func (a *aggregate) fits(key, line string) bool {
	const frame = 32 // tags, lengths and the index
	return len(magic)+len(a.table)+len(a.records)+len(key)+len(line)+frame+md5.Size <= maxAggregate
}

// add adds a line.
func (a *aggregate) add(number int, key, line string) {
	if a.keys == nil {
		a.number, a.key, a.keys = number, key, make(map[string]uint64)
	}
	index, known := a.keys[key]
	if !known {
		index = uint64(len(a.keys))
		a.keys[key] = index
		a.table = appendField(a.table, keyTable, key)
	}
	record := binary.AppendUvarint([]byte{keyIndex}, index)
	a.records = appendField(a.records, recordField, string(appendField(record, dataField, line)))
}

// bytes returns the data of the record.
func (a *aggregate) bytes() []byte {
	message := append(append([]byte(nil), a.table...), a.records...)
	sum := md5.Sum(message) //nolint:gosec // the format's checksum
	return append(append([]byte(magic), message...), sum[:]...)
}

func appendField(dst []byte, tag byte, value string) []byte {
	return append(binary.AppendUvarint(append(dst, tag), uint64(len(value))), value...)
}
