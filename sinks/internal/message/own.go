package message

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"fanout/engine"
	"fanout/internal/jq"
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

// fill returns the text of a template for a record. The error does not say more than the
// record needs, and the engine halves the request until the record is alone.
func (m *Form) fill(t *jq.Template, r *engine.Record, what string) (string, error) {
	text, err := fill.Append(nil, t, r, m.own.source, m.Name+": "+what)
	if err != nil {
		return "", &engine.Error{Class: engine.Refused, Err: err}
	}
	return string(text), nil
}

// appendOwn appends the target's attributes, which replace others with the same names.
func (m *Form) appendOwn(buf []Attribute, r *engine.Record) []Attribute {
	for _, a := range m.own.attributes {
		value, err := m.fill(a.text, r, "the attribute "+a.name)
		if err != nil {
			continue // Fault fails the record
		}
		buf = slices.DeleteFunc(buf, func(o Attribute) bool { return o.Name == a.name })
		buf = append(buf, Attribute{a.name, stringType, value})
	}
	return buf
}

// ownFault returns why the templates have no text for r that a message can have.
func (m *Form) ownFault(r *engine.Record) error {
	if m.own.fault != nil {
		return engine.Errorf(engine.Permanent, "%s: %w", m.Name, m.own.fault)
	}
	for _, a := range m.own.attributes {
		value, err := m.fill(a.text, r, "the attribute "+a.name)
		if err != nil {
			return err
		}
		if value == "" || !isText(value) {
			return engine.Errorf(engine.Refused, "%s: the attribute %s is empty or not text", m.Name, a.name)
		}
	}
	if m.own.group != nil {
		if _, err := m.fill(m.own.group, r, "the group"); err != nil {
			return err
		}
	}
	if m.own.subject == nil {
		return nil
	}
	subject, err := m.fill(m.own.subject, r, "the subject")
	if err == nil && (utf8.RuneCountInString(subject) > maxSubject || !utf8.ValidString(subject) || strings.ContainsFunc(subject, unicode.IsControl)) {
		err = engine.Errorf(engine.Refused, "%s: the subject has more than %d characters, or control characters", m.Name, maxSubject)
	}
	return err
}

// SubjectOf returns the subject of r's message: the target's, or that of the notification,
// or "".
func (m *Form) SubjectOf(r *engine.Record) string {
	if m.own.subject == nil {
		return notificationSubject(r)
	}
	subject, _ := m.fill(m.own.subject, r, "the subject") // Fault fails a record without one
	return subject
}

// GroupOf returns the message group of a standard queue's message, or "".
func (m *Form) GroupOf(r *engine.Record) string {
	if m.own.group == nil {
		return ""
	}
	group, err := m.fill(m.own.group, r, "the group")
	if err != nil {
		return "" // Fault fails the record
	}
	return ids.Token(group)
}
