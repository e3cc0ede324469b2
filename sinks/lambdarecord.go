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

func (p *pieces) append(b []byte) []byte {
	for _, piece := range p {
		b = append(b, piece...)
	}
	return b
}

// record returns the JSON text that stands for r in an event, or none if there is
// none.
func (l *Lambda) record(r *engine.Record, templates *kinesisTemplates) pieces {
	switch l.form {
	case Documents:
		return pieces{r.Data.Bytes()}
	case UserRecords:
		if len(r.Raw) > 0 {
			return templates.of(r.Raw).fill(r)
		}
	case SourceRecords:
	}
	return pieces{r.Raw}
}

// fault says why r, which text stands for, cannot be sent; "" if it can.
func (l *Lambda) fault(r *engine.Record, text *pieces) string {
	switch {
	case l.form == Documents && (!utf8.Valid(r.Data.Bytes()) || !json.Valid(r.Data.Bytes())):
		return "the record's data is not JSON"
	case l.form == UserRecords && (!utf8.ValidString(r.Key) || !utf8.ValidString(r.HashKey)):
		return "the record's partition key is not UTF-8, so JSON cannot hold it"
	case l.form == UserRecords && len(r.Raw) > 0 && text.size() == 0:
		return "the record does not come from Kinesis"
	case text.size() == 0:
		return "no source record is there to be sent"
	}
	return ""
}

// kinesisTemplate is a source record of Kinesis, taken apart to make user records.
type kinesisTemplate struct {
	raw  []byte
	head []byte // up to the members of kinesis; nil if it has none
	rest []byte // members of kinesis that a user record shares, each with a comma
	tail []byte // from the quote behind the data

	data, key, hashKey []byte
}

// newKinesisTemplate takes raw apart.
func newKinesisTemplate(raw []byte) *kinesisTemplate {
	t := &kinesisTemplate{raw: raw}
	members(raw, func(name []byte, start, end int) {
		if string(unquote(name)) == "kinesis" && raw[start] == '{' {
			t.head, t.tail = raw[:start+1], append([]byte(`"}`), raw[end:]...)
			t.read(raw[start:end])
		}
	})
	return t
}

// read sorts the members of the object kinesis.
func (t *kinesisTemplate) read(object []byte) {
	t.rest = nil
	members(object, func(name []byte, start, end int) {
		value := object[start:end]
		switch string(unquote(name)) {
		case "data":
			t.data = unquote(value)
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

// fill returns t with the data and keys of r: t's own text if they are t's own, and
// nothing if t is not of Kinesis.
func (t *kinesisTemplate) fill(r *engine.Record) pieces {
	switch {
	case t.head == nil:
		return pieces{}
	case r.Key == string(t.key) && r.HashKey == string(t.hashKey) && r.Data.TextLen() == len(t.data) && bytes.Equal(r.Data.Text(), t.data):
		return pieces{t.raw}
	}
	own := append(make([]byte, 0, len(t.rest)+len(r.Key)+128), t.rest...)
	own = append(append(own, `"partitionKey":`...), quote(r.Key)...)
	if r.HashKey != "" {
		own = append(append(own, `,"explicitHashKey":`...), quote(r.HashKey)...)
	}
	own = strconv.AppendInt(append(own, `,"subSequenceNumber":`...), int64(r.Sub), 10)
	own = append(own, `,"data":"`...)
	return pieces{t.head, own, r.Data.Text(), t.tail}
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
