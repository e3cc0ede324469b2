package target

import (
	"fmt"
	"slices"
	"strings"

	"fanout/internal/awsname"
	"fanout/sinks"
)

// checker checks one target.
type checker struct {
	catalog  *Catalog
	spec     sinks.Spec // the target
	text     unparsed
	id       string // name of the target in faults
	path     string // of the targets file; "" for a table
	attrs    Values
	broken   map[string]bool // attributes with a fault
	ignored  bool            // aws-lambda-fanout would have ignored it
	faults   []Fault
	warnings []Fault
}

// unparsed are the attributes whose text the checks parse.
type unparsed struct{ typ, destination, collapse, order, oversize string }

func (c *checker) fault(attribute, format string, args ...any) {
	c.broken[attribute] = true
	c.faults = append(c.faults, c.note(attribute, format, args...))
}

func (c *checker) warn(attribute, format string, args ...any) {
	c.warnings = append(c.warnings, c.note(attribute, format, args...))
}

// findings passes on the findings of a type.
type findings struct{ c *checker }

func (f findings) Fault(attribute, format string, args ...any) { f.c.fault(attribute, format, args...) }
func (f findings) Warn(attribute, format string, args ...any)  { f.c.warn(attribute, format, args...) }
func (f findings) HasFault(attribute string) bool              { return f.c.broken[attribute] }

func (c *checker) note(attribute, format string, args ...any) Fault {
	return note(c.path, c.id, attribute, c.attrs, fmt.Sprintf(format, args...))
}

// note returns a Fault with a text about an attribute, which attrs may contain.
func note(path, id, attribute string, attrs Values, text string) Fault {
	f := Fault{Where: path, Target: id, Attribute: attribute, Text: text}
	if v := attrs[attribute]; path != "" && v.Line > 0 {
		f.Where, f.Line, f.Column = fmt.Sprintf("%s:%d", path, v.Line), v.Line, v.Column
	}
	return f
}

// maxSource and maxID limit the bytes of a table item's keys (DynamoDB developer guide,
// Constraints, Partition keys and sort keys).
const maxSource, maxID = 2048, 1024

// check checks the assigned values and derives the others.
func (c *checker) check() {
	source := c.checkSource()
	if n := len(c.spec.ID); n > maxID {
		c.fault("id", "is %d bytes long, but a table allows at most %d; write a shorter one", n, maxID)
	}
	c.checkType()
	c.checkRole()
	c.checkRegion()
	c.checkHTTP()
	if c.spec.Type != nil && c.spec.Type.Check != nil {
		c.spec.Type.Check(&c.spec, findings{c})
	}
	c.checkCompression()
	c.checkView()
	c.checkEnvelope(source)
	c.checkFilter(source)
	c.checkPrograms()
	c.checkPlaces()
	c.checkCollapse()
	c.checkAggregate()
	c.checkOrder()
	c.checkBounds()
	c.checkCache()
	c.checkTombstone()
	c.checkSecret()
	c.checkOnFailure()
	c.checkOversize()
	c.checkStages(source)
}

// checkSource returns the service of the source, or "" if unknown.
func (c *checker) checkSource() string {
	if c.spec.SourceARN == "" {
		return ""
	}
	if n := len(c.spec.SourceARN); n > maxSource {
		c.fault("sourceArn", "is %d bytes long, but a table allows at most %d", n, maxSource)
		return ""
	}
	service, err := sourceService(c.spec.SourceARN)
	if err != nil {
		c.fault("sourceArn", "%v", err)
	}
	return service
}

// checkType checks the type, and the destination, whose form depends on the type.
func (c *checker) checkType() {
	if c.text.typ == "" {
		return
	}
	if c.spec.Type = c.catalog.Type(c.text.typ); c.spec.Type == nil {
		c.fault("type", "%s is unknown; write one of %s", awsname.Quote(c.text.typ), strings.Join(c.catalog.TypeNames(), ", "))
		return
	}
	if c.text.destination == "" {
		return
	}
	var err error
	if c.spec.Destination, err = parse(c.spec.Type, c.text.destination); err != nil {
		c.fault("destination", "%v", err)
	}
}

