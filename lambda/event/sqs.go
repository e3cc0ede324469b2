package event

import (
	"strconv"
	"strings"

	"fanout/engine"
	"fanout/internal/jsonscan"
)

// Message is what Lambda's answer and the dedup store need of an SQS message.
type Message struct {
	ID string // messageId; "": the event has none

	// Again reports whether the queue handed the message out before. An
	// ApproximateReceiveCount that is missing counts as such.
	Again bool
}

// IsFIFO reports whether an ARN names a FIFO queue (SQS developer guide, FIFO queue and
// message identifiers).
func IsFIFO(queue string) bool { return strings.HasSuffix(queue, ".fifo") }

// sqsRecord holds the members of a message (Lambda guide, Using Lambda with Amazon SQS).
type sqsRecord struct {
	id, body                   jsonscan.Value
	group, seq, sent, receipts jsonscan.Value // attributes
}

// readAttributes reads the attributes that SQS itself gives a message. All of them are
// strings.
func (s *sqsRecord) readAttributes(d *decoder) bool {
	s.group, s.seq, s.sent, s.receipts = jsonscan.Value{}, jsonscan.Value{}, jsonscan.Value{}, jsonscan.Value{}
	_, ok := d.in.Object(func(name jsonscan.Value) (ok bool) {
		switch string(d.mem.bytes(name)) {
		case "MessageGroupId":
			s.group, ok = d.in.Value()
		case "SequenceNumber":
			s.seq, ok = d.in.Value()
		case "SentTimestamp":
			s.sent, ok = d.in.Value()
		case "ApproximateReceiveCount":
			s.receipts, ok = d.in.Value()
		default:
			_, ok = d.in.Value()
		}
		return ok
	})
	return ok
}

// sqs converts the members just read to a record of b.
func (d *decoder) sqs(b *Batch) engine.Record {
	s := &d.record.sqs
	m := Message{ID: d.optional("messageId", s.id), Again: !s.receipts.IsString() || string(d.mem.bytes(s.receipts)) != "1"}
	b.Messages = append(b.Messages, m)
	group := d.optional("attributes.MessageGroupId", s.group)
	r := engine.Record{Key: group, Lane: b.SourceARN, Seq: m.ID, Action: "MESSAGE"}
	if s.sent.IsString() {
		r.Arrived = unixMillis(d.mem.string(s.sent))
	}
	if IsFIFO(b.SourceARN) {
		if seq := d.optional("attributes.SequenceNumber", s.seq); seq != "" {
			r.Seq = seq
		}
		if group != "" {
			r.Lane = group
		}
	}
	if r.Key == "" {
		r.Key = m.ID
	}
	if text := d.need("body", s.body); d.bad == nil {
		r.Data = d.data().Bytes(text)
	}
	return r
}

// unixMillis reads the time of an SQS message, in Unix milliseconds. For an invalid time it
// returns 0, which means unknown.
func unixMillis(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || n > maxMillis {
		return 0
	}
	return n
}
