package stages

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
)

// field is one field of a protobuf message.
type field struct {
	number int
	kind   protowire.Type
	varint uint64
	bytes  []byte // lies in the message
}

// fields calls f with every field of message, in order, until f fails. Generated
// code would allocate several times for each record of an aggregate and copy its
// data.
func fields(message []byte, f func(field) error) error {
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return broken(n)
		}
		message = message[n:]
		fd := field{number: int(number), kind: kind}
		switch kind {
		case protowire.VarintType:
			fd.varint, n = protowire.ConsumeVarint(message)
		case protowire.BytesType:
			fd.bytes, n = protowire.ConsumeBytes(message)
		default:
			n = protowire.ConsumeFieldValue(number, kind, message)
		}
		if n < 0 {
			return broken(n)
		}
		fd.bytes = fd.bytes[:len(fd.bytes):len(fd.bytes)]
		message = message[n:]
		if err := f(fd); err != nil {
			return err
		}
	}
	return nil
}

func broken(n int) error {
	return fmt.Errorf("is not a protobuf message (%w)", protowire.ParseError(n))
}

func (f field) want(kind protowire.Type) error {
	if f.kind != kind {
		return fmt.Errorf("has a field %d of the wrong type", f.number)
	}
	return nil
}

func (f field) wantBytes() error { return f.want(protowire.BytesType) }

// table is a list of keys, all in one string.
type table struct {
	name string // of its keys
	text strings.Builder
	ends []int
}

func (t *table) add(f field) error {
	if err := f.wantBytes(); err != nil {
		return err
	}
	if !utf8.Valid(f.bytes) {
		return fmt.Errorf("has a %s that is not UTF-8", t.name)
	}
	t.text.Write(f.bytes)
	t.ends = append(t.ends, t.text.Len())
	return nil
}

// at returns the key whose index f holds.
func (t *table) at(f field) (string, error) {
	if err := f.want(protowire.VarintType); err != nil {
		return "", err
	}
	i := f.varint
	if i >= uint64(len(t.ends)) {
		return "", fmt.Errorf("points to %s %d, beyond the table of %d", t.name, i, len(t.ends))
	}
	start := 0
	if i > 0 {
		start = t.ends[i-1]
	}
	return t.text.String()[start:t.ends[i]], nil
}
