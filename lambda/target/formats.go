package target

import (
	"slices"
	"strings"

	"fanout/internal/awsname"
	"fanout/sinks"
)

// none is the value of several attributes that means no format.
const none = "none"

// AttributeWords holds the values of the attributes that take only a few words.
var AttributeWords = map[string][]string{
	"collapse": collapses(), "order": {"key", "request"}, "transformOutput": {"json", "text"},
	"compress": Compressions, "decompress": Decompressions, "view": Views, "envelope": Envelopes, "unwrap": Wrappings, "auth": Auths,
}

func collapses() []string {
	all := make([]string, len(sinks.Collapses))
	for i, c := range sinks.Collapses {
		all[i] = string(c)
	}
	return all
}

// Decompressions are the values of the attribute decompress.
var Decompressions = []string{"gzip", "zstd", "auto", none}

// Compressions are the values of the attribute compress.
var Compressions = []string{"gzip", "zstd", none}

// checkCompression checks the formats that data comes and goes in.
func (c *checker) checkCompression() {
	c.checkWord("unwrap", &c.spec.Unwrap, Wrappings, sinks.UnwrapNone)
	c.checkWord("decompress", &c.spec.Decompress, Decompressions, none)
	c.checkWord("compress", &c.spec.Compress, Compressions, none)
	if typ := c.spec.Type; c.spec.Compress != "" && !c.broken["compress"] && typ != nil && !typ.Compress {
		c.fault("compress", "does not work on %s, only on %s; remove it", typ, c.catalog.With(func(t *sinks.Type) bool { return t.Compress }))
	}
}

// checkWord checks an attribute that takes a few words. It sets a default to "".
func (c *checker) checkWord(attribute string, value *string, words []string, initial string) {
	if *value != "" && !slices.Contains(words, *value) {
		c.fault(attribute, "%s is unknown; write %s", awsname.Quote(*value), oneOf(words))
	} else if *value == initial {
		*value = ""
	}
}

// oneOf lists words for a sentence: "a, b or c".
func oneOf(words []string) string {
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// Wrappings are the values of the attribute unwrap.
var Wrappings = []string{sinks.UnwrapSNS, sinks.UnwrapEventBridge, sinks.UnwrapNone}

// Views are the values of the attribute view.
var Views = []string{sinks.ViewNew, sinks.ViewOld, sinks.ViewKeys, sinks.ViewBoth, sinks.ViewEvent}

func (c *checker) checkView() {
	c.checkWord("view", &c.spec.View, Views, sinks.ViewNew)
	view, typ := c.spec.View, c.spec.Type
	switch {
	case view == "" || c.broken["view"] || typ == nil || !c.spec.FromTable():
	case typ.Events && view != sinks.ViewEvent:
		c.fault("view", "is %s, but targets of type %s take whole source records; write EVENT, or remove it", view, typ)
	case typ.Replica:
		c.fault("view", "is %s, but targets of type %s store new images; remove it", view, typ)
	case view == sinks.ViewOld && (typ.Items || typ.Cache):
		c.fault("view", "is OLD_IMAGE, but targets of type %s keep the latest state of an item; write another view", typ)
	}
}

// Envelopes are the values of the attribute envelope.
var Envelopes = []string{sinks.EnvelopeNone, sinks.EnvelopeCloudEvents, sinks.EnvelopeDebezium}

// checkEnvelope checks the envelope for a source of a service.
func (c *checker) checkEnvelope(source string) {
	c.checkWord("envelope", &c.spec.Envelope, Envelopes, sinks.EnvelopeNone)
	envelope, typ := c.spec.Envelope, c.spec.Type
	if envelope == "" || c.broken["envelope"] {
		return
	}
	if typ != nil && typ.Events {
		c.fault("envelope", "is %s, but targets of type %s take whole source records; remove it", envelope, typ)
	}
	if typ != nil && typ.Replica {
		c.fault("envelope", "is %s, but targets of type %s store items; remove it", envelope, typ)
		return
	}
	if envelope != sinks.EnvelopeDebezium || source == "" {
		return
	}
	if !c.spec.FromTable() {
		c.fault("envelope", "is debezium, but the source is not a DynamoDB stream, so its records have nothing before and after them; write cloudevents")
	} else if c.spec.View != "" {
		c.fault("view", "is %s, but a change event of debezium has its own images; remove view or envelope", c.spec.View)
	}
}
