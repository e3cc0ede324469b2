package message

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"

	"fanout/engine"
	"fanout/internal/jsonscan"
	"fanout/sinks/internal/ids"
	"fanout/sinks/internal/request"
)

// Attribute is a message attribute. For type Binary, value holds the raw bytes.
type Attribute struct{ Name, Type, Value string }

// Types of message attributes.
const (
	stringType = "String"
	binaryType = "Binary"
)

func (a *Attribute) size() int { return len(a.Name) + len(a.Type) + len(a.Value) }

// Binary reports whether the value is sent as BinaryValue. A type may have a label after
// a dot (SQS guide, Message metadata; SNS guide, Message attributes).
func (a *Attribute) Binary() bool {
	return a.Type == binaryType || strings.HasPrefix(a.Type, binaryType+".")
}

// Form is the format of the messages that a queue or topic takes.
type Form struct {
	Name          string // of the sink
	Subject       bool   // a message has a subject in addition to its attributes
	MaxAttributes int    // maximum number of attributes; 0: no limit
	MaxBytes      int    // maximum size of a message

	own own
}

// Set sets the parts of messages that the target has templates for.
func (m *Form) Set(o Own) { m.own = o.parse(m.Subject) }

// Attributes appends the attributes of r's message to buf, sorted by name:
//
//   - the attributes of the SNS notification or SQS message, if r is one;
//   - the target's own, in f;
//   - encoding=base64 if the body is base64;
//   - key and action if the message carries one record.
//
// Key and action are only a convenience for the receiver. A notification's attribute of
// the same name replaces them, and they are left out if the message has no room for them.
// A key that is not text is sent as Binary. An empty value is left out, because the
// services refuse it.
func (m *Form) Attributes(buf []Attribute, r *engine.Record, f *Filled) []Attribute {
	if n, err := notificationOf(r); err == nil && n != nil {
		buf = n.attributes(buf, !m.Subject)
	}
	buf = f.appendTo(buf)
	if !plain(r.Data) {
		buf = slices.DeleteFunc(buf, func(a Attribute) bool { return a.Name == "encoding" })
		buf = append(buf, Attribute{"encoding", stringType, "base64"})
	}
	room := m.MaxBytes - bodySize(r.Data)
	for i := range buf {
		room -= buf[i].size()
	}
	if one := ids.Single(r); one != nil {
		for _, own := range [...]Attribute{{"key", "", one.Key}, {"action", "", one.Action}} {
			own.Type = stringType
			if !isText(own.Value) {
				own.Type = binaryType
			}
			full := m.MaxAttributes > 0 && len(buf) >= m.MaxAttributes || m.MaxBytes > 0 && own.size() > room
			if own.Value == "" || full || slices.ContainsFunc(buf, func(a Attribute) bool { return a.Name == own.Name }) {
				continue
			}
			buf, room = append(buf, own), room-own.size()
		}
	}
	slices.SortFunc(buf, func(a, b Attribute) int { return cmp.Compare(a.Name, b.Name) })
	return buf
}

// Size counts r's message the way SQS and SNS do.
func (m *Form) Size(r *engine.Record) int {
	f, _ := m.filled(context.Background(), r) // Fill fails a record with a fault
	return m.size(r, &f)
}

func (m *Form) size(r *engine.Record, f *Filled) int {
	n := bodySize(r.Data)
	if m.Subject {
		n += len(m.SubjectOf(r, f))
	}
	var buf [3]Attribute
	for _, a := range m.Attributes(buf[:0], r, f) {
		n += a.size()
	}
	return n
}

// TextLen estimates the length of the text of a request with batch: in JSON records that
// were collapsed, one byte in eight must be escaped.
func (m *Form) TextLen(batch []engine.Record, all []Filled) int {
	n := 0
	for i := range batch {
		size := m.size(&batch[i], &all[i])
		n += size + size/8 + 4*request.Framing
	}
	return n
}

// notification is an SNS notification without its message. An SQS message has no subject.
type notification struct {
	Subject           string
	MessageAttributes map[string]struct{ Type, Value string }
}

// notificationOf returns the notification or SQS message in r, or nil if r is neither or is
// collapsed. It returns an error for one that the service would not write.
func notificationOf(r *engine.Record) (*notification, error) {
	switch {
	case len(r.Raw) == 0: // stages that merge leave none
		return nil, nil //nolint:nilnil // there is none
	case r.Action == "MESSAGE":
		return queued(r.Raw)
	case r.Action != "NOTIFICATION":
		return nil, nil //nolint:nilnil // there is none
	}
	var e struct{ Sns notification }
	if err := json.Unmarshal(r.Raw, &e); err != nil {
		return nil, err
	}
	for name, a := range e.Sns.MessageAttributes {
		if at := (Attribute{name, a.Type, a.Value}); at.Binary() {
			value, err := base64.StdEncoding.DecodeString(a.Value)
			if err != nil {
				return nil, err
			}
			a.Value = string(value)
			e.Sns.MessageAttributes[name] = a
		}
	}
	return &e.Sns, nil
}

// queued returns the attributes that the sender of an SQS message set, or nil if it set none.
func queued(raw []byte) (*notification, error) {
	var own struct {
		MessageAttributes map[string]struct {
			DataType    string `json:"dataType"`
			StringValue string `json:"stringValue"`
			BinaryValue []byte `json:"binaryValue"`
		} `json:"messageAttributes"`
	}
	if c := (jsonscan.Cursor{Text: raw, AnyBytes: true}); !hasAttributes(&c) {
		return nil, nil //nolint:nilnil // there are none
	}
	if err := json.Unmarshal(raw, &own); err != nil {
		return nil, err
	}
	n := &notification{MessageAttributes: make(map[string]struct{ Type, Value string })}
	for name, a := range own.MessageAttributes {
		n.MessageAttributes[name] = struct{ Type, Value string }{a.DataType, a.StringValue + string(a.BinaryValue)}
	}
	return n, nil
}

// hasAttributes reports whether a message has attributes of its sender. Most have none.
func hasAttributes(c *jsonscan.Cursor) (has bool) {
	c.Object(func(name jsonscan.Value) bool {
		own := string(name.Content()) == "messageAttributes"
		_, ok := c.Object(func(jsonscan.Value) bool {
			has = has || own
			_, ok := c.Value()
			return ok
		})
		return ok
	})
	return has
}

// notificationSubject returns the subject of the notification in r.
func notificationSubject(r *engine.Record) string {
	if n, err := notificationOf(r); err == nil && n != nil {
		return n.Subject
	}
	return ""
}

// attributes appends the notification's attributes. If subject is set it also appends the
// subject as the attribute Subject, unless the notification has one of that name.
func (n *notification) attributes(buf []Attribute, subject bool) []Attribute {
	for name, a := range n.MessageAttributes {
		buf = append(buf, Attribute{name, a.Type, a.Value})
	}
	if _, taken := n.MessageAttributes["Subject"]; subject && n.Subject != "" && !taken {
		buf = append(buf, Attribute{"Subject", stringType, n.Subject})
	}
	return buf
}

// HasAttributes reports whether r is a notification or message, from whose source record SQS and SNS
// sinks take more than the data.
func HasAttributes(r *engine.Record) bool {
	n, err := notificationOf(r)
	return err != nil || n != nil && (n.Subject != "" || len(n.MessageAttributes) > 0)
}
