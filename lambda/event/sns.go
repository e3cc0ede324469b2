package event

import (
	"fanout/engine"
	"fanout/internal/jsonscan"
)

// snsRecord is the Sns member of a record (Lambda guide, Process Amazon SNS notifications).
type snsRecord struct {
	topic, message, id, seq, arrived jsonscan.Value
}

func (s *snsRecord) read(d *decoder) bool {
	*s = snsRecord{}
	_, ok := d.in.Object(func(name jsonscan.Value) (ok bool) {
		switch string(d.mem.bytes(name)) {
		case "TopicArn":
			s.topic, ok = d.in.Value()
		case "Message":
			s.message, ok = d.in.Value()
		case "MessageId":
			s.id, ok = d.in.Value()
		case "SequenceNumber":
			s.seq, ok = d.in.Value()
		case "Timestamp":
			s.arrived, ok = d.in.Value()
		default:
			_, ok = d.in.Value()
		}
		return ok
	})
	return ok
}

// sns converts the members just read to a record of b.
func (d *decoder) sns(b *Batch) engine.Record {
	s := &d.record.sns
	r := engine.Record{
		Key:    d.optional("Sns.MessageId", s.id),
		Lane:   b.SourceARN,
		Seq:    d.optional("Sns.SequenceNumber", s.seq),
		Action: "NOTIFICATION",
	}
	if r.Seq == "" {
		r.Seq = r.Key
	}
	if s.arrived.IsString() {
		r.Arrived = timestamp(d.mem.string(s.arrived))
	}
	if text := d.need("Sns.Message", s.message); d.bad == nil {
		r.Data = d.data().Bytes(text)
	}
	return r
}
