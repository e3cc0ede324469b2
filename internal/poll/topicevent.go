package poll

import (
	"encoding/base64"
	"encoding/json"
	"strconv"

	"github.com/twmb/franz-go/pkg/kgo"

	"fanout/internal/awsname"
	"fanout/internal/jsontext"
)

// topicRecord writes a record in the form of Lambda's events from Kafka (Lambda guide, Using
// Lambda with self-managed Apache Kafka).
func topicRecord(r *kgo.Record) record {
	b := make([]byte, 0, 200+len(r.Topic)+base64.StdEncoding.EncodedLen(len(r.Key))+base64.StdEncoding.EncodedLen(len(r.Value)))
	b = appendMember(append(b, '{'), "topic", r.Topic)
	b = strconv.AppendInt(append(b, `"partition":`...), int64(r.Partition), 10)
	b = strconv.AppendInt(append(b, `,"offset":`...), r.Offset, 10)
	b = strconv.AppendInt(append(b, `,"timestamp":`...), r.Timestamp.UnixMilli(), 10)
	kind := "CREATE_TIME"
	if r.Attrs.TimestampType() == 1 {
		kind = "LOG_APPEND_TIME"
	}
	b = append(appendMember(append(b, ','), "timestampType", kind), `"key":`...)
	b = append(appendBytes(b, r.Key), `,"value":`...)
	b = append(appendBytes(b, r.Value), `,"headers":[`...)
	for i, h := range r.Headers {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(jsontext.AppendString(append(b, '{'), h.Key), ':')
		b = append(appendSigned(b, h.Value), '}')
	}
	rec := record{seq: strconv.FormatInt(r.Offset, 10), json: append(b, "]}"...)}
	if r.Timestamp.UnixMilli() >= 0 { // -1: none
		rec.arrived = r.Timestamp
	}
	return rec
}

// appendBytes appends base64, or null for a key or value that there is not.
func appendBytes(dst, b []byte) []byte {
	if b == nil {
		return append(dst, "null"...)
	}
	return appendBinary(dst, b)
}

// appendSigned appends a list of bytes as Java has them.
func appendSigned(dst, b []byte) []byte {
	return appendList(dst, b, func(dst []byte, c byte) []byte {
		return strconv.AppendInt(dst, int64(int8(c)), 10) //nolint:gosec // a byte of Java is signed
	})
}

// topicForm is the form of the events of a topic.
func topicForm(source string) func(shard string) form {
	return func(shard string) form {
		head, tail := awsname.KafkaEvent(source, shard)
		return form{head: head, tail: tail, failed: func(answer []byte) ([]string, error) { return failedOffsets(answer, shard) }}
	}
}

// failedOffsets returns the offsets that an answer names as failed (Lambda guide, Configuring
// error handling controls for Kafka event sources).
func failedOffsets(answer []byte, shard string) (offsets []string, err error) {
	type item struct {
		Partition string      `json:"partition"`
		Offset    json.Number `json:"offset"`
	}
	items, err := failedItems[item](answer)
	for _, f := range items {
		if f.Partition != shard {
			return nil, ErrNotInBatch
		}
		offsets = append(offsets, f.Offset.String())
	}
	return offsets, err
}
