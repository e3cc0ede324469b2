package message

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"fanout/engine"
	"fanout/internal/jq"
	"fanout/sinks"
	"fanout/sinks/internal/fill"
	"fanout/sinks/internal/ids"
)

// Own are the parts of a message that the target sets. Each is a template, filled in for
// each record.
type Own struct {
	Subject, Attributes, Group string // Attributes: a JSON object of strings
	Source                     string // ARN, for the templates
}

// maxSubject is the maximum length of a subject, in characters (SNS API, Publish).
const maxSubject = 100

// subjectAttribute is the attribute that has the subject where a message has none.
const subjectAttribute = "Subject"

// own are the parsed templates of an Own.
type own struct {
	subject    *jq.Template // nil: none
	group      *jq.Template
	attributes []namedTemplate
	source     string
	fault      error
}

type namedTemplate struct {
	name string
	text *jq.Template
}

// parse parses the templates. Checks of the target have found their faults before.
func (o Own) parse(subject bool) (all own) {
	all.source = o.Source
	template := func(text string) (t *jq.Template) {
		if text != "" && all.fault == nil {
			t, all.fault = jq.ParseTemplate(text)
		}
		return t
	}
	all.group = template(o.Group)
	if all.subject = template(o.Subject); !subject && all.subject != nil {
		all.attributes = append(all.attributes, namedTemplate{subjectAttribute, all.subject})
		all.subject = nil
	}
	var names map[string]string
	if o.Attributes != "" && json.Unmarshal([]byte(o.Attributes), &names) != nil {
		all.fault = errors.New("the attributes of messages are no object of strings")
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		all.attributes = append(all.attributes, namedTemplate{name, template(names[name])})
	}
	return all
}

// Filled are the parts of one message that the target sets, filled in for its record. The zero
// value has none.
type Filled struct {
	subject, group string
	attributes     []Attribute
}

// Fill fills in the parts of the messages of a request, once for each record. It fails the
// request if a message would have no text for a part, or more attributes than it may have;
// none is left out. The engine halves the request until that message is alone.
func (m *Form) Fill(ctx context.Context, batch []engine.Record) ([]Filled, error) {
	all := make([]Filled, len(batch))
	for i := range batch {
		var err error
		if all[i], err = m.fillOne(ctx, &batch[i]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// fillOne fills in the parts of r's message, and checks them.
func (m *Form) fillOne(ctx context.Context, r *engine.Record) (Filled, error) {
	if m.own.fault != nil {
		return Filled{}, engine.Errorf(engine.Permanent, "%s: %w", m.Name, m.own.fault)
	}
	n, err := notificationOf(r)
	if err != nil {
		return Filled{}, engine.Errorf(engine.Refused, "%s: the notification's MessageAttributes are not in the format of SNS", m.Name)
	}
	f, err := m.filled(ctx, r)
	if err != nil || n == nil || m.MaxAttributes == 0 {
		return f, err
	}
	if k := len(m.Attributes(nil, r, &f)); k > m.MaxAttributes {
		return f, engine.Errorf(engine.Refused, "%s: the notification has %d attributes, with its subject, but a message can have only %d; publish fewer, or set collapse to JSON, which sends none", m.Name, k, m.MaxAttributes)
	}
	return f, nil
}

// Describe returns the parts of r's message as they are sent. fifo says that the queue or
// topic is a FIFO one.
func (m *Form) Describe(ctx context.Context, r *engine.Record, fifo bool) (sinks.Entry, error) {
	f, err := m.fillOne(ctx, r)
	if err != nil {
		return sinks.Entry{}, err
	}
	e := sinks.Entry{Group: f.group}
	if fifo {
		e.Group = GroupID(r)
	}
	if m.Subject {
		e.Subject = m.SubjectOf(r, &f)
	}
	var all []Attribute
	if n, err := notificationOf(r); err == nil && n != nil {
		all = n.attributes(all, !m.Subject)
	}
	for _, a := range f.appendTo(all) {
		if e.Attributes == nil {
			e.Attributes = make(map[string]string)
		}
		if a.Binary() {
			a.Value = base64.StdEncoding.EncodeToString([]byte(a.Value))
		}
		e.Attributes[a.Name] = a.Value
	}
	return e, nil
}

// filled fills in the parts of r's message. On an error some are missing.
func (m *Form) filled(ctx context.Context, r *engine.Record) (f Filled, err error) {
	for _, a := range m.own.attributes {
		value, err := m.fill(ctx, a.text, r, "the attribute "+a.name)
		if err != nil {
			return f, err
		}
		if value == "" || !isText(value) {
			return f, engine.Errorf(engine.Refused, "%s: the attribute %s is empty or not text", m.Name, a.name)
		}
		f.attributes = append(f.attributes, Attribute{a.name, stringType, value})
	}
	if m.own.group != nil {
		group, err := m.fill(ctx, m.own.group, r, "the group")
		if err != nil {
			return f, err
		}
		f.group = ids.Token(group)
	}
	if m.own.subject == nil {
		return f, nil
	}
	f.subject, err = m.fill(ctx, m.own.subject, r, "the subject")
	if err == nil && (utf8.RuneCountInString(f.subject) > maxSubject || !utf8.ValidString(f.subject) || strings.ContainsFunc(f.subject, unicode.IsControl)) {
		err = engine.Errorf(engine.Refused, "%s: the subject has more than %d characters, or control characters", m.Name, maxSubject)
	}
	return f, err
}

// fill returns the text of a template for a record. The error does not say more than the
// record needs, and the engine halves the request until the record is alone.
func (m *Form) fill(ctx context.Context, t *jq.Template, r *engine.Record, what string) (string, error) {
	text, err := fill.Append(ctx, nil, t, r, m.own.source, m.Name+": "+what)
	switch {
	case err == nil:
		return string(text), nil
	case ctx.Err() != nil:
		return "", err
	}
	return "", &engine.Error{Class: engine.Refused, Err: err}
}

// appendTo appends the target's attributes, which replace others with the same names.
func (f *Filled) appendTo(buf []Attribute) []Attribute {
	for _, a := range f.attributes {
		buf = slices.DeleteFunc(buf, func(o Attribute) bool { return o.Name == a.Name })
		buf = append(buf, a)
	}
	return buf
}

// SubjectOf returns the subject of r's message: the target's, or that of the notification,
// or "".
func (m *Form) SubjectOf(r *engine.Record, f *Filled) string {
	if m.own.subject == nil {
		return notificationSubject(r)
	}
	return f.subject
}

// Group returns the message group of a standard queue's message, or "".
func (f *Filled) Group() string { return f.group }