func (c *checker) checkRole() {
	if c.spec.Role != "" {
		switch a, err := awsname.ParseARN(c.spec.Role, "iam", "arn:aws:iam::123456789012:role/name"); {
		case c.spec.Type != nil && c.spec.Type.NoAWS:
			c.warn("role", "has no effect on targets of type %s", c.spec.Type)
		case err != nil:
			c.fault("role", "%v", err)
		case !strings.HasPrefix(a.Resource, "role/") || a.Resource == "role/":
			c.fault("role", "%s is not a role; write an ARN like arn:aws:iam::123456789012:role/name", awsname.Quote(c.spec.Role))
		}
	}
	if c.spec.ExternalID == "" {
		return
	}
	if c.spec.Role == "" && !c.broken["role"] {
		c.warn("externalId", "has no effect without a role; add a role, or remove it")
		c.spec.ExternalID = ""
		return
	}
	// STS API, AssumeRole, ExternalId.
	if n := len(c.spec.ExternalID); n < 2 || n > 1224 || !awsname.ConsistsOf(c.spec.ExternalID, "_+=,.@:/-") {
		c.fault("externalId", "is not an external id; write 2 to 1224 letters, digits and _ + = , . @ : / -")
	}
}

func (c *checker) checkRegion() {
	there := c.spec.Destination.Region
	switch {
	case c.spec.Region == "":
		c.spec.Region = there
	case c.spec.Type != nil && c.spec.Type.NoAWS:
		c.warn("region", "has no effect on targets of type %s", c.spec.Type)
	case !awsname.IsRegion(c.spec.Region):
		c.fault("region", "%s is not a region; write one like eu-west-1", awsname.Quote(c.spec.Region))
	case there != "" && there != c.spec.Region:
		c.warn("region", "is %s, but the destination is in %s, which takes precedence", c.spec.Region, there)
		c.spec.Region = there
	}
}

func (c *checker) checkCollapse() {
	c.spec.Collapse = sinks.CollapseNone
	collapses := c.spec.Type != nil && c.spec.Type.Collapse
	places := c.spec.HasPlaces()
	if c.text.collapse == "" {
		if collapses && !places {
			c.spec.Collapse = sinks.CollapseJSON
		}
		return
	}
	if !slices.Contains(sinks.Collapses, sinks.Collapse(c.text.collapse)) {
		c.fault("collapse", "%s is unknown; write JSON, none, concat or concat-b64", awsname.Quote(c.text.collapse))
		return
	}
	concat := c.spec.Type != nil && c.spec.Type.Concat
	if collapses || concat && c.text.collapse == string(sinks.CollapseConcat) {
		c.spec.Collapse = sinks.Collapse(c.text.collapse)
		if places && c.spec.Collapse != sinks.CollapseNone {
			c.fault("collapse", "excludes places such as ${.id}, because a message of several records has no value for them; write none, or remove it")
		}
	} else if concat && c.text.collapse != string(sinks.CollapseNone) {
		c.warn("collapse", "has no effect on %s, which takes concat or none", c.spec.Type)
	} else if sinks.Collapse(c.text.collapse) != sinks.CollapseNone && c.spec.Type != nil {
		c.warn("collapse", "has no effect on %s, only on %s", c.spec.Type, c.catalog.With(func(t *sinks.Type) bool { return t.Collapse }))
	}
}

func (c *checker) checkAggregate() {
	switch {
	case !c.spec.Aggregate || c.spec.Type == nil:
	case c.text.collapse != "" && c.text.collapse != string(sinks.CollapseNone):
		c.fault("aggregate", "excludes collapse, because both put several records into one; remove one of them")
	case !c.spec.Type.Aggregate:
		c.warn("aggregate", "has no effect on %s, only on %s", c.spec.Type, c.catalog.With(func(t *sinks.Type) bool { return t.Aggregate }))
		c.spec.Aggregate = false
	}
}

