package sinks

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"sync/atomic"
	"unicode/utf8"

	"fanout/engine"
)

// pieces are JSON text in several parts, so that what is large need not be copied to
// be measured.
type pieces [4][]byte

func (p *pieces) size() int {
	n := 0
	for _, b := range p {
		n += len(b)
	}
	return n
}

// record returns the JSON text that stands for r in an event, or none if there is
// none.
func (l *Lambda) record(r *engine.Record, templates *kinesisTemplates) pieces {
	if len(r.Raw) > 0 {
		switch l.form {
		case KinesisRecords:
			return templates.of(r.Raw).fill(r)
		case Notifications:
			return notificationRecord(r)
		case SourceRecords:
		}
	}
	return pieces{r.Raw}
}

// fault says why r, which text stands for, cannot be sent; "" if it can.
func (l *Lambda) fault(r *engine.Record, text *pieces) string {
	switch {
	case len(r.Raw) == 0:
		return "no source record is there to be sent"
	case l.form == KinesisRecords && (!utf8.ValidString(r.Key) || !utf8.ValidString(r.HashKey)):
		return "the record's partition key is not UTF-8, so JSON cannot hold it"
	case l.form == Notifications && !utf8.Valid(r.Data.Bytes()):
		return "the message is not UTF-8, so JSON cannot hold it"
	case text.size() == 0 && l.form == KinesisRecords:
		return "the record does not come from Kinesis"
	case text.size() == 0:
		return "the record does not come from SNS"
	}
	return ""
}

// kinesisTemplate is a source record of Kinesis, taken apart to make records with other
// data of it.
type kinesisTemplate struct {
	raw     []byte
	kinesis span   // the object kinesis; at 0 if there is none
	id      span   // the value of eventID; at 0 if there is none
	content span   // the value of data; at 0 if there is none
	rest    []byte // members of kinesis that a user record shares, each with a comma

	data, key, hashKey []byte
}

// span is a part of a text.
type span struct{ start, end int }

// newKinesisTemplate takes raw apart.
func newKinesisTemplate(raw []byte) *kinesisTemplate {
	t := &kinesisTemplate{raw: raw}
	members(raw, func(name []byte, start, end int) {
		switch string(unquote(name)) {
		case "eventID":
			t.id = span{start, end}
		case "kinesis":
			if raw[start] == '{' {
				t.kinesis = span{start, end}
				t.read(raw[start:end])
			}
		}
	})
	return t
}

// read sorts the members of the object kinesis.
func (t *kinesisTemplate) read(object []byte) {
	t.rest, t.data, t.key, t.hashKey, t.content = nil, nil, nil, nil, span{}
	members(object, func(name []byte, start, end int) {
		value := object[start:end]
		switch string(unquote(name)) {
		case "data":
			t.data, t.content = unquote(value), span{t.kinesis.start + start, t.kinesis.start + end}
		case "partitionKey":
			t.key = unquote(value)
		case "explicitHashKey":
			t.hashKey = unquote(value)
		case "subSequenceNumber":
		default:
			t.rest = slices.Concat(t.rest, name, []byte(":"), value, []byte(","))
		}
	})
}

// aggregateText begins an aggregate of the Kinesis Producer Library in base64: it is
// the first 30 bits of the magic number.
const aggregateText = "84maw"

// fill returns t's own text if r has t's data and keys, and otherwise t with those of
// r: a user record if t is an aggregate or the keys differ. It returns nothing if t is
// not of Kinesis.
func (t *kinesisTemplate) fill(r *engine.Record) pieces {
	sameKeys := r.Key == string(t.key) && r.HashKey == string(t.hashKey)
	switch {
	case t.kinesis.start == 0:
		return pieces{}
	case sameKeys && r.Data.TextLen() == len(t.data) && bytes.Equal(r.Data.Text(), t.data):
		return pieces{t.raw}
	case sameKeys && t.content.start > 0 && !bytes.HasPrefix(t.data, []byte(aggregateText)):
		return pieces{t.raw[:t.content.start], quotation, r.Data.Text(), slices.Concat(quotation, t.raw[t.content.end:])}
	}
	return t.user(r)
}

