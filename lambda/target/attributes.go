package target

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"fanout/internal/awsname"
	"fanout/internal/near"
	"fanout/sinks"
)

// Kind is the type of an attribute's value, with DynamoDB's name (DynamoDB API,
// AttributeValue).
type Kind string

const (
	String Kind = "S"
	Number Kind = "N"
	Bool   Kind = "BOOL"
	Null   Kind = "NULL" // counts as missing
	List   Kind = "L"
	Map    Kind = "M"
)

var kindNames = map[Kind]string{
	String: "a string (S)", Number: "a number (N)", Bool: "a boolean (BOOL)", Null: "null", "B": "binary (B)",
	List: "a list (L)", Map: "a map (M)", "SS": "a set of strings (SS)", "NS": "a set of numbers (NS)", "BS": "a set of binaries (BS)",
}

func (k Kind) String() string {
	if name, ok := kindNames[k]; ok {
		return name
	}
	return "of unknown type " + string(k)
}

// Value is the value of an attribute.
type Value struct {
	Kind         Kind
	Text         string // of String, Number and Bool; of List and Map: JSON
	Line, Column int    // in the file, from 1; 0 for a table
}

// Values maps attribute names to values. They are hidden when printed or marshalled,
// because an address may contain a password.
type Values map[string]Value

// Format implements fmt.Formatter.
func (v Values) Format(s fmt.State, _ rune) {
	fmt.Fprint(s, slices.Sorted(maps.Keys(v)))
}

// MarshalJSON implements json.Marshaler.
func (v Values) MarshalJSON() ([]byte, error) {
	return json.Marshal(slices.Sorted(maps.Keys(v)))
}

// attributes describes a target's attributes, for tables and files alike.
var attributes = []struct {
	name     string
	kind     Kind
	required bool
	field    func(*checker) any // *string, *bool or *int
}{
	{"sourceArn", String, true, func(c *checker) any { return &c.spec.SourceARN }},
	{"id", String, true, func(c *checker) any { return &c.spec.ID }},
	{"type", String, true, func(c *checker) any { return &c.text.typ }},
	{"destination", String, true, func(c *checker) any { return &c.text.destination }},
	{"active", Bool, true, func(c *checker) any { return &c.spec.Active }},
	{"role", String, false, func(c *checker) any { return &c.spec.Role }},
	{"externalId", String, false, func(c *checker) any { return &c.spec.ExternalID }},
	{"region", String, false, func(c *checker) any { return &c.spec.Region }},
	{"collapse", String, false, func(c *checker) any { return &c.text.collapse }},
	{"parallel", Bool, false, func(c *checker) any { return &c.spec.Parallel }},
	{"lanes", Number, false, func(c *checker) any { return &c.spec.Lanes }},
	{"order", String, false, func(c *checker) any { return &c.text.order }},
	{"decompress", String, false, func(c *checker) any { return &c.spec.Decompress }},
	{"unwrap", String, false, func(c *checker) any { return &c.spec.Unwrap }},
	{"convertDDB", Bool, false, func(c *checker) any { return &c.spec.ConvertDDB }},
	{"view", String, false, func(c *checker) any { return &c.spec.View }},
	{"deaggregate", Bool, false, func(c *checker) any { return &c.spec.Deaggregate }},
	{"transform", String, false, func(c *checker) any { return &c.spec.Transform }},
	{"transformOutput", String, false, func(c *checker) any { return &c.spec.TransformOutput }},
	{"key", String, false, func(c *checker) any { return &c.spec.Key }},
	{"envelope", String, false, func(c *checker) any { return &c.spec.Envelope }},
	{"appendNewlines", Bool, false, func(c *checker) any { return &c.spec.AppendNewlines }},
	{"compress", String, false, func(c *checker) any { return &c.spec.Compress }},
	{"subject", String, false, func(c *checker) any { return &c.spec.Subject }},
	{"attributes", String, false, func(c *checker) any { return &c.spec.Attributes }},
	{"group", String, false, func(c *checker) any { return &c.spec.Group }},
	{"source", String, false, func(c *checker) any { return &c.spec.EventSource }},
	{"detailType", String, false, func(c *checker) any { return &c.spec.DetailType }},
	{"aggregate", Bool, false, func(c *checker) any { return &c.spec.Aggregate }},
	{"filter", String, false, func(c *checker) any { return &c.spec.Filter }},
	{"stages", String, false, func(c *checker) any { return &c.spec.Stages }},
	{"batchRecords", Number, false, func(c *checker) any { return &c.spec.BatchRecords }},
	{"batchBytes", Number, false, func(c *checker) any { return &c.spec.BatchBytes }},
	{"maxRecordBytes", Number, false, func(c *checker) any { return &c.spec.MaxRecordBytes }},
	{"onFailure", String, false, func(c *checker) any { return &c.spec.OnFailure }},
	{"maxAge", Number, false, func(c *checker) any { return &c.spec.MaxAge }},
	{"oversize", String, false, func(c *checker) any { return &c.text.oversize }},
	{"inFlight", Number, false, func(c *checker) any { return &c.spec.InFlight }},
	{"epoch", String, false, func(c *checker) any { return &c.spec.Epoch }},
	{"tombstone", String, false, func(c *checker) any { return &c.spec.Tombstone }},
	{"headers", String, false, func(c *checker) any { return &c.spec.Headers }},
	{"auth", String, false, func(c *checker) any { return &c.spec.Auth }},
	{"rateLimit", Number, false, func(c *checker) any { return &c.spec.RateLimit }},
	{"ttl", Number, false, func(c *checker) any { return &c.spec.TTL }},
	{"secret", String, false, func(c *checker) any { return &c.spec.Secret }},
}

