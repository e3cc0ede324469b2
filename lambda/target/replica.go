package target

import (
	"unicode/utf8"

	"fanout/internal/awsname"
	"fanout/sinks"
)

// maxTombstone is the limit of the name of a TTL attribute, in bytes (DynamoDB API,
// TimeToLiveSpecification).
const maxTombstone = 255

// checkTombstone checks an attribute that only copies of DynamoDB tables have.
func (c *checker) checkTombstone() {
	name, typ := c.spec.Tombstone, c.spec.Type
	switch {
	case name == "" || typ == nil:
	case !typ.Replica:
		c.warn("tombstone", "has no effect on %s, only on %s", typ, c.catalog.With(func(t *sinks.Type) bool { return t.Replica }))
		c.spec.Tombstone = ""
	case len(name) > maxTombstone || !utf8.ValidString(name):
		c.fault("tombstone", "%s is no name of a TTL attribute; write at most %d bytes", awsname.Quote(name), maxTombstone)
	case name == "fanout:seq" || name == "fanout:deleted":
		c.fault("tombstone", "is %s, which tombstones have for another purpose; write another name", name)
	case !c.spec.FromTable() && c.spec.SourceARN != "":
		c.warn("tombstone", "has no effect unless the source is the stream of a DynamoDB table")
		c.spec.Tombstone = ""
	}
}
