package stages

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"fanout/engine"
	"fanout/internal/jsonscan"
	"fanout/internal/jsontext"
)

// EnvelopeForm is a form in which the data of records is sent.
type EnvelopeForm uint8

// The forms, with the names that ParseEnvelope takes.
const (
	NoEnvelope  EnvelopeForm = iota // "none"
	CloudEvents                     // "cloudevents": CloudEvents 1.0, JSON Event Format
	Debezium                        // "debezium": change events of Debezium, without a schema
)

var envelopes = [...]string{NoEnvelope: "none", CloudEvents: "cloudevents", Debezium: "debezium"}

// String returns the form's name.
func (f EnvelopeForm) String() string {
	if int(f) < len(envelopes) {
		return envelopes[f]
	}
	return fmt.Sprintf("envelope %d", uint8(f))
}

// ParseEnvelope returns the form with exactly that name; "" is NoEnvelope.
func ParseEnvelope(name string) (EnvelopeForm, error) {
	for f, n := range envelopes {
		if n == name {
			return EnvelopeForm(f), nil
		}
	}
	if name == "" {
		return NoEnvelope, nil
	}
	return NoEnvelope, fmt.Errorf("%q is not an envelope: use none, cloudevents or debezium", name)
}

// Envelope puts the data of each record into a JSON object that describes it. The object
// depends on the record alone, so a record that comes again gets the same one.
type Envelope struct {
	Form   EnvelopeForm
	Source string // ARN
}

// Name returns "envelope" and the form.
func (e Envelope) Name() string { return "envelope " + e.Form.String() }

// ReadsSource reports that the envelopes have parts of the source record: the old image, or
// the subject of a notification.
func (Envelope) ReadsSource() bool { return true }

// Process wraps each record separately.
func (e Envelope) Process(_ context.Context, in []engine.Record, out *engine.Out) {
	w := enveloper{Envelope: e, arn: strings.SplitN(e.Source, ":", 6)}
	total := 0
	for i := range in {
		total += in[i].Data.Len() + len(in[i].Key) + len(in[i].Seq) + perEnvelope + len(e.Source)
	}
	w.out = make([]byte, 0, total)
	cells := engine.NewPayloads(len(in))
	out.Grow(len(in))
	for i, r := range in {
		if i%ahead == 0 {
			engine.DecodeBase64(in[i:min(i+ahead, len(in))])
		}
		start := len(w.out)
		if err := w.wrap(&r); err != nil {
			w.out = w.out[:start]
			out.Fail(r, engine.Errorf(engine.Permanent, "the record does not fit into an envelope of the form %v: %w", e.Form, err))
			continue
		}
		data := cells.Bytes(w.out[start:len(w.out):len(w.out)])
		if e.Form == CloudEvents && odd(data.Bytes()) == 0 {
			data.MarkJSON()
		}
		out.EmitWithSource(r.With(data), r.Raw)
	}
}

// perEnvelope is the room, in bytes, for what an envelope adds to a record.
const perEnvelope = 384

// enveloper writes one envelope after another.
type enveloper struct {
	Envelope
	arn []string // parts of Source
	out []byte
}

func (w *enveloper) wrap(r *engine.Record) error {
	switch w.Form {
	case CloudEvents:
		w.cloudEvent(r)
		return nil
	case Debezium:
		return w.debezium(r)
	default:
		return errors.New("the form is unknown")
	}
}

func (w *enveloper) text(s string)   { w.out = append(w.out, s...) }
func (w *enveloper) string(s string) { w.out = jsontext.AppendString(w.out, s) }

// arnPart returns a part of the source's ARN: 2 is the service, 3 the region.
func (w *enveloper) arnPart(i int) string {
	if i < len(w.arn) {
		return w.arn[i]
	}
	return ""
}

// kafka reports whether the source is a topic of Kafka.
func (w *enveloper) kafka() bool {
	return w.arnPart(2) == kafka || strings.HasPrefix(w.Source, "kafka://")
}

