// Package ids makes the ids that services need from the records that they get.
package ids

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"strings"

	"fanout/engine"
)

// Origin identifies a source, and is put before the ids of its records. Streams number
// their shards and records alike. Without an origin, two streams that write to one FIFO
// queue or index would lose records to each other.
type Origin string

// originDigits is the length of the hash in an origin: 64 bits distinguish the few
// sources that share a destination, and leave room for the rest of an id.
const originDigits = 16

// OriginOf returns the origin of the records of a source.
func OriginOf(sourceARN string) Origin {
	return Origin(Hash([]byte(sourceARN))[:originDigits] + "/")
}

// ID identifies r only by the source records that it carries. For one record it is
// source/lane/sequence/sub-sequence, for several the SHA-256 in hex of all of them. It
// contains the lane because sequence numbers are unique only in a shard.
func (o Origin) ID(r *engine.Record) string { return string(o.AppendID(nil, r)) }

// AppendID appends the ID of r to b.
func (o Origin) AppendID(b []byte, r *engine.Record) []byte {
	if one := Single(r); one != nil {
		b = append(append(append(append(append(b, o...), one.Lane...), '/'), one.Seq...), '/')
		return strconv.AppendInt(b, int64(one.Sub), 10)
	}
	sum := sha256.Sum256(appendSources([]byte(o), r))
	return hex.AppendEncode(b, sum[:])
}

// DedupID returns the deduplication id of r.
func (o Origin) DedupID(r *engine.Record) string { return Token(o.ID(r)) }

// maxName is the maximum length of a name.
const maxName = 80

// Name returns a name for r of at most 80 letters, digits, - and _. It is the sequence number and
// the beginning of the SHA-256 of the ID, or that SHA-256 alone for several records and for other
// sequence numbers.
func (o Origin) Name(r *engine.Record) string {
	hash := Hash(o.AppendID(nil, r))
	one := Single(r)
	if one == nil || one.Seq == "" || len(one.Seq) > maxName-len("-")-originDigits || strings.ContainsFunc(one.Seq, notOfName) {
		return hash
	}
	return one.Seq + "-" + hash[:originDigits]
}

// notOfName reports whether r cannot be in a name.
func notOfName(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
}

// appendSources appends what identifies each source record that r carries. Lengths separate one
// record's lane and sequence number from the next.
func appendSources(b []byte, r *engine.Record) []byte {
	if parts := r.Parts(); parts != nil {
		for i := range parts {
			b = appendSources(b, &parts[i])
		}
		return b
	}
	for _, s := range []string{r.Lane, r.Seq} {
		b = append(binary.AppendUvarint(b, uint64(len(s))), s...)
	}
	return binary.AppendVarint(b, int64(r.Sub))
}

// Single returns the single record that r carries, or nil if there are more.
func Single(r *engine.Record) *engine.Record {
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

// Token returns s if it is valid as the id of a message group or of deduplication, with 1
// to 128 characters of visible ASCII. Otherwise it returns its SHA-256 in hex.
func Token(s string) string {
	ok := s != "" && len(s) <= maxToken
	for i := 0; ok && i < len(s); i++ {
		ok = s[i] > ' ' && s[i] < 0x7F
	}
	if !ok {
		return Hash([]byte(s))
	}
	return s
}

// Hash returns the SHA-256 of b in hex.
func Hash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
