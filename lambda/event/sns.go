package event

import "fanout/engine"

// snsRecord is the Sns member of a record (Lambda guide, Process Amazon SNS notifications).
type snsRecord struct {
	topic, message, id, seq, arrived value
}

func (s *snsRecord) read(d *decoder) bool {
	*s = snsRecord{}
	_, ok := d.object(func(name []byte) (ok bool) {
		switch string(name) {
		case "TopicArn":
			s.topic, ok = d.value()
		case "Message":
			s.message, ok = d.value()
		case "MessageId":
			s.id, ok = d.value()
		case "SequenceNumber":
			s.seq, ok = d.value()
		case "Timestamp":
			s.arrived, ok = d.value()
		default:
			_, ok = d.value()
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
	if s.arrived.isString() {
		r.Arrived = timestamp(d.mem.string(s.arrived))
	}
	if text := d.need("Sns.Message", s.message); d.bad == nil {
		r.Data = d.data().Bytes(text)
	}
	return r
}
