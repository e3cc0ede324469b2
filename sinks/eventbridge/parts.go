package eventbridge

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"fanout/engine"
	"fanout/internal/jq"
	"fanout/sinks"
	"fanout/sinks/internal/fill"
)

// The source and the detail type of events whose target names none.
const (
	DefaultSource     = "fanout"
	DefaultDetailType = "Record"
)

// reserved is the beginning of the sources of AWS services. EventBridge refuses it in PutEvents.
const reserved = "aws."

// kind is what a part of an event must be.
type kind struct {
	what string
	most int  // characters
	own  bool // it may not be one of AWS
}

// The kinds of parts (EventBridge API, PutEventsRequestEntry, and the quotas of EventBridge).
// EventBridge acknowledges an event with a longer detail type, and drops it.
var (
	sourceKind     = kind{"the source of the event", 256, true}
	detailTypeKind = kind{"the detail type of the event", 128, false}
)

// fault returns why EventBridge would not take a text, or "".
func (k *kind) fault(text string) string {
	switch {
	case text == "":
		return "is empty"
	case !utf8.ValidString(text):
		return "is not UTF-8"
	case utf8.RuneCountInString(text) > k.most:
		return fmt.Sprintf("is longer than %d characters", k.most)
	case k.own && strings.HasPrefix(text, reserved):
		return "begins with aws., which only services of AWS may use"
	}
	return ""
}

// part is a part of an event that the target sets.
type part struct {
	*kind
	text string
	tmpl *jq.Template // nil: the text is the same for every record
}

// newPart parses a part; without text it is otherwise.
func newPart(k *kind, text, otherwise string) (p part, err error) {
	p = part{kind: k, text: text}
	switch {
	case text == "":
		p.text = otherwise
	case jq.IsTemplate(text):
		p.tmpl, err = jq.ParseTemplate(text)
	}
	return p, err
}

// fill returns the text for r. A record without one is refused.
func (s *Sink) fill(ctx context.Context, p *part, r *engine.Record) (string, error) {
	if p.tmpl == nil {
		return p.text, nil
	}
	b, err := fill.Append(ctx, nil, p.tmpl, r, s.source, s.name+": "+p.what)
	switch {
	case err != nil && ctx.Err() != nil:
		return "", err
	case err != nil:
		return "", &engine.Error{Class: engine.Refused, Err: err}
	}
	text := string(b)
	if why := p.fault(text); why != "" {
		return "", engine.Errorf(engine.Refused, "%s: %s %s", s.name, p.what, why)
	}
	return text, nil
}

// checkParts checks the parts of a target's events, as far as they do not depend on the record.
func checkParts(s *sinks.Spec, f sinks.Findings) {
	for _, p := range []struct {
		attribute, text string
		kind            *kind
	}{{"source", s.EventSource, &sourceKind}, {"detailType", s.DetailType, &detailTypeKind}} {
		text := p.text
		if text == "" {
			continue
		}
		if jq.IsTemplate(text) {
			text, _, _ = strings.Cut(text, "${") // the beginning decides
			text += "-"
		}
		if why := p.kind.fault(text); why != "" {
			f.Fault(p.attribute, "%s; write another text", why)
		}
	}
}