// cloudEvent appends r as an event (CloudEvents 1.0.2, JSON Event Format).
func (w *enveloper) cloudEvent(r *engine.Record) {
	w.text(`{"specversion":"1.0","id":`)
	w.id(r)
	w.text(`,"source":`)
	w.string(w.Source)
	w.text(`,"type":"`)
	w.text(w.typeOf(r))
	w.text(`"`)
	if 0 < r.Arrived && r.Arrived <= lastTime {
		w.text(`,"time":"`)
		w.out = time.UnixMilli(r.Arrived).UTC().AppendFormat(w.out, "2006-01-02T15:04:05.000Z")
		w.text(`"`)
	}
	if !w.kafka() {
		w.attribute("subject", subjectOf(r))
	}
	if r.Key != r.Seq { // the key of a notification is its MessageId, which is the id
		w.attribute("partitionkey", r.Key)
	}
	w.data(r.Data)
	w.text("}")
}

// lastTime is the end of the year 9999, in Unix milliseconds. RFC 3339 has no later time.
const lastTime = 253402300799999

// id appends shard/sequence, and for all but the first record made of a source record,
// shard/sequence/part. If the source has one shard, its name is left out.
func (w *enveloper) id(r *engine.Record) {
	w.text(`"`)
	if r.Lane != "" && r.Lane != w.Source {
		w.out = append(jsontext.Append(w.out, r.Lane), '/')
	}
	w.out = jsontext.Append(w.out, r.Seq)
	if r.Sub > 0 {
		w.out = strconv.AppendInt(append(w.out, '/'), int64(r.Sub), 10)
	}
	w.text(`"`)
}

// typeOf returns the type of an event. For notifications it follows the adapter of
// CloudEvents for SNS.
func (w *enveloper) typeOf(r *engine.Record) string {
	switch {
	case w.kafka() && r.Action == remove:
		return "org.apache.kafka.tombstone"
	case w.kafka():
		return "org.apache.kafka.record"
	}
	switch r.Action {
	case "PUT":
		return "com.amazonaws.kinesis.record"
	case "INSERT":
		return "com.amazonaws.dynamodb.insert"
	case "MODIFY":
		return "com.amazonaws.dynamodb.modify"
	case remove:
		return "com.amazonaws.dynamodb.remove"
	case "NOTIFICATION":
		return "com.amazonaws.sns.Notification"
	case "MESSAGE":
		return "com.amazonaws.sqs.message"
	}
	return "com.amazonaws.record"
}

// subjectOf returns the subject of a notification, or the key of a DynamoDB item.
func subjectOf(r *engine.Record) string {
	switch r.Action {
	case "INSERT", "MODIFY", remove:
		return r.Key
	case "NOTIFICATION":
		return notificationSubject(r.Raw)
	}
	return ""
}

// notificationSubject returns Sns.Subject of a source record, or "".
func notificationSubject(raw []byte) (subject string) {
	c := jsonscan.Cursor{Text: raw, AnyBytes: true}
	c.Object(func(name jsonscan.Value) (ok bool) {
		sns := string(name.Content()) == "Sns"
		_, ok = c.Object(func(name jsonscan.Value) bool {
			v, ok := c.Value()
			if sns && string(name.Content()) == "Subject" {
				subject = string(v.Content())
			}
			return ok
		})
		return ok
	})
	return subject
}

// attribute appends an attribute, unless value is empty or holds a character that
// CloudEvents forbids.
func (w *enveloper) attribute(name, value string) {
	if value == "" || !utf8.ValidString(value) || strings.ContainsFunc(value, forbidden) {
		return
	}
	w.text(`,"`)
	w.text(name)
	w.text(`":`)
	w.string(value)
}

// forbidden reports whether a character may not be in a string of CloudEvents 1.0.2 (Type
// System): control characters and the code points that are no characters.
func forbidden(c rune) bool {
	return c < ' ' || 0x7F <= c && c <= 0x9F || 0xFDD0 <= c && c <= 0xFDEF || c&0xFFFE == 0xFFFE
}

// data appends the data: JSON as it is, other text as a string, and other bytes in base64.
func (w *enveloper) data(data engine.Payload) {
	b := data.Bytes()
	switch {
	case data.KnownJSON() || jsonscan.Valid(b):
		w.text(`,"datacontenttype":"application/json","data":`)
		w.out = append(w.out, b...)
	case utf8.Valid(b):
		w.text(`,"datacontenttype":"text/plain","data":`)
		w.out = jsontext.AppendString(w.out, b)
	default:
		w.text(`,"datacontenttype":"application/octet-stream","data_base64":"`)
		w.out = base64.StdEncoding.AppendEncode(w.out, b)
		w.text(`"`)
	}
}
