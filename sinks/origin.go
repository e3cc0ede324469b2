package sinks

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strconv"

	"fanout/engine"
)

// origin identifies a source, and is put before the ids of its records. Streams number
// their shards and records alike. Without an origin, two streams that write to one FIFO
// queue or index would lose records to each other.
type origin string

// originDigits is the length of the hash in an origin: 64 bits distinguish the few
// sources that share a destination, and leave room for the rest of an id.
const originDigits = 16

// id identifies r only by the source records that it carries. For one record it is
// source/lane/sequence/sub-sequence, for several the SHA-256 in hex of all of them. It
// contains the lane because sequence numbers are unique only in a shard.
func (o origin) id(r *engine.Record) string { return string(o.appendID(nil, r)) }

// appendID appends id to b.
func (o origin) appendID(b []byte, r *engine.Record) []byte {
	if one := only(r); one != nil {
		b = append(append(append(append(append(b, o...), one.Lane...), '/'), one.Seq...), '/')
		return strconv.AppendInt(b, int64(one.Sub), 10)
	}
	sum := sha256.Sum256(appendOrigin([]byte(o), r))
	return hex.AppendEncode(b, sum[:])
}

// dedupID returns the deduplication id of r.
func (o origin) dedupID(r *engine.Record) string { return token(o.id(r)) }

// appendOrigin appends the origin of every record that r carries. Lengths separate one
// record's lane and sequence number from the next.
func appendOrigin(b []byte, r *engine.Record) []byte {
	if parts := r.Parts(); parts != nil {
		for i := range parts {
			b = appendOrigin(b, &parts[i])
		}
		return b
	}
	for _, s := range []string{r.Lane, r.Seq} {
		b = append(binary.AppendUvarint(b, uint64(len(s))), s...)
	}
	return binary.AppendVarint(b, int64(r.Sub))
}

// only returns the single record that r carries, or nil if there are more.
func only(r *engine.Record) *engine.Record {
	for r.Parts() != nil {
		if len(r.Parts()) != 1 {
			return nil
		}
		r = &r.Parts()[0]
	}
	return r
}

// maxToken is the maximum length of the ids of message groups and of deduplication.
const maxToken = 128

// token returns s if it is valid as the id of a message group or of deduplication, with 1
// to 128 characters of visible ASCII. Otherwise it returns its SHA-256 in hex.
func token(s string) string {
	ok := s != "" && len(s) <= maxToken
	for i := 0; ok && i < len(s); i++ {
		ok = s[i] > ' ' && s[i] < 0x7F
	}
	if !ok {
		return sha256Hex([]byte(s))
	}
	return s
}
