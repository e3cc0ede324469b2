package event

import (
	"fmt"
	"slices"

	"fanout/engine"
	"fanout/internal/jsonscan"
)

// decoder builds batches from an event's records.
type decoder struct {
	in      jsonscan.Cursor
	mem     arena
	batches []Batch
	index   map[source]int // of batches
	last    int            // batch of the previous record

	room     *Memory // for the first batch; nil once it is taken
	payloads *engine.Payloads
	stock    int // number of payloads left

	start int   // offset of Records
	n     int   // number of records read
	err   error // why the whole event cannot be accepted

	shape  shape  // of the previous record
	shard  string // of the previous Kinesis record
	lane   string // topic and partition of the Kafka records being read
	record record // the record being read
	bad    error  // why this record cannot be delivered
	attrs  []attr // of its DynamoDB keys; reused for each record
}

// source holds the values that records of one batch share.
type source struct {
	kind Kind
	arn  string
}

// record holds the relevant members of a source record.
type record struct {
	raw         jsonscan.Value
	eventSource jsonscan.Value // Kinesis, DynamoDB and SQS
	EventSource jsonscan.Value // SNS
	arn         jsonscan.Value
	id          jsonscan.Value
	name        jsonscan.Value
	kinesis     kinesisRecord
	dynamodb    dynamodbRecord
	sns         snsRecord
	sqs         sqsRecord
}

// records reads the value of Records.
func (d *decoder) records() (jsonscan.Kind, bool) {
	d.batches, d.index, d.err, d.n = nil, nil, nil, 0
	d.shape.forget()
	d.in.Peek()
	d.start = d.in.Pos
	v, ok := d.in.Array(d.entry)
	return v.Kind, ok
}

// entry reads one element of Records.
func (d *decoder) entry() bool {
	d.in.Peek()
	if d.shape.known && d.alike() {
		return true
	}
	start := d.in.Pos
	d.record, d.bad = record{}, nil
	d.shape.forget()
	r, ok := &d.record, false
	r.raw, ok = d.in.Object(func(name jsonscan.Value) (ok bool) {
		switch string(d.mem.bytes(name)) {
		case "eventSource":
			r.eventSource, ok = d.in.Value()
		case "EventSource":
			r.EventSource, ok = d.in.Value()
		case "eventSourceARN":
			r.arn, ok = d.in.Value()
		case "eventID":
			ok = d.note(&r.id)
		case "eventName":
			r.name, ok = d.in.Value()
		case "kinesis":
			ok = r.kinesis.read(d)
		case "dynamodb":
			ok = r.dynamodb.read(d)
		case "Sns":
			ok = r.sns.read(d)
		case "messageId":
			r.sqs.id, ok = d.in.Value()
		case "body":
			r.sqs.body, ok = d.in.Value()
		case "attributes":
			ok = r.sqs.readAttributes(d)
		default:
			_, ok = d.in.Value()
		}
		return ok
	})
	if ok && d.err == nil {
		if d.err = d.add(); d.err == nil {
			d.learn(start)
		}
	}
	d.n++
	return ok
}

// NoARN is the error of an event with a record that does not name its source.
type NoARN struct{ text string }

// Error names the record.
func (e *NoARN) Error() string { return e.text }

// add adds the current record to its batch.
func (d *decoder) add() error {
	r := &d.record
	if r.raw.Kind != jsonscan.Object {
		return fmt.Errorf("the event's Records[%d] is %s, not an object", d.n, r.raw.Kind)
	}
	from := r.eventSource
	if !from.Given() {
		from = r.EventSource
	}
	if !from.IsString() {
		return fmt.Errorf("the event's Records[%d] has no eventSource; fanout accepts %s", d.n, recordSources)
	}
	kind := kindNamed(d.mem.bytes(from))
	if kind == 0 || kind == Kafka {
		return fmt.Errorf("the event's Records[%d] comes from %s; fanout accepts %s", d.n, quote(d.mem.bytes(from)), recordSources)
	}
	arn, where := r.arn, "eventSourceARN"
	if kind == SNS {
		arn, where = r.sns.topic, "Sns.TopicArn"
	}
	if !arn.IsString() || len(arn.Raw) == 0 {
		return &NoARN{fmt.Sprintf("the event's Records[%d] comes from %s but has no %s", d.n, kind, where)}
	}
	b := d.batch(source{kind, d.mem.string(arn)})
	b.Records = append(b.Records, d.build(b))
	return nil
}

// build converts the current record to a record of b.
func (d *decoder) build(b *Batch) engine.Record {
	if d.stock == 0 {
		d.reserve(b)
	}
	var out engine.Record
	switch b.Kind {
	case Kinesis:
		out = d.kinesis()
	case DynamoDB:
		out = d.dynamodb(b)
	case SNS:
		out = d.sns(b)
	case SQS:
		out = d.sqs(b)
	case Kafka: // its records have a reader of their own
	}
	out.Raw = d.record.raw.Raw
	if d.bad != nil {
		out.Data = engine.Unreadable(d.bad)
	}
	return out
}

// batch returns the batch for s.
func (d *decoder) batch(s source) *Batch {
	if len(d.batches) > 0 {
		if b := &d.batches[d.last]; b.SourceARN == s.arn && b.Kind == s.kind {
			return b
		}
	}
	i, ok := d.index[s]
	if !ok {
		if d.index == nil {
			d.index = make(map[source]int, 1)
		}
		i = len(d.batches)
		d.index[s] = i
		d.batches = append(d.batches, Batch{SourceARN: s.arn, Kind: s.kind, First: d.n})
	}
	d.last = i
	return &d.batches[i]
}

// maxReserve bounds memory reserved in advance: a stream's batch has at most 10,000
// records.
const maxReserve = 10000

// reserve makes room for this record and the following ones. It estimates their number from
// the average length so far. Most events have one source, so the first batch gets the room.
func (d *decoder) reserve(b *Batch) {
	size := (d.in.Pos-d.start)/(d.n+1) + 1
	left := (len(d.in.Text) - d.in.Pos) / size
	left = min(1+left+left/16, maxReserve)
	d.stock = left
	if m := d.room; m != nil {
		d.room = nil
		m.payloads.Reuse(left)
		d.payloads, b.Records = &m.payloads, slices.Grow(m.records, left)
		return
	}
	d.payloads = engine.NewPayloads(left)
	if len(d.batches) == 1 {
		b.Records = slices.Grow(b.Records, left)
	}
}

// data returns d.payloads and counts one payload as used.
func (d *decoder) data() *engine.Payloads {
	d.stock--
	return d.payloads
}

// need returns the text of a required member.
func (d *decoder) need(where string, v jsonscan.Value) []byte {
	if !v.IsString() {
		d.fail("the record's %s is %s, not a string", where, v.Kind)
		return nil
	}
	return d.mem.bytes(v)
}

// optional is like need, but returns "" for a missing member.
func (d *decoder) optional(where string, v jsonscan.Value) string {
	if !v.Given() {
		return ""
	}
	return share(d.need(where, v))
}

// fail sets the reason why the current record cannot be delivered. The first reason counts.
func (d *decoder) fail(format string, args ...any) {
	if d.bad == nil {
		d.bad = fmt.Errorf(format, args...)
	}
}