var quotation = []byte(`"`)

// user returns t as the user record r: with data, keys, a subSequenceNumber and an
// eventID of its own. The eventID is t's, a colon and the number.
func (t *kinesisTemplate) user(r *engine.Record) pieces {
	head, tail := t.raw[:t.kinesis.start+1], t.raw[t.kinesis.end:]
	own := make([]byte, 0, len(t.raw)-(t.content.end-t.content.start)+len(r.Key)+192)
	id, text := t.userID(r)
	if id.start < t.kinesis.start {
		own = append(append(append(own, head[:id.start]...), text...), head[id.end:]...)
		head = nil
	}
	own = append(own, t.rest...)
	own = append(append(own, `"partitionKey":`...), quote(r.Key)...)
	if r.HashKey != "" {
		own = append(append(own, `,"explicitHashKey":`...), quote(r.HashKey)...)
	}
	own = strconv.AppendInt(append(own, `,"subSequenceNumber":`...), int64(r.Sub), 10)
	own = append(own, `,"data":"`...)
	n := len(own)
	own = append(own, `"}`...)
	if id.start >= t.kinesis.end {
		own = append(append(append(own, t.raw[t.kinesis.end:id.start]...), text...), t.raw[id.end:]...)
	} else {
		own = append(own, tail...)
	}
	return pieces{head, own[:n:n], r.Data.Text(), own[n:]}
}

// userID returns what takes the place of a part of t, so that r has an eventID of its
// own.
func (t *kinesisTemplate) userID(r *engine.Record) (place span, text []byte) {
	number := strconv.AppendInt([]byte(":"), int64(r.Sub), 10)
	if id := unquote(t.raw[t.id.start:t.id.end]); len(id) > 0 {
		last := t.id.end - 1 // the quote
		return span{last, last}, number
	}
	id := quote(r.Lane + ":" + r.Seq + string(number))
	if t.id.start > 0 {
		return t.id, id
	}
	start := bytes.IndexByte(t.raw, '{') + 1
	return span{start, start}, slices.Concat([]byte(`"eventID":`), id, []byte(","))
}

// notificationRecord returns a source record of SNS with the data of r as its message, its own
// text if that is its message, and nothing if it is not of SNS.
func notificationRecord(r *engine.Record) pieces {
	var message span
	members(r.Raw, func(name []byte, object, end int) {
		if string(unquote(name)) != "Sns" {
			return
		}
		message = span{}
		members(r.Raw[object:end], func(name []byte, start, end int) {
			if string(unquote(name)) == "Message" {
				message = span{object + start, object + end}
			}
		})
	})
	switch {
	case message.start == 0:
		return pieces{}
	case bytes.Equal(unquote(r.Raw[message.start:message.end]), r.Data.Bytes()):
		return pieces{r.Raw}
	}
	return pieces{r.Raw[:message.start], quote(string(r.Data.Bytes())), r.Raw[message.end:]}
}

// quote returns s, which is UTF-8, as a JSON string.
func quote(s string) []byte {
	text, _ := json.Marshal(s) // a string cannot fail
	return text
}

// kinesisTemplates keeps the template that was used last: the user records of one
// source record follow each other, and it may have thousands. It is for the records of
// one event, whose memory it keeps, and which another event may have later.
type kinesisTemplates struct {
	last atomic.Pointer[kinesisTemplate]
}

// of returns the template that a source record makes, which is known by its place in
// memory.
func (m *kinesisTemplates) of(raw []byte) *kinesisTemplate {
	if t := m.last.Load(); t != nil && len(t.raw) == len(raw) && &t.raw[0] == &raw[0] {
		return t
	}
	t := newKinesisTemplate(raw)
	m.last.Store(t)
	return t
}
