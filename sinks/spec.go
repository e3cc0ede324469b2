// Package target reads the configuration of targets from a DynamoDB table or a file, and
// reports all its faults.
package sinks

import "strings"

// Type is a type of target.
type Type string

const (
	SNS       Type = "sns"
	SQS       Type = "sqs"
	ES        Type = "es" // Elasticsearch and OpenSearch
	Kinesis   Type = "kinesis"
	Firehose  Type = "firehose"
	IoT       Type = "iot"
	Lambda    Type = "lambda"
	Memcached Type = "memcached"
	Redis     Type = "redis"
	File      Type = "file"
)

// TypeNames holds the values of the type attribute, in the order of the documentation.
var List = []struct {
	Name string
	Typ  Type
}{
	{"sns", SNS}, {"sqs", SQS}, {"es", ES}, {"opensearch", ES}, {"kinesis", Kinesis}, {"firehose", Firehose},
	{"iot", IoT}, {"lambda", Lambda}, {"memcached", Memcached}, {"redis", Redis}, {"file", File},
}

// TypeNames returns the values of the type attribute.
func TypeNames() []string {
	names := make([]string, len(List))
	for i, t := range List {
		names[i] = t.Name
	}
	return names
}

// ParseType returns the type for a value of the type attribute, or "" if there is none.
func ParseType(name string) Type {
	for _, t := range List {
		if t.Name == name {
			return t.Typ
		}
	}
	return ""
}

// Collapse says how several records become one message.
type Collapse string

const (
	CollapseNone      Collapse = "none"       // one message per record
	CollapseJSON      Collapse = "JSON"       // {"Records":[…]}
	CollapseConcat    Collapse = "concat"     // the bytes, concatenated
	CollapseConcatB64 Collapse = "concat-b64" // the bytes in base64, concatenated
)

var Collapses = []Collapse{CollapseJSON, CollapseNone, CollapseConcat, CollapseConcatB64}

// Spec is the configuration of one target, with defaults applied. It is comparable, so that
// targets with equal Specs can share connections. It hides secrets when printed.
type Spec struct {
	SourceARN   string // Kinesis stream, DynamoDB stream or SNS topic
	ID          string // unique among the targets of a source
	Type        Type
	Destination Destination
	Active      bool // false only if configured

	Role       string // ARN of the role to assume; "": none
	ExternalID string // for assuming Role; "": none
	Region     string // of the destination; "": the function's

	Collapse       Collapse // CollapseNone if collapsing has no effect
	Parallel       bool     // false keeps order; see Ordered
	ConvertDDB     bool     // DynamoDB images as plain JSON
	Deaggregate    bool     // unpack KPL-aggregated Kinesis records
	AppendNewlines bool     // end each record with a newline

	OnFailure    string // id of the fallback target of the same source; "": none
	MaxAge       int    // seconds until OnFailure takes a record that could still be delivered; 0: never
	DropOversize bool   // drop records that are too large instead of failing them

	// Limits below the service's; 0: the service's own.
	BatchRecords int // records in a request or collapsed message
	BatchBytes   int // bytes of a request or collapsed message
	InFlight     int // requests in flight; 0: an equal share of the function's

	// MaxRecordBytes is the destination's record limit, if its owner can change it. 0 means
	// the service's default.
	MaxRecordBytes int

	// Epoch is any text. Changing it makes the target a new one without known deliveries,
	// so that a replay reaches it.
	Epoch string

	// Of caches only.
	TTL    int    // seconds until a value expires; 0: never
	Secret string // ARN of the Secrets Manager secret with user and password; "": none
}

// Ordered reports whether the target gets the records of each key in order. That holds if
// the target asks for it. It also holds if the target keeps the latest value of a key,
// because a resent older value must not replace it.
func (s *Spec) Ordered() bool {
	return !s.Parallel || s.Type.Cache() || s.Type == ES && strings.Contains(s.SourceARN, ":dynamodb:")
}

// NeedsImages reports whether the target stores items of a DynamoDB table, and so needs a
// stream view with new images.
func (s *Spec) NeedsImages() bool {
	return (s.Type.Cache() || s.Type == ES) && strings.Contains(s.SourceARN, ":dynamodb:")
}

// Collapsible reports whether Collapse has an effect.
func (t Type) Collapsible() bool { return t == IoT || t == SQS || t == SNS }

// Cache reports whether the target stores values under keys.
func (t Type) Cache() bool { return t == Memcached || t == Redis }

// Local reports whether the target is reached by address, without AWS credentials.
func (t Type) Local() bool { return t == Memcached || t == Redis || t == File }

// Bounds holds the services' limits (LIMITS of the SDK's doc comments). Zero means no limit
// known here.
var Bounds = map[Type]struct{ Records, Bytes, Record int }{
	Kinesis:   {500, 10 << 20, 10 << 20}, // a stream's MaxRecordSizeInKiB
	Firehose:  {500, 4 << 20, 1000 << 10},
	SQS:       {0, 1 << 20, 1 << 20}, // a collapsed message has any number of records
	SNS:       {0, 1 << 20, 1 << 20}, // a topic's MaximumMessageSize
	IoT:       {0, 128 << 10, 128 << 10},
	Lambda:    {0, 1 << 20, 1 << 20},
	ES:        {0, 100 << 20, 100 << 20}, // http.max_content_length
	Memcached: {0, 0, 1 << 30},           // -I
	Redis:     {0, 0, 512 << 20},         // proto-max-bulk-len
}