// Attribute describes an attribute of targets.
type Attribute struct {
	Name     string
	Kind     Kind
	Required bool
	Words    []string // all values, if there are only a few; nil: any text
	Value    Kind     // Map or List if it may also be written as such, and not as JSON text; "" for others
	Seconds  bool     // a number of seconds, which may be written as a duration
	Most     int      // the largest number, or the most bytes of a text; 0: any
}

// mostOf holds the bounds of attributes that do not depend on the type.
var mostOf = map[string]int{"sourceArn": maxSource, "id": maxID, "lanes": maxLanes, "ttl": maxTTL, "tombstone": maxTombstone}

// Attributes returns all attributes in the order of the documentation.
func Attributes() []Attribute {
	all := make([]Attribute, len(attributes))
	for i, a := range attributes {
		all[i] = Attribute{
			Name: a.name, Kind: a.kind, Required: a.required,
			Words: AttributeWords[a.name], Value: structured[a.name], Seconds: timed[a.name], Most: mostOf[a.name],
		}
	}
	return all
}

// read is like Read for attributes of the file at path.
func (catalog *Catalog) read(attrs Values, label, path string) Loaded {
	attrs = normal(attrs)
	c := &checker{
		catalog: catalog,
		spec:    sinks.Spec{Active: true, Parallel: true},
		path:    path, attrs: attrs, broken: make(map[string]bool),
	}
	c.id = label
	if id := attrs["id"]; id.Kind == String && id.Text != "" {
		c.id = id.Text
	}
	c.assign()
	c.check()
	return Loaded{ID: c.id, Spec: c.spec, Attributes: attrs, Faults: c.faults, Warnings: c.warnings}
}

