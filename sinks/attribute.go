package sinks

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"

	"fanout/engine"
)

// attribute is a message attribute. The value of one of type Binary is its bytes.
type attribute struct{ name, kind, value string }

// Types of message attributes.
const (
	stringType = "String"
	binaryType = "Binary"
)

func (a *attribute) size() int { return len(a.name) + len(a.kind) + len(a.value) }

// binary reports whether the value goes as BinaryValue. A type may have a label behind
// a dot (SQS guide, Message metadata; SNS guide, Message attributes).
func (a *attribute) binary() bool {
	return a.kind == binaryType || strings.HasPrefix(a.kind, binaryType+".")
}

// messages is how a queue or topic has the messages that it gets.
type messages struct {
	name    string // of the sink
	subject bool   // a message has a subject, beside its attributes
	most    int    // attributes; 0: any number
	bytes   int    // of a message
}

// attributes appends the attributes of r's message to buf, in the order of their
// names: those of the notification that r is, if any, encoding=base64 where the body is,
// and of a message that carries one record its key and action. These two are for the
// receiver's convenience, so they give way to others of their names, and where the
// message has no room for them. A key that is not text goes as Binary; what is empty is
// left out, since the services refuse it.
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

// size counts r's message as SQS and SNS do.
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

// text is about how much text a request has that holds batch: what must be
// escaped is one byte of eight in JSON records that were collapsed.
func (m *messages) text(batch []engine.Record) int {
	n := 0
	for i := range batch {
		size := m.size(&batch[i])
		n += size + size/8 + 4*framing
	}
	return n
}

// fault fails a request with a message whose attributes cannot be carried over, rather
// than leave any of them out. It is halved until that message is alone.
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

// notification is what a notification of SNS has beside its message.
type notification struct {
	Subject           string
	MessageAttributes map[string]struct{ Type, Value string }
}

// notificationOf returns what the notification has that r is; nil if it is none, or
// collapsed. Its error is for one that SNS would not write.
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

// HasAttributes reports whether r is a notification that SQS and SNS sinks take more of
// than its data, from the source record.
func HasAttributes(r *engine.Record) bool {
	n, err := notificationOf(r)
	return err != nil || n != nil && (n.Subject != "" || len(n.MessageAttributes) > 0)
}

// subjectOf returns the subject of the notification that r is.
func subjectOf(r *engine.Record) string {
	if n, err := notificationOf(r); err == nil && n != nil {
		return n.Subject
	}
	return ""
}

// attributes appends the notification's attributes, and with subject its subject as one
// called Subject, unless there is one of that name.
func (n *notification) attributes(buf []attribute, subject bool) []attribute {
	for name, a := range n.MessageAttributes {
		buf = append(buf, attribute{name, a.Type, a.Value})
	}
	if _, taken := n.MessageAttributes["Subject"]; subject && n.Subject != "" && !taken {
		buf = append(buf, attribute{"Subject", stringType, n.Subject})
	}
	return buf
}
