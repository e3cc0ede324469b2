package stages

import (
	"context"
	"crypto/md5" //nolint:gosec // the format's checksum
	"errors"
	"fmt"

	"fanout/engine"
)

// Deaggregate unpacks Kinesis records that the Kinesis Producer Library aggregated
// (https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md).
// Each user record gets its partition key, its explicit hash key if it has one, and
// its place as Sub. Other records pass as they are, without being decoded.
//
// An aggregate has the format's magic number and checksum. If what they enclose
// cannot be read, all of it fails; if it holds no user record, it is dropped.
type Deaggregate struct{}

// Name returns "deaggregate".
func (Deaggregate) Name() string { return "deaggregate" }

// Process unpacks the aggregates among in.
func (Deaggregate) Process(_ context.Context, in []engine.Record, out *engine.Out) {
	for i, r := range in {
		message, ok := aggregated(r.Data)
		if !ok {
			out.Emit(r)
			continue
		}
		children, err := readAggregate(message)
		switch {
		case err != nil:
			out.Fail(r, engine.Errorf(engine.Permanent, "%w", err))
		case len(children) == 0:
			out.Drop(r, "the aggregated record holds no user records")
		default:
			if i == 0 { // the others will be like it
				out.Grow(min(len(in)*len(children), maxReserve))
			}
			emitChildren(r, children, out)
		}
	}
}

// maxReserve bounds the records that room is made for before there are any.
const maxReserve = 10_000

func emitChildren(r engine.Record, children []child, out *engine.Out) {
	cells := engine.NewPayloads(len(children))
	for i := range children {
		c := &children[i]
		user := r.With(cells.Bytes(c.data))
		user.Key, user.HashKey, user.Sub = c.key, c.hashKey, i
		out.Emit(user)
	}
}

// magic begins an aggregate, and the MD5 of what is between ends it.
const magic = "\xf3\x89\x9a\xc2"

// aggregated returns the protobuf message inside data, if data is an aggregate.
func aggregated(data engine.Payload) ([]byte, bool) {
	if !hasMagic(data) {
		return nil, false
	}
	b := data.Bytes()
	message, sum := b[len(magic):len(b)-md5.Size], b[len(b)-md5.Size:]
	return message, md5.Sum(message) == [md5.Size]byte(sum) //nolint:gosec // as above
}

// hasMagic reports whether data is long enough for an aggregate and begins like
// one. In base64 that shows in the first six characters: five for the first 30
// bits of the magic number and one whose upper two bits are its last.
func hasMagic(data engine.Payload) bool {
	switch {
	case data.Len() < len(magic)+md5.Size:
		return false
	case data.Encoded():
		text := data.Text()
		return string(text[:5]) == "84maw" && 'g' <= text[5] && text[5] <= 'v'
	default:
		return string(data.Bytes()[:len(magic)]) == magic
	}
}

// child is a user record inside an aggregate.
type child struct {
	key, hashKey string
	data         []byte
}

// readAggregate returns the user records of an AggregatedRecord:
//
//	message AggregatedRecord {
//	  repeated string partition_key_table     = 1;
//	  repeated string explicit_hash_key_table = 2;
//	  repeated Record records                 = 3;
//	}
//
// Their data lies in message.
func readAggregate(message []byte) ([]child, error) {
	keys, hashKeys := table{name: "partition key"}, table{name: "explicit hash key"}
	records := 0
	err := fields(message, func(f field) error {
		switch f.number {
		case 1:
			return keys.add(f)
		case 2:
			return hashKeys.add(f)
		case 3:
			records++
			return f.wantBytes()
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("the aggregated record %w", err)
	}
	// The tables may stand behind the records that point into them.
	children := make([]child, 0, records)
	err = fields(message, func(f field) error {
		if f.number != 3 {
			return nil
		}
		c, err := readChild(f.bytes, &keys, &hashKeys)
		if err != nil {
			return fmt.Errorf("user record %d of the aggregated record %w", len(children), err)
		}
		children = append(children, c)
		return nil
	})
	return children, err
}

// readChild reads a Record:
//
//	message Record {
//	  required uint64 partition_key_index     = 1;
//	  optional uint64 explicit_hash_key_index = 2;
//	  required bytes  data                    = 3;
//	  repeated Tag    tags                    = 4;
//	}
func readChild(message []byte, keys, hashKeys *table) (c child, err error) {
	var hasKey, hasData bool
	err = fields(message, func(f field) (err error) {
		switch f.number {
		case 1:
			hasKey = true
			c.key, err = keys.at(f)
		case 2:
			c.hashKey, err = hashKeys.at(f)
		case 3:
			hasData = true
			c.data, err = f.bytes, f.wantBytes()
		}
		return err
	})
	switch {
	case err != nil:
		return c, err
	case !hasKey:
		return c, errors.New("has no partition key")
	case !hasData:
		return c, errors.New("has no data")
	}
	return c, nil
}
