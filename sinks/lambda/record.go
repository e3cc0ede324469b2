package lambda

import (
	"bytes"
	"slices"
	"strconv"
	"sync/atomic"
	"unicode/utf8"

	"fanout/engine"
	"fanout/internal/jsonscan"
	"fanout/internal/jsontext"
)

// pieces are JSON text in several parts, so that its length is known without a copy.
type pieces [4][]byte

func (p *pieces) size() int {
	n := 0
	for _, b := range p {
		n += len(b)
	}
	return n
}

// record returns the JSON text of r in an event, or an empty text if r has none.
func (l *Sink) record(r *engine.Record, templates *kinesisTemplates) pieces {
	switch {
	case len(r.Raw) == 0:
		return pieces{l.source.record(r)}
	case l.form == KinesisRecords:
		return templates.of(r.Raw).fill(r)
	case l.form == Notifications:
		return withText(r, "Sns", "Message")
	case l.form == Messages:
		return withText(r, "", "body")
	default:
		return pieces{r.Raw}
	}
}

// fault returns the reason why r, with the given text, cannot be sent, or "".
func (l *Sink) fault(r *engine.Record, text *pieces) string {
	switch {
	case len(r.Raw) == 0:
		return l.source.fault(r)
	case l.form == KinesisRecords && notUTF8(r):
		return keyNotUTF8
	case (l.form == Notifications || l.form == Messages) && !utf8.Valid(r.Data.Bytes()):
		return messageNotUTF8
	case text.size() == 0 && l.form == KinesisRecords:
		return "the record does not come from Kinesis"
	case text.size() == 0 && l.form == Messages:
		return "the record does not come from SQS"
	case text.size() == 0:
		return "the record does not come from SNS"
	}
	return ""
}

// Reasons why JSON cannot hold a record.
const (
	keyNotUTF8     = "the record's partition key is not UTF-8, so JSON cannot hold it"
	messageNotUTF8 = "the message is not UTF-8, so JSON cannot hold it"
)

// notUTF8 reports whether JSON cannot hold the keys of r.
func notUTF8(r *engine.Record) bool {
	return !utf8.ValidString(r.Key) || !utf8.ValidString(r.HashKey)
}

// kinesisTemplate is a Kinesis source record in parts, from which records with other data
// are made.
type kinesisTemplate struct {
	raw     []byte
	kinesis span   // the object kinesis; at 0 if missing
	id      span   // the value of eventID; at 0 if missing
	named   bool   // eventID is a string that is not empty
	content span   // the value of data; at 0 if missing
	rest    []byte // members of kinesis that a user record keeps, each with a comma

	data, key, hashKey []byte
}

// span is a part of a text.
type span struct{ start, end int }

// newKinesisTemplate splits raw into its parts.
func newKinesisTemplate(raw []byte) *kinesisTemplate {
	t := &kinesisTemplate{raw: raw}
	c := jsonscan.Cursor{Text: raw, AnyBytes: true}
	c.Object(func(name jsonscan.Value) bool {
		if string(name.Content()) == "kinesis" && c.Peek() == '{' {
			return t.read(&c)
		}
		v, place, ok := placed(&c)
		if string(name.Content()) == "eventID" {
			t.id, t.named = place, len(v.Content()) > 0
		}
		return ok
	})
	return t
}

// placed reads a value, and returns its place too.
func placed(c *jsonscan.Cursor) (v jsonscan.Value, place span, ok bool) {
	c.Peek()
	start := c.Pos
	v, ok = c.Value()
	return v, span{start, c.Pos}, ok
}

// read reads the object kinesis, and sorts its members.
func (t *kinesisTemplate) read(c *jsonscan.Cursor) bool {
	t.rest, t.data, t.key, t.hashKey, t.content = nil, nil, nil, nil, span{}
	start := c.Pos
	_, ok := c.Object(func(name jsonscan.Value) bool {
		v, place, ok := placed(c)
		switch string(name.Content()) {
		case "data":
			t.data, t.content = v.Content(), place
		case "partitionKey":
			t.key = v.Content()
		case "explicitHashKey":
			t.hashKey = v.Content()
		case "subSequenceNumber":
		default:
			t.rest = slices.Concat(t.rest, quotation, name.Raw, []byte(`":`), t.raw[place.start:place.end], []byte(","))
		}
		return ok
	})
	t.kinesis = span{start, c.Pos}
	return ok
}

