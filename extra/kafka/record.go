package kafka

import (
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"fanout/engine"
)

// Headers of every record. They say where it comes from, and are the same after a retry, so
// a consumer recognizes a repeated record.
const (
	headerSource   = "fanout-source"
	headerShard    = "fanout-shard"
	headerSequence = "fanout-sequence" // of a part of an aggregate: SEQUENCE/PART
)

// isKafka reports whether a source is a Kafka topic.
func isKafka(source string) bool {
	return strings.HasPrefix(source, "kafka://") || strings.Contains(source, ":kafka:")
}

// usesSource reports whether a record has a key or headers in its source that are not in the
// record.
func usesSource(r *engine.Record) bool {
	return len(original(r).Headers) > 0
}

// sourceRecord has the members of a Kafka record in Lambda's form (Lambda guide, Using Lambda with
// Amazon MSK).
type sourceRecord struct {
	Key     *string             `json:"key"`     // base64
	Headers []map[string][]int8 `json:"headers"` // name to bytes, which are signed
}

// original returns the source record of a record from Kafka.
func original(r *engine.Record) (s sourceRecord) {
	if json.Unmarshal(r.Raw, &s) != nil {
		return sourceRecord{}
	}
	return s
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
	o := original(r)
	if o.Key != nil && *o.Key == r.Key { // a key that is not text is in base64
		if key, err := base64.StdEncoding.DecodeString(*o.Key); err == nil {
			m.Key = key
		}
	}
	for _, names := range o.Headers {
		for name, signed := range names {
			if name == headerSource || name == headerShard || name == headerSequence {
				continue // of the fanout that wrote the source
			}
			value := make([]byte, len(signed))
			for i, b := range signed {
				value[i] = byte(b) //nolint:gosec // Lambda writes bytes as signed numbers
			}
			m.Headers = append(m.Headers, kgo.RecordHeader{Key: name, Value: value})
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
		for _, names := range original(r).Headers {
			for name, value := range names {
				n += headerOverhead + len(name) + len(value)
			}
		}
	}
	return n
}
