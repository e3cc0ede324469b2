package stages

import (
	"bytes"
	"context"
	"crypto/md5" //nolint:gosec // the format's checksum
	"unicode/utf8"

	"fanout/engine"
)

// Deaggregate unpacks Kinesis records that the Kinesis Producer Library aggregated
// (https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md).
// Each user record gets its partition key, its explicit hash key if it has one, and
// its position as Sub. Other records pass unchanged and are not decoded.
//
// An aggregate has the format's magic number and checksum. Other data may have them
// too. Deaggregate follows the Kinesis Client Library for Java (AggregatorUtil),
// except where that would lose a record. TestDeaggregateLikeJava checks this:
//
//	inside an aggregate                                here                       Java
//	nothing                                            passes unchanged           same
//	no protobuf message, or a required field missing   passes unchanged           same
//	a field of an unknown number or wire type          ignored                    same
//	a partition key that is not UTF-8                  has U+FFFD there           same
//	no user record                                     passes unchanged           lost
//	a partition key index beyond the table             passes unchanged           lost, with the later ones
//	a hash key index beyond the table                  user record without one    lost, with the later ones
//	a hash key that is not a number                    user record without one    lost, with the later ones
//	a hash key of 2¹²⁸ or more                         user record without one    lost, with all of the aggregate
type Deaggregate struct {
	// Records bounds the user records of a lane, because each takes a few hundred bytes
	// of memory and as few as six bytes in an aggregate. An aggregate with more fails. Later
	// aggregates fail to come again in another batch. 0 sets no bound.
	Records int
}

// Name returns "deaggregate".
func (Deaggregate) Name() string { return "deaggregate" }

// Process unpacks the aggregates in in.
func (d Deaggregate) Process(_ context.Context, in []engine.Record, out *engine.Out) {
	for i, r := range in {
		message, ok := aggregated(r.Data)
		if !ok {
			out.Emit(r)
			continue
		}
		children, fits := readAggregate(message, d.Records)
		switch {
		case !fits:
			out.Fail(r, engine.Errorf(engine.Permanent, "the aggregate has more than %d user records or keys, which is the limit for the memory of the function; give the function more memory", d.Records))
			continue
		case d.Records > 0 && out.Use(0) > 0 && out.Use(0)+len(children) > d.Records:
			out.Fail(r, engine.Errorf(engine.Retryable, "the aggregates of the batch have more than %d user records, so this one must come again; lower the batch size of the event source mapping, or give the function more memory", d.Records))
			continue
		case len(children) == 0:
			out.Emit(r)
			continue
		}
		out.Use(len(children))
		if i == 0 { // expect the same number from the others
			out.Grow(min(len(in)*len(children), maxReserve))
		}
		emitChildren(r, children, out)
	}
}

// maxReserve bounds the records to reserve room for in advance.
const maxReserve = 10_000

func emitChildren(r engine.Record, children []child, out *engine.Out) {
	cells := engine.NewPayloads(len(children))
	for i := range children {
		c := &children[i]
		user := r.With(cells.Bytes(c.data))
		user.Key, user.HashKey, user.Sub = c.key, c.hashKey, i
		out.EmitWithSource(user, r.Raw)
	}
}

// magic begins an aggregate. The MD5 of the bytes between ends it.
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
// one. In base64 the first six characters show that: five hold the first 30 bits of
// the magic number, and the upper two bits of the sixth hold the rest.
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

// readAggregate returns the user records of an AggregatedRecord. It returns none if
// message is not one, or if a user record cannot be read. fits is false if the message has
// more than most user records or keys; 0 sets no bound:
//
//	message AggregatedRecord {
//	  repeated string partition_key_table     = 1;
//	  repeated string explicit_hash_key_table = 2;
//	  repeated Record records                 = 3;
//	}
//
// The data of the user records lies in message.
func readAggregate(message []byte, most int) (children []child, fits bool) {
	var keys, hashKeys table
	records := 0
	fits = true
	ok := fields(message, func(f field) bool {
		switch {
		case f.kind != wireBytes:
		case f.number == 1:
			keys.add(validUTF8(f.bytes))
		case f.number == 2:
			hashKeys.add(validHashKey(f.bytes))
		case f.number == 3:
			records++
		}
		fits = most == 0 || max(records, len(keys.ends), len(hashKeys.ends)) <= most
		return fits
	})
	switch {
	case !fits:
		return nil, false
	case !ok || records == 0:
		return nil, true
	}
	// The tables may come after the records that refer to them.
	children = make([]child, 0, records)
	ok = fields(message, func(f field) bool {
		if f.number != 3 || f.kind != wireBytes {
			return true
		}
		c, ok := readChild(f.bytes, &keys, &hashKeys)
		children = append(children, c)
		return ok
	})
	if !ok {
		return nil, true
	}
	return children, true
}

// readChild reads a Record:
//
//	message Record {
//	  required uint64 partition_key_index     = 1;
//	  optional uint64 explicit_hash_key_index = 2;
//	  required bytes  data                    = 3;
//	  repeated Tag    tags                    = 4;
//	}
func readChild(message []byte, keys, hashKeys *table) (c child, ok bool) {
	var hasKey, hasData bool
	ok = fields(message, func(f field) bool {
		switch {
		case f.number == 1 && f.kind == wireVarint:
			c.key, hasKey = keys.at(f.varint)
		case f.number == 2 && f.kind == wireVarint:
			c.hashKey, _ = hashKeys.at(f.varint)
		case f.number == 3 && f.kind == wireBytes:
			c.data, hasData = f.bytes, true
		case f.number == 4 && f.kind == wireBytes:
			return isTag(f.bytes)
		}
		return true
	})
	return c, ok && hasKey && hasData
}

// isTag reports whether message is a Tag. Tags are not delivered:
//
//	message Tag {
//	  required string key   = 1;
//	  optional string value = 2;
//	}
func isTag(message []byte) bool {
	hasKey := false
	ok := fields(message, func(f field) bool {
		hasKey = hasKey || f.number == 1 && f.kind == wireBytes
		return true
	})
	return ok && hasKey
}

// validUTF8 returns a partition key with U+FFFD for bytes that are not UTF-8.
func validUTF8(key []byte) []byte {
	if utf8.Valid(key) {
		return key
	}
	return bytes.ToValidUTF8(key, []byte("\uFFFD"))
}

// maxHashKey is 2¹²⁸ − 1.
const maxHashKey = "340282366920938463463374607431768211455"

// validHashKey returns an explicit hash key, or nil if key is not valid.
func validHashKey(key []byte) []byte {
	digits := bytes.TrimLeft(key, "0")
	if len(digits) > len(maxHashKey) || len(digits) == len(maxHashKey) && string(digits) > maxHashKey {
		return nil
	}
	for _, c := range digits {
		if c < '0' || c > '9' {
			return nil
		}
	}
	return key
}