func (c *checker) checkBounds() {
	if c.spec.Type == nil {
		return
	}
	mostRecords := c.spec.Type.MaxBatchRecords
	if c.spec.Aggregate {
		mostRecords = 0 // the service counts aggregates
	}
	for _, b := range []struct {
		attribute string
		value     int
		most      int
		of        string
	}{
		{"batchRecords", c.spec.BatchRecords, mostRecords, "records per request"},
		{"batchBytes", c.spec.BatchBytes, c.spec.Type.MaxBatchBytes, "bytes per request"},
		{"maxRecordBytes", c.spec.MaxRecordBytes, c.spec.Type.MaxRecordBytes, "bytes per record"},
	} {
		if b.most > 0 && b.value > b.most {
			c.fault(b.attribute, "is %d, but %s accepts at most %d %s; write a smaller number", b.value, c.spec.Type, b.most, b.of)
		}
	}
	if most := c.spec.Type.MaxMessages; c.spec.Collapse == sinks.CollapseNone && most > 0 && c.spec.BatchRecords > most {
		c.warn("batchRecords", "is %d, but without collapse a request to %s has at most %d; write a smaller number, or remove it", c.spec.BatchRecords, c.spec.Type, most)
	}
	if c.spec.MaxRecordBytes > 0 && c.spec.Type.FixedRecords && !c.broken["maxRecordBytes"] {
		c.warn("maxRecordBytes", "has no effect on %s, only on %s", c.spec.Type, c.catalog.With(func(t *sinks.Type) bool { return !t.FixedRecords }))
	}
}

func (c *checker) checkOnFailure() {
	switch {
	case c.spec.OnFailure != "" && c.spec.OnFailure == c.spec.ID:
		c.fault("onFailure", "is the target itself; write the id of another target of the source, or remove it")
	case c.spec.OnFailure == "" && c.spec.MaxAge > 0:
		c.warn("maxAge", "has no effect without onFailure, unless the function has a default for it (FANOUT_ON_FAILURE)")
	}
}

// checkOversize checks what becomes of records that are too large.
func (c *checker) checkOversize() {
	switch text := c.text.oversize; {
	case text == "" || text == "fail":
	case text == "drop":
		c.spec.DropOversize = true
	case strings.Contains(text, "://"):
		c.checkStore(text)
	default:
		c.fault("oversize", "%s is unknown; write fail, drop or the URL of a bucket such as s3://bucket/prefix", awsname.Quote(text))
	}
}

// checkStore checks the destination of records that are too large.
func (c *checker) checkStore(text string) {
	i := slices.IndexFunc(c.catalog.Types, func(t *sinks.Type) bool { return t.Store != nil })
	if i < 0 {
		c.fault("oversize", "needs a type of targets that stores records, and this program has none; write fail or drop")
		return
	}
	to, err := parse(c.catalog.Types[i], text)
	switch {
	case err != nil:
		c.fault("oversize", "%v", err)
	case c.spec.Type != nil && !c.spec.Type.TakesReferences():
		c.fault("oversize", "does not store records for %s, which takes no references; write fail or drop", c.spec.Type)
	default:
		c.spec.OversizeType, c.spec.Oversize = c.catalog.Types[i], to
	}
}

// checkCache checks attributes that only caches have.
func (c *checker) checkCache() {
	if c.spec.TTL > 0 && c.spec.Type != nil && !c.spec.Type.Cache {
		c.warn("ttl", "has no effect on %s, only on %s", c.spec.Type, c.catalog.With(func(t *sinks.Type) bool { return t.Cache }))
		c.spec.TTL = 0
	} else if c.spec.TTL > maxTTL {
		c.fault("ttl", "is %d seconds; write at most %d, or remove it to keep values until they are deleted", c.spec.TTL, maxTTL)
	}
}

// checkSecret checks the ARN of the secret with the credentials.
func (c *checker) checkSecret() {
	has := func(t *sinks.Type) bool { return t.TakesSecret() }
	if c.spec.Secret == "" {
		return
	}
	const like = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:name-AbCdEf"
	switch a, err := awsname.ParseARN(c.spec.Secret, "secretsmanager", like); {
	case c.spec.Type != nil && !has(c.spec.Type):
		c.warn("secret", "has no effect on %s, only on %s", c.spec.Type, c.catalog.With(has))
		c.spec.Secret = ""
	case err != nil || !strings.HasPrefix(a.Resource, "secret:") || a.Resource == "secret:":
		// The error omits the value, because it may be the password itself.
		c.fault("secret", "is not the ARN of a secret; write one like %s", like)
	case c.spec.Destination.HasPassword():
		c.fault("secret", "has the password, but the destination has one too; remove one of them")
	}
}

// maxTTL is the longest ttl in seconds, 68 years, because memcached uses 32 bits.
const maxTTL = 1<<31 - 1
