package sinks

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"

	"fanout/engine"
)

// attribute is a message attribute. For type Binary, value holds the raw bytes.
type attribute struct{ name, kind, value string }

// Types of message attributes.
const (
	stringType = "String"
	binaryType = "Binary"
)

func (a *attribute) size() int { return len(a.name) + len(a.kind) + len(a.value) }

// binary reports whether the value is sent as BinaryValue. A type may have a label after
// a dot (SQS guide, Message metadata; SNS guide, Message attributes).
func (a *attribute) binary() bool {
	return a.kind == binaryType || strings.HasPrefix(a.kind, binaryType+".")
}

// messages is the format of the messages that a queue or topic takes.
type messages struct {
	name    string // of the sink
	subject bool   // a message has a subject in addition to its attributes
	most    int    // maximum number of attributes; 0: no limit
	bytes   int    // maximum size of a message
}

// attributes appends the attributes of r's message to buf, sorted by name:
//
//   - the attributes of the SNS notification, if r is one;
//   - encoding=base64 if the body is base64;
//   - key and action if the message carries one record.
//
// Key and action are only a convenience for the receiver. A notification's attribute of
// the same name replaces them, and they are left out if the message has no room for them.
// A key that is not text is sent as Binary. An empty value is left out, because the
// services refuse it.
func (m *messages) attributes(buf []attribute, r *engine.Record) []attribute {
	if n, err := notificationOf(r); err == nil && n != nil {
		buf = n.attributes(buf, !m.subject)
	}
	if !plain(r.Data) {
		buf = slices.DeleteFunc(buf, func(a attribute) bool { return a.name == "encoding" })
		buf = append(buf, attribute{"encoding", stringType, "base64"})
	}
	room := m.bytes - bodySize(r.Data)
	for i := range buf {
		room -= buf[i].size()
	}
	if one := only(r); one != nil {
		for _, own := range [...]attribute{{"key", "", one.Key}, {"action", "", one.Action}} {
			own.kind = stringType
			if !isText(own.value) {
				own.kind = binaryType
			}
			full := m.most > 0 && len(buf) >= m.most || m.bytes > 0 && own.size() > room
			if own.value == "" || full || slices.ContainsFunc(buf, func(a attribute) bool { return a.name == own.name }) {
				continue
			}
			buf, room = append(buf, own), room-own.size()
		}
	}
	slices.SortFunc(buf, func(a, b attribute) int { return cmp.Compare(a.name, b.name) })
	return buf
}

// size counts r's message the way SQS and SNS do.
func (m *messages) size(r *engine.Record) int {
	n := bodySize(r.Data)
	if m.subject {
		n += len(subjectOf(r))
	}
	var buf [3]attribute
	for _, a := range m.attributes(buf[:0], r) {
		n += a.size()
	}
	return n
}

// text estimates the length of the text of a request with batch: in JSON records that
// were collapsed, one byte in eight must be escaped.
func (m *messages) text(batch []engine.Record) int {
	n := 0
	for i := range batch {
		size := m.size(&batch[i])
		n += size + size/8 + 4*framing
	}
	return n
}

// fault fails a request with a message whose attributes do not fit, instead of dropping
// some of them. The engine halves the request until that message is alone.
func (m *messages) fault(batch []engine.Record) error {
	for i := range batch {
		r := &batch[i]
		n, err := notificationOf(r)
		if err != nil {
			return engine.Errorf(engine.Refused, "%s: the notification's MessageAttributes are not those of SNS", m.name)
		}
		if n == nil || m.most == 0 {
			continue
		}
		if all := len(m.attributes(nil, r)); all > m.most {
			return engine.Errorf(engine.Refused, "%s: the notification has %d attributes, with its subject, and a message takes %d; publish fewer, or set collapse to JSON, which carries none", m.name, all, m.most)
		}
	}
	return nil
}

// notification is an SNS notification without its message.
type notification struct {
	Subject           string
	MessageAttributes map[string]struct{ Type, Value string }
}

// notificationOf returns the notification in r, or nil if r is no notification or is
// collapsed. It returns an error for a notification that SNS would not write.
func notificationOf(r *engine.Record) (*notification, error) {
	if r.Action != "NOTIFICATION" || r.Parts() != nil || len(r.Raw) == 0 {
		return nil, nil //nolint:nilnil // there is none
	}
	var e struct{ Sns notification }
	if err := json.Unmarshal(r.Raw, &e); err != nil {
		return nil, err
	}
	for name, a := range e.Sns.MessageAttributes {
		if at := (attribute{name, a.Type, a.Value}); at.binary() {
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

// subjectOf returns the subject of the notification in r.
func subjectOf(r *engine.Record) string {
	if n, err := notificationOf(r); err == nil && n != nil {
		return n.Subject
	}
	return ""
}

// attributes appends the notification's attributes. If subject is set it also appends the
// subject as the attribute Subject, unless the notification has one of that name.
func (n *notification) attributes(buf []attribute, subject bool) []attribute {
	for name, a := range n.MessageAttributes {
		buf = append(buf, attribute{name, a.Type, a.Value})
	}
	if _, taken := n.MessageAttributes["Subject"]; subject && n.Subject != "" && !taken {
		buf = append(buf, attribute{"Subject", stringType, n.Subject})
	}
	return buf
}
