package stages

import "strings"

// wire is the form of a field's value (protobuf.dev, Encoding: Message Structure).
type wire int

const (
	wireVarint wire = iota
	wireFixed64
	wireBytes
	wireGroup
	wireGroupEnd
	wireFixed32
)

// field is one field of a protobuf message.
type field struct {
	number int
	kind   wire
	varint uint64
	bytes  []byte // lies in the message
}

// fields calls f with every field of message, in order, until f returns false. It
// reports whether it reached the end. Generated code would allocate several times
// for each record of an aggregate and copy its data. The packages of the protobuf
// module cost a tenth of a millisecond at each start of the function. Like the Java
// runtime, fields uses the low 32 bits of tags and lengths.
func fields(message []byte, f func(field) bool) bool {
	for len(message) > 0 {
		number, kind, n := readTag(message)
		if n == 0 {
			return false
		}
		message = message[n:]
		fd := field{number: number, kind: kind}
		switch kind {
		case wireVarint:
			fd.varint, n = varint(message)
		case wireBytes:
			var start int
			start, n = readBytes(message)
			fd.bytes = message[start:n:n]
		case wireGroup:
			n = skipGroup(message, number)
		default:
			n = skipFixed(message, kind)
		}
		if n == 0 {
			return false
		}
		message = message[n:]
		if !f(fd) {
			return false
		}
	}
	return true
}

// readTag reads the tag at the start of b: a field's number and the form of its value. n is
// the tag's length, or 0 if there is none.
func readTag(b []byte) (number int, kind wire, n int) {
	t, n := varint(b)
	number = int(uint32(t) >> 3) //nolint:gosec // as fields says
	if number == 0 {
		return 0, 0, 0
	}
	return number, wire(t & 7), n
}

// readBytes returns where the bytes behind a length at the start of b begin and end, or zeros
// if b is shorter.
func readBytes(b []byte) (start, end int) {
	length, start := varint(b)
	if start == 0 || uint64(uint32(length)) > uint64(len(b)-start) { //nolint:gosec // as fields says
		return 0, 0
	}
	return start, start + int(uint32(length)) //nolint:gosec // as above
}

// skipFixed returns the length of a value of 4 or 8 bytes, or 0 if b does not begin with one.
func skipFixed(b []byte, kind wire) int {
	switch {
	case kind == wireFixed64 && len(b) >= 8:
		return 8
	case kind == wireFixed32 && len(b) >= 4:
		return 4
	}
	return 0
}

// deepest is the number of groups within a group that the protobuf module allows.
const deepest = 10_000

// skipGroup returns the length of the rest of a group, with its end, or 0 if it has none.
func skipGroup(b []byte, number int) int {
	open := []int{number}
	at := 0
	for len(open) > 0 {
		number, kind, n := readTag(b[at:])
		if n == 0 {
			return 0
		}
		at += n
		switch kind {
		case wireGroup:
			if len(open) > deepest {
				return 0
			}
			open = append(open, number)
			continue
		case wireGroupEnd:
			last := len(open) - 1
			if open[last] != number {
				return 0
			}
			open = open[:last]
			continue
		case wireVarint:
			_, n = varint(b[at:])
		case wireBytes:
			_, n = readBytes(b[at:])
		default:
			n = skipFixed(b[at:], kind)
		}
		if n == 0 {
			return 0
		}
		at += n
	}
	return at
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
