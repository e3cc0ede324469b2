package target

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"

	"fanout/internal/awsname"
	"fanout/internal/jq"
	"fanout/sinks"
)

// checkPrograms checks the attributes that are jq programs.
func (c *checker) checkPrograms() {
	c.checkProgram("transform", c.spec.Transform)
	if p := c.checkProgram("key", c.spec.Key); p != nil && c.spec.Transform != "" {
		for _, name := range []string{"$old", "$attributes"} {
			if p.Uses(name) {
				c.warn("key", "%s is null behind a transform; let the results of transform have the value, and read it from there", name)
			}
		}
	}
	c.checkMessage()
	switch c.spec.TransformOutput {
	case "", "text":
	case "json":
		c.spec.TransformOutput = ""
	default:
		c.fault("transformOutput", "%s is unknown; write json or text", awsname.Quote(c.spec.TransformOutput))
		return
	}
	if c.spec.TransformOutput != "" && c.spec.Transform == "" {
		c.warn("transformOutput", "has no effect without transform")
		c.spec.TransformOutput = ""
	}
}

// checkProgram compiles a program, and adds its faults. It returns nil if there are any,
// or no program.
func (c *checker) checkProgram(attribute, program string) *jq.Program {
	if program == "" {
		return nil
	}
	p, err := jq.Compile(program)
	faults, _ := errors.AsType[jq.Faults](err)
	for _, f := range faults {
		c.fault(attribute, "%v", f)
	}
	return p
}

// checkMessage checks the templates for messages and events.
func (c *checker) checkMessage() {
	t, s := c.spec.Type, &c.spec
	if t == nil {
		return
	}
	for _, a := range []struct {
		name  string
		value *string
		has   func(*sinks.Type) bool
	}{
		{"subject", &s.Subject, func(t *sinks.Type) bool { return t.Messages }},
		{messageAttributes, &s.Attributes, func(t *sinks.Type) bool { return t.Messages }},
		{"group", &s.Group, func(t *sinks.Type) bool { return t.Groups }},
		{"source", &s.EventSource, func(t *sinks.Type) bool { return t.BusEvents }},
		{"detailType", &s.DetailType, func(t *sinks.Type) bool { return t.BusEvents }},
	} {
		switch {
		case *a.value == "":
		case !a.has(t):
			c.warn(a.name, "has no effect on %s, only on %s", t, c.catalog.With(a.has))
			*a.value = ""
		case a.name == messageAttributes:
			c.checkAttributes()
		default:
			c.checkTemplate(a.name, "", *a.value)
		}
	}
	if s.Group != "" && s.Destination.FIFO {
		c.fault("group", "does not work on a FIFO queue, whose groups are the keys; write key instead")
	}
}

// checkTemplate adds the faults of a template, which is at a place inside of an attribute.
func (c *checker) checkTemplate(attribute, place, text string) {
	_, err := jq.ParseTemplate(text)
	faults, _ := errors.AsType[jq.Faults](err)
	for _, f := range faults {
		c.fault(attribute, "%s%v", place, f)
	}
}

// maxAttributes is the maximum number of attributes of a message (SQS guide, Message
// attributes). SNS has the same limit where it delivers to a queue.
const maxAttributes = 10

// checkAttributes checks the attributes of messages.
func (c *checker) checkAttributes() {
	var all map[string]string
	if json.Unmarshal([]byte(c.spec.Attributes), &all) != nil {
		c.fault(messageAttributes, "is no object of strings; write one such as {type: \"${.type}\"}")
		return
	}
	if n := len(all); n > maxAttributes {
		c.fault(messageAttributes, "has %d attributes, but a message can have only %d; remove some", n, maxAttributes)
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if why := attributeFault(name); why != "" {
			c.fault(messageAttributes, "%s %s", awsname.Quote(name), why)
		}
		if all[name] == "" {
			c.fault(messageAttributes, "%s is empty; write a value, or remove it", name)
		}
		c.checkTemplate(messageAttributes, name+": ", all[name])
	}
}

// attributeFault returns the reason why a message cannot have an attribute with a name, or
// "" (SQS guide, Message attributes).
func attributeFault(name string) string {
	lower := strings.ToLower(name)
	switch {
	case !awsname.IsName(name, 256, "_-.") || strings.Contains("."+name+".", ".."):
		return "is no name of an attribute; write at most 256 letters, digits and _ - ."
	case strings.HasPrefix(lower, "aws.") || strings.HasPrefix(lower, "amazon."):
		return "begins with a prefix that AWS reserves; write another name"
	case name == "encoding":
		return "is the attribute that marks base64; write another name"
	}
	return ""
}