// assign copies the attributes' values to the fields of the target.
func (c *checker) assign() {
	known := make(map[string]bool, len(attributes))
	for _, a := range attributes {
		known[a.name] = true
		v, ok := c.attrs[a.name]
		if !ok || v.Kind == Null || v.Kind == String && v.Text == "" {
			if a.required {
				c.fault(a.name, "is missing; write %s", c.missing(a.name, a.kind))
			}
			continue
		}
		if timed[a.name] && v.Kind == String {
			n, ok := seconds(v.Text)
			if !ok {
				c.fault(a.name, "is %s; write whole seconds such as 3600, or a duration such as 1h", awsname.Quote(v.Text))
				continue
			}
			*a.field(c).(*int) = n
			continue
		}
		if v.Kind != a.kind {
			if flag, ok := a.field(c).(*bool); ok && c.asPredecessor(a.name, v, flag) {
				continue
			}
			c.fault(a.name, "%s", wrongKind(a.name, v.Kind, a.kind))
			continue
		}
		switch field := a.field(c).(type) {
		case *string:
			*field = v.Text
		case *bool:
			*field = v.Text == "true"
		case *int:
			n, err := strconv.Atoi(v.Text)
			if err != nil || n < 1 {
				c.fault(a.name, "is %.20s; write a whole number above zero", v.Text)
				continue
			}
			*field = n
		}
	}
	if c.ignored {
		c.spec.Active = false
	}
	for _, name := range slices.Sorted(maps.Keys(c.attrs)) {
		if !known[name] {
			c.warn(name, "unknown attribute, ignored%s", similar(name))
		}
	}
}

// missing returns the allowed values of a required attribute, in words.
func (c *checker) missing(name string, kind Kind) string {
	switch name {
	case "sourceArn":
		return "the ARN of a " + awsname.SourceNouns
	case "id":
		return "a name that no other target of the source has"
	case "type":
		return "one of " + strings.Join(c.catalog.TypeNames(), ", ")
	case "destination":
		return "where the records go, such as the name or ARN of a queue or stream"
	}
	return kind.example()
}

// wrongKind says what to write instead of a value of another kind than an attribute's.
func wrongKind(name string, is, must Kind) string {
	const pattern = "write an event pattern, such as {data: {type: [order]}}"
	switch name {
	case filter:
		if is == Map {
			return "has a name twice, too many values, or one that is not JSON; " + pattern
		}
		return fmt.Sprintf("is %s; %s", is, pattern)
	case ownStages:
		return fmt.Sprintf("is %s; %s", is, writeStages)
	case "transform", "key":
		return fmt.Sprintf("is %s; write a jq program in quotes, such as '{id: .order}'", is)
	case "decompress":
		return fmt.Sprintf("is %s; write %s", is, oneOf(Decompressions))
	case "compress":
		return fmt.Sprintf("is %s; write %s", is, oneOf(Compressions))
	case "unwrap":
		return fmt.Sprintf("is %s; write %s", is, oneOf(Wrappings))
	case "envelope":
		return fmt.Sprintf("is %s; write %s", is, oneOf(Envelopes))
	case "view":
		return fmt.Sprintf("is %s; write %s", is, oneOf(Views))
	case headers:
		return fmt.Sprintf("is %s; write an object of strings, such as {X-Tenant: \"7\"}", is)
	case "auth":
		return fmt.Sprintf("is %s; write %s", is, oneOf(Auths))
	case messageAttributes:
		return fmt.Sprintf("is %s; write an object of strings, such as {type: \"${.type}\"}", is)
	}
	return fmt.Sprintf("is %s; it must be %s: write %s", is, must, must.example())
}

// example returns a hint on how to write a value of kind k.
func (k Kind) example() string {
	switch k {
	case Bool:
		return "true or false"
	case Number:
		return "a whole number"
	default:
		return "a string, in quotes if it looks like a number"
	}
}

// similar suggests a known attribute for an unknown name.
func similar(name string) string {
	plain := strings.NewReplacer("_", "", "-", "").Replace(name)
	names := make([]string, len(attributes))
	for i, a := range attributes {
		names[i] = a.name
		if strings.EqualFold(a.name, plain) {
			return fmt.Sprintf("; did you mean %s?", a.name)
		}
	}
	if best := near.Closest(plain, names); best != "" {
		return fmt.Sprintf("; did you mean %s?", best)
	}
	return ""
}
