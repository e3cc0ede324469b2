package stages

import (
	"strconv"
	"strings"
	"sync"

	"fanout/engine"
	"fanout/internal/jsonscan"
	"fanout/internal/pattern"
)

// matcher shows a record to a pattern. It is reused from record to record.
type matcher struct {
	r         *engine.Record
	plain     bool      // see filterKey
	fault     error     // the source record is not what it must be
	room      []byte    // for data
	text      []byte    // for other values
	converter converter // of images
}

var matchers = sync.Pool{New: func() any { return new(matcher) }}

// keep is how many bytes of room stay with a matcher.
const keep = 1 << 20

// free makes m available for other records.
func (m *matcher) free() {
	if cap(m.room)+cap(m.text)+cap(m.converter.out) > keep {
		return
	}
	*m = matcher{room: m.room[:0], text: m.text[:0], converter: converter{out: m.converter.out[:0]}}
	matchers.Put(m)
}

// string returns the string of parts.
func (m *matcher) string(parts ...string) pattern.Value {
	m.text = m.text[:0]
	for _, s := range parts {
		m.text = append(m.text, s...)
	}
	return pattern.String(m.text)
}

// number is the sequence number of the source, see event.Number.
func (m *matcher) number() string {
	number, _, _ := strings.Cut(m.r.Seq, "/")
	return number
}

// kinesisView shows a Kinesis record.
type kinesisView matcher

func (v *kinesisView) Field(name string) pattern.Value {
	m := (*matcher)(v)
	switch name {
	case "data":
		if data := m.r.Data; data.Encoded() {
			m.room = data.ReadBytes(m.room)
			return pattern.JSON(m.room)
		}
		return pattern.JSON(m.r.Data.Bytes())
	case "partitionKey":
		return m.string(m.r.Key)
	case "sequenceNumber":
		return m.string(m.number())
	case "eventID":
		return m.string(m.r.Lane, ":", m.number())
	case "approximateArrivalTimestamp":
		return m.seconds()
	case "kinesisSchemaVersion":
		return m.string("1.0")
	case "eventSource":
		return m.string("aws:kinesis")
	}
	return pattern.Value{}
}

// seconds returns the time of arrival in seconds, to the millisecond.
func (m *matcher) seconds() pattern.Value {
	const second = 1000
	if m.r.Arrived <= 0 {
		return pattern.Value{}
	}
	m.text = strconv.AppendInt(m.text[:0], m.r.Arrived/second, 10)
	if ms := m.r.Arrived % second; ms > 0 {
		m.text = append(m.text, '.', byte('0'+ms/100), byte('0'+ms/10%10), byte('0'+ms%10))
	}
	return pattern.JSON(m.text)
}

// snsView shows a notification.
type snsView matcher

func (v *snsView) Field(name string) pattern.Value {
	switch name {
	case "Sns":
		return pattern.Object((*notificationView)(v))
	case "EventSource":
		return (*matcher)(v).string("aws:sns")
	}
	return member(v.r.Raw, name)
}

// notificationView shows the Sns member of a notification.
type notificationView matcher

func (v *notificationView) Field(name string) pattern.Value {
	switch name {
	case "Message":
		return pattern.String(v.r.Data.Bytes())
	case "MessageId":
		return (*matcher)(v).string(v.r.Key)
	}
	return member(object(v.r.Raw, "Sns"), name)
}

// sqsView shows an SQS message.
type sqsView matcher

func (v *sqsView) Field(name string) pattern.Value {
	switch name {
	case "body":
		return pattern.String(v.r.Data.Bytes())
	case "eventSource":
		return (*matcher)(v).string("aws:sqs")
	}
	return member(v.r.Raw, name)
}

// kafkaView shows a record of Kafka. Its value and key are text, not base64.
type kafkaView matcher

func (v *kafkaView) Field(name string) pattern.Value {
	m := (*matcher)(v)
	i := strings.LastIndexByte(m.r.Lane, '-')
	switch name {
	case "value":
		if m.r.Action == remove {
			return pattern.Value{}
		}
		return pattern.String(m.r.Data.Bytes())
	case "key":
		return m.string(m.r.Key)
	case "topic":
		return m.string(m.r.Lane[:max(i, 0)])
	case "partition":
		m.text = append(m.text[:0], m.r.Lane[i+1:]...)
		return pattern.JSON(m.text)
	case "offset":
		m.text = append(m.text[:0], m.number()...)
		return pattern.JSON(m.text)
	case "timestamp":
		m.text = strconv.AppendInt(m.text[:0], m.r.Arrived, 10)
		return pattern.JSON(m.text)
	}
	return member(m.r.Raw, name)
}

// dynamodbView shows a DynamoDB record whose images are not in its source record.
type dynamodbView matcher

func (v *dynamodbView) Field(name string) pattern.Value {
	switch name {
	case "dynamodb":
		return pattern.Object((*imagesView)(v))
	case "eventName":
		return (*matcher)(v).string(v.r.Action)
	case "eventSource":
		return (*matcher)(v).string("aws:dynamodb")
	}
	return member(v.r.Raw, name)
}

// imagesView shows the dynamodb member of a record.
type imagesView matcher

func (v *imagesView) Field(name string) pattern.Value {
	m := (*matcher)(v)
	switch name {
	case "NewImage":
		if m.r.Action == remove || m.r.Data.IsStandIn() {
			return pattern.Value{}
		}
		return pattern.JSON(m.r.Data.Bytes())
	case "Keys", "OldImage":
		return m.image(object(object(m.r.Raw, "dynamodb"), name))
	case "SequenceNumber":
		return m.string(m.number())
	}
	return member(object(m.r.Raw, "dynamodb"), name)
}

// image returns an image, in plain JSON if the data is.
func (m *matcher) image(text []byte) pattern.Value {
	switch {
	case text == nil:
		return pattern.Value{}
	case !m.plain:
		return pattern.JSON(text)
	}
	m.converter.out = m.converter.out[:0]
	if err := m.converter.convert(text); err != nil {
		m.fault = err
		return pattern.Value{}
	}
	return pattern.JSON(m.converter.out)
}

// member returns the member called name of an object in JSON.
func member(text []byte, name string) pattern.Value {
	if found := object(text, name); found != nil {
		return pattern.JSON(found)
	}
	return pattern.Value{}
}

// object returns the text of the member called name of an object in JSON, or nil.
func object(text []byte, name string) (found []byte) {
	c := jsonscan.Cursor{Text: text, AnyBytes: true}
	if c.Peek() != '{' {
		return nil
	}
	_, ok := c.Object(func(n jsonscan.Value) bool {
		this := string(n.Raw) == name
		start := c.Pos
		_, ok := c.Value()
		if this && ok {
			found = c.Since(start)
		}
		return ok
	})
	if !ok {
		return nil
	}
	return found
}