// aggregateText begins an aggregate of the Kinesis Producer Library in base64: it is the
// first 30 bits of the magic number.
const aggregateText = "84maw"

// fill returns t's own text if r has t's data and keys, and otherwise t with the data and
// keys of r. If t is an aggregate or the keys differ, it becomes a user record. fill
// returns nothing if t is not a Kinesis record.
func (t *kinesisTemplate) fill(r *engine.Record) pieces {
	sameKeys := r.Key == string(t.key) && r.HashKey == string(t.hashKey)
	switch {
	case t.kinesis.start == 0:
		return pieces{}
	case sameKeys && r.Data.TextLen() == len(t.data) && bytes.Equal(r.Data.Text(), t.data):
		return pieces{t.raw}
	case sameKeys && t.content.start > 0 && r.Sub == 0 && !bytes.HasPrefix(t.data, []byte(aggregateText)):
		return pieces{t.raw[:t.content.start], quotation, r.Data.Text(), slices.Concat(quotation, t.raw[t.content.end:])}
	}
	return t.user(r)
}

var quotation = []byte(`"`)

// user returns t as the user record r, with its own data, keys, subSequenceNumber and
// eventID. The eventID is t's, a colon and the number.
func (t *kinesisTemplate) user(r *engine.Record) pieces {
	head, tail := t.raw[:t.kinesis.start+1], t.raw[t.kinesis.end:]
	own := make([]byte, 0, len(t.raw)-(t.content.end-t.content.start)+len(r.Key)+192)
	id, text := t.userID(r)
	if id.start < t.kinesis.start {
		own = append(append(append(own, head[:id.start]...), text...), head[id.end:]...)
		head = nil
	}
	own = append(own, t.rest...)
	own = jsontext.AppendString(append(own, `"partitionKey":`...), r.Key)
	if r.HashKey != "" {
		own = jsontext.AppendString(append(own, `,"explicitHashKey":`...), r.HashKey)
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

// userID returns the part of t to replace, and its new text, to give r its own eventID.
func (t *kinesisTemplate) userID(r *engine.Record) (place span, text []byte) {
	number := strconv.AppendInt([]byte(":"), int64(r.Sub), 10)
	if t.named {
		last := t.id.end - 1 // the closing quote
		return span{last, last}, number
	}
	id := jsontext.AppendString(nil, r.Lane+":"+r.Seq+string(number))
	if t.id.start > 0 {
		return t.id, id
	}
	start := bytes.IndexByte(t.raw, '{') + 1
	return span{start, start}, slices.Concat([]byte(`"eventID":`), id, []byte(","))
}

// withText returns the source record with the data of r as the value of a member: one of
// the object called object, or of the record itself if that is "". It returns the record's
// own text if the value is the same, and nothing if there is no such member.
func withText(r *engine.Record, object, member string) pieces {
	var message jsonscan.Value
	var place span
	c := jsonscan.Cursor{Text: r.Raw, AnyBytes: true}
	find := func(name jsonscan.Value) (ok bool) {
		if string(name.Content()) == member {
			message, place, ok = placed(&c)
		} else {
			_, ok = c.Value()
		}
		return ok
	}
	if object == "" {
		c.Object(find)
	} else {
		c.Object(func(name jsonscan.Value) (ok bool) {
			if string(name.Content()) != object {
				_, ok = c.Value()
				return ok
			}
			message, place = jsonscan.Value{}, span{}
			_, ok = c.Object(find)
			return ok
		})
	}
	switch {
	case place.start == 0:
		return pieces{}
	case bytes.Equal(message.Content(), r.Data.Bytes()):
		return pieces{r.Raw}
	}
	return pieces{r.Raw[:place.start], jsontext.AppendString(nil, r.Data.Bytes()), r.Raw[place.end:]}
}

// kinesisTemplates keeps the last template, because the user records of one source record
// follow each other and may be thousands. Use it for one event only: it keeps the event's
// memory, which a later event may reuse.
type kinesisTemplates struct {
	last atomic.Pointer[kinesisTemplate]
}

// of returns the template of a source record. The address of raw identifies the record.
func (m *kinesisTemplates) of(raw []byte) *kinesisTemplate {
	if t := m.last.Load(); t != nil && len(t.raw) == len(raw) && &t.raw[0] == &raw[0] {
		return t
	}
	t := newKinesisTemplate(raw)
	m.last.Store(t)
	return t
}
