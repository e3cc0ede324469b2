package stages

import (
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
)

// field is one field of a protobuf message.
type field struct {
	number int
	kind   protowire.Type
	varint uint64
	bytes  []byte // lies in the message
}

// fields calls f with every field of message, in order, until f returns false. It
// reports whether it reached the end. Generated code would allocate several times
// for each record of an aggregate and copy its data. Like the Java runtime, fields
// uses the low 32 bits of tags and lengths.
func fields(message []byte, f func(field) bool) bool {
	for len(message) > 0 {
		tag, n := varint(message)
		fd := field{number: int(uint32(tag) >> 3), kind: protowire.Type(tag & 7)} //nolint:gosec // see above
		if n == 0 || fd.number == 0 {
			return false
		}
		message = message[n:]
		switch fd.kind {
		case protowire.VarintType:
			fd.varint, n = varint(message)
			if n == 0 {
				return false
			}
		case protowire.BytesType:
			length, start := varint(message)
			if start == 0 || uint64(uint32(length)) > uint64(len(message)-start) { //nolint:gosec // see above
				return false
			}
			n = start + int(uint32(length)) //nolint:gosec // see above
			fd.bytes = message[start:n:n]
		default:
			n = protowire.ConsumeFieldValue(protowire.Number(fd.number), fd.kind, message) //nolint:gosec // it has 29 bits
			if n < 0 {
				return false
			}
		}
		message = message[n:]
		if !f(fd) {
			return false
		}
	}
	return true
}

// maxVarint is the length of the longest varint.
const maxVarint = 10

// varint reads the varint at the start of b and returns its length, or 0 if there
// is none. Bits beyond 64 are lost.
func varint(b []byte) (v uint64, n int) {
	for n < len(b) && n < maxVarint {
		c := b[n]
		v |= uint64(c&0x7f) << (7 * n)
		n++
		if c < 0x80 {
			return v, n
		}
	}
	return 0, 0
}

// table is a list of keys, all in one string.
type table struct {
	text strings.Builder
	ends []int
}

func (t *table) add(key []byte) {
	t.text.Write(key)
	t.ends = append(t.ends, t.text.Len())
}

// at returns the key at an index. Only the low 32 bits of the index count, as in
// Java.
func (t *table) at(index uint64) (key string, ok bool) {
	i := int(int32(index)) //nolint:gosec // see above
	if i < 0 || i >= len(t.ends) {
		return "", false
	}
	start := 0
	if i > 0 {
		start = t.ends[i-1]
	}
	return t.text.String()[start:t.ends[i]], true
}
