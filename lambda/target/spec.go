// Package target reads the configuration of targets, from a DynamoDB table or a
// file, and says everything that is wrong with it.
package target

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

// typeNames are the values of the attribute type, in the order users see them.
var typeNames = []struct {
	name string
	typ  Type
}{
	{"sns", SNS}, {"sqs", SQS}, {"es", ES}, {"opensearch", ES}, {"kinesis", Kinesis}, {"firehose", Firehose},
	{"iot", IoT}, {"lambda", Lambda}, {"memcached", Memcached}, {"redis", Redis}, {"file", File},
}

// TypeNames returns the values of the attribute type.
func TypeNames() []string {
	names := make([]string, len(typeNames))
	for i, t := range typeNames {
		names[i] = t.name
	}
	return names
}

// ParseType returns the type that a value of the attribute type names, "" if none.
func ParseType(name string) Type {
	for _, t := range typeNames {
		if t.name == name {
			return t.typ
		}
	}
	return ""
}

// Collapse says how many records become one message.
type Collapse string

const (
	CollapseNone      Collapse = "none"       // a message each
	CollapseJSON      Collapse = "JSON"       // {"Records":[…]}
	CollapseConcat    Collapse = "concat"     // the bytes one after another
	CollapseConcatB64 Collapse = "concat-b64" // those in base64
)

var collapses = []Collapse{CollapseJSON, CollapseNone, CollapseConcat, CollapseConcatB64}

// Spec is the configuration of one target, with defaults filled in. It is
// comparable: targets with equal Specs can share what was made for them. It does
// not show secrets when printed.
type Spec struct {
	SourceARN   string // Kinesis stream, DynamoDB stream or SNS topic
	ID          string // unique among the targets of a source
	Type        Type
	Destination Destination
	Active      bool // false only if the configuration says so

	Role       string // ARN of the role to assume; "": none
	ExternalID string // for assuming Role; "": none
	Region     string // of the destination; "": the function's

	Collapse       Collapse // always CollapseNone where collapsing has no effect
	Parallel       bool     // false keeps order; see Ordered
	ConvertDDB     bool     // DynamoDB images as plain JSON
	Deaggregate    bool     // unpack KPL-aggregated Kinesis records
	AppendNewlines bool     // end each record with a newline

	OnFailure    string // id of the target, of the same source, that takes what this one cannot; "": none
	MaxAge       int    // seconds after which OnFailure takes what may be delivered yet; 0: never
	DropOversize bool   // records that are too large are dropped, not failed

	// Bounds below those of the service; 0: the service's own.
	BatchRecords int // records in a request or collapsed message
	BatchBytes   int // bytes of a request or collapsed message
	InFlight     int // requests in flight; 0: an even share of the function's

	// MaxRecordBytes is what the destination takes a record, where its owner may
	// set that; 0: the service's default.
	MaxRecordBytes int

	// Epoch is any text. A target with another one is a new target, of which the function
	// knows nothing, so that a replay reaches it.
	Epoch string

	// Of caches only.
	TTL    int    // seconds that a value is kept; 0: until it is removed
	Secret string // ARN of the Secrets Manager secret that has user and password; "": none
}

// Ordered reports whether the target gets the records of each key in order: it is
// asked to, or it keeps the latest value of a key, which an older one that is sent
// again must not replace.
func (s *Spec) Ordered() bool {
	return !s.Parallel || s.Type.cache() || s.Type == ES && strings.Contains(s.SourceARN, ":dynamodb:")
}

// NeedsImages reports whether the target stores items of a DynamoDB table, so that it
// needs a stream whose view has new images.
func (s *Spec) NeedsImages() bool {
	return (s.Type.cache() || s.Type == ES) && strings.Contains(s.SourceARN, ":dynamodb:")
}

// collapsible reports whether Collapse has an effect.
func (t Type) collapsible() bool { return t == IoT || t == SQS || t == SNS }

// cache reports whether the target keeps values under keys.
func (t Type) cache() bool { return t == Memcached || t == Redis }

// maxTTL is the longest ttl, in seconds, 68 years: memcached counts in 32 bits.
const maxTTL = 1<<31 - 1

// local reports whether the target is reached by its address, without AWS
// credentials.
func (t Type) local() bool { return t == Memcached || t == Redis || t == File }

// bounds are what the services take at most (LIMITS of the SDK's doc comments);
// zero: none that could be told here.
var bounds = map[Type]struct{ records, bytes, record int }{
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
