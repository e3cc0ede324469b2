package kafka

import (
	"bytes"
	"encoding/base64"
	"iter"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"fanout/engine"
	"fanout/internal/jsonscan"
)

// Headers of every record. They say where it comes from, and are the same after a retry, so
// a consumer recognizes a repeated record.
const (
	headerSource   = "fanout-source"
	headerShard    = "fanout-shard"
	headerSequence = "fanout-sequence" // of a part of an aggregate: SEQUENCE/PART
)

// usesSource reports whether a record has headers in its source that are not in the record.
func usesSource(r *engine.Record) bool {
	found := false
	original(r.Raw, func(_, _ jsonscan.Value) { found = true })
	return found
}

// original reads a record of Kafka in Lambda's form (Lambda guide, Using Lambda with Amazon MSK). It
// returns the key, in base64, and calls header for each header with its bytes, which are a list.
func original(raw []byte, header func(name, list jsonscan.Value)) (key jsonscan.Value) {
	in := jsonscan.Cursor{Text: raw}
	in.Object(func(member jsonscan.Value) (ok bool) {
		switch string(member.Content()) {
		case "key":
			key, ok = in.Value()
			return ok
		case "headers":
			_, ok = in.Array(func() bool {
				_, ok := in.Object(func(name jsonscan.Value) bool {
					list, ok := in.Value()
					if ok && list.Kind == jsonscan.Array {
						header(name, list)
					}
					return ok
				})
				return ok
			})
			return ok
		}
		_, ok = in.Value()
		return ok
	})
	return key
}

// numbers returns the elements of a list of numbers.
func numbers(list []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for n := range bytes.SplitSeq(bytes.Trim(list, "[]"), []byte(",")) {
			if n = bytes.TrimSpace(n); len(n) > 0 && !yield(n) {
				return
			}
		}
	}
}

// message returns the Kafka record for r.
func (s *Sink) message(r *engine.Record) *kgo.Record {
	m := &kgo.Record{Topic: s.to.Topic, Value: r.Data.Bytes()}
	if r.Key != "" {
		m.Key = []byte(r.Key)
	}
	if m.Value == nil {
		m.Value = []byte{}
	}
	if r.Arrived > 0 {
		m.Timestamp = time.UnixMilli(r.Arrived)
	}
	if s.fromKafka {
		if r.Action == "REMOVE" && len(m.Value) == 0 {
			m.Value = nil // a tombstone
		}
		s.keep(m, r)
	}
	sequence := r.Seq
	if r.Sub > 0 {
		sequence += "/" + strconv.Itoa(r.Sub)
	}
	m.Headers = append(m.Headers,
		kgo.RecordHeader{Key: headerSource, Value: []byte(s.source)},
		kgo.RecordHeader{Key: headerShard, Value: []byte(r.Lane)},
		kgo.RecordHeader{Key: headerSequence, Value: []byte(sequence)},
	)
	return m
}

// keep copies the key's bytes and the headers of r's source record. A record that a stage
// changed has no source record, and a key that the target made differs from the source's.
func (s *Sink) keep(m *kgo.Record, r *engine.Record) {
	if r.Raw == nil {
		return
	}
	key := original(r.Raw, func(name, list jsonscan.Value) {
		h := kgo.RecordHeader{Key: string(name.Content()), Value: []byte{}}
		if h.Key == headerSource || h.Key == headerShard || h.Key == headerSequence {
			return // of the fanout that wrote the source
		}
		for n := range numbers(list.Raw) {
			b, _ := strconv.ParseInt(string(n), 10, 16)
			h.Value = append(h.Value, byte(b)) //nolint:gosec // Lambda writes bytes as signed numbers
		}
		m.Headers = append(m.Headers, h)
	})
	if key.IsString() && string(key.Content()) == r.Key { // a key that is not text is in base64
		if decoded, err := base64.StdEncoding.DecodeString(r.Key); err == nil {
			m.Key = decoded
		}
	}
}

// Bounds on what the client adds to a record and to a batch of records: lengths, offsets and
// times as varints, and the batch's header (Kafka documentation, Record Batch).
const (
	recordOverhead = 40
	headerOverhead = 10
	batchOverhead  = 100
)

// sizer counts the data, the key and the headers.
func (s *Sink) sizer(r *engine.Record) int {
	n := r.Data.Len() + len(r.Key) + recordOverhead + s.ownHeaders + len(r.Lane) + len(r.Seq)
	if s.fromKafka {
		original(r.Raw, func(name, list jsonscan.Value) {
			n += headerOverhead + len(name.Content())
			for range numbers(list.Raw) {
				n++
			}
		})
	}
	return n
}
