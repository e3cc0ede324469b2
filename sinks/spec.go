package sinks

import (
	"strings"

	"fanout/internal/jq"
)

// Collapse says how several records become one message.
type Collapse string

const (
	CollapseNone      Collapse = "none"       // one message per record
	CollapseJSON      Collapse = "JSON"       // {"Records":[…]}
	CollapseConcat    Collapse = "concat"     // the bytes, concatenated
	CollapseConcatB64 Collapse = "concat-b64" // the bytes in base64, concatenated
)

// Collapses are the values of the attribute collapse.
var Collapses = []Collapse{CollapseJSON, CollapseNone, CollapseConcat, CollapseConcatB64}

// Spec is the configuration of one target, with defaults applied. It is comparable, so that
// targets with equal Specs can share connections. It hides secrets when printed.
type Spec struct {
	SourceARN   string // Kinesis stream, DynamoDB stream, SNS topic, SQS queue or Kafka topic
	ID          string // unique among the targets of a source
	Type        *Type  // nil if unknown
	Destination Destination
	Active      bool // false only if configured

	Role       string // ARN of the role to assume; "": none
	ExternalID string // for assuming Role; "": none
	Region     string // of the destination; "": the function's

	Collapse       Collapse // CollapseNone if collapsing has no effect
	Parallel       bool     // false keeps order; see Ordered
	Lanes          int      // requests of a shard in flight if order is kept, each with other keys; 0: one
	OrderRequests  bool     // keep the order of requests: one may hold several records of a key
	Decompress     string   // format of compressed data: gzip, zstd or auto; "": data is not decompressed
	Unwrap         string   // envelope that data is taken out of: sns or eventbridge; "": none
	ConvertDDB     bool     // DynamoDB images as plain JSON
	Deaggregate    bool     // unpack KPL-aggregated Kinesis records
	View           string   // part of a DynamoDB change that is the data: OLD_IMAGE, KEYS_ONLY, NEW_AND_OLD_IMAGES or EVENT; "": the new image
	Envelope       string   // form of the data: cloudevents or debezium; "": the data alone
	AppendNewlines bool     // end each record with a newline
	Compress       string   // format that data is compressed in: gzip or zstd; "": none
	Aggregate      bool     // aggregate records as the Kinesis Producer Library does
	Filter         string   // event pattern in JSON that a record must match; "": every record goes
	Stages         string   // stages by name, a JSON list of names and of objects {name: options}; "": none

	Transform       string // jq program that makes records of a record; "": none
	TransformOutput string // json or text, for results that are strings; "": json
	Key             string // jq program that makes the key of a record; "": the source's key

	// Of sns and sqs only: templates for each message.
	Subject    string // "": that of the source's notification
	Attributes string // a JSON object of strings; "": none
	Group      string // message group in a standard queue; "": none

	// Of eventbridge only: templates for each event; "": the type's own.
	EventSource string
	DetailType  string

	OnFailure    string // id of the fallback target of the same source; "": none
	MaxAge       int    // seconds until OnFailure takes a record that could still be delivered; 0: never
	DropOversize bool   // drop records that are too large instead of failing them

	OversizeType *Type       // of the store for records that are too large; nil: none
	Oversize     Destination // of this store

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

	// Tombstone, of copies of a DynamoDB table only, is the attribute that makes tombstones
	// expire. "": its default name. NoTombstone: deleted items leave none.
	Tombstone string

	// Of http only.
	Headers   string // headers of each request, a JSON object of strings; "": none
	Auth      string // how requests are authorized, see AuthBearer; "": not
	RateLimit int    // requests a second of the process; 0: any

	// Of caches only.
	TTL int // seconds until a value expires; 0: never

	Secret string // of caches and http: ARN of the Secrets Manager secret with the credentials; "": none
}

// Ordered reports whether the target gets the records of each key in order. That holds if
// the target asks for it. It also holds if the target keeps the latest value of a key,
// because a resent older value must not replace it. The messages of a standard queue have no
// order to keep.
func (s *Spec) Ordered() bool {
	return !s.Parallel && !s.FromStandardQueue() || s.Type != nil && (s.Type.Cache || s.Type.Items && s.Key != "") || s.keepsItems()
}

// NeedsImages reports whether the target stores items of a DynamoDB table, or sends them as
// change events, and so needs a stream view with new images.
func (s *Spec) NeedsImages() bool {
	stores := s.keepsItems() || s.Type != nil && s.Type.Cache && s.FromTable()
	return s.FromTable() && s.Envelope == EnvelopeDebezium || stores && (s.View == "" || s.View == ViewBoth)
}

// WantsOldImages reports whether the target sends old images of a DynamoDB table.
func (s *Spec) WantsOldImages() bool {
	return s.FromTable() && (s.View == ViewOld || s.View == ViewBoth || s.Envelope == EnvelopeDebezium)
}

// Values of the attribute view. DynamoDB streams have these views too, and so does the
// default, NEW_IMAGE.
const (
	ViewNew  = "NEW_IMAGE"
	ViewOld  = "OLD_IMAGE"
	ViewKeys = "KEYS_ONLY"
	ViewBoth = "NEW_AND_OLD_IMAGES"
	// ViewEvent is the whole source record.
	ViewEvent = "EVENT"
)

// NoTombstone is the value of the attribute tombstone for targets that delete items.
const NoTombstone = "none"

// Values of the attribute unwrap.
const (
	UnwrapNone        = "none"
	UnwrapSNS         = "sns"
	UnwrapEventBridge = "eventbridge"
)

// Values of the attribute envelope.
const (
	EnvelopeNone        = "none"
	EnvelopeCloudEvents = "cloudevents"
	EnvelopeDebezium    = "debezium"
)

// Values of the attribute auth.
const (
	AuthNone   = "none"
	AuthBearer = "bearer" // a token
	AuthBasic  = "basic"  // user and password
	AuthOAuth2 = "oauth2" // tokens of the client credentials grant
	AuthSigV4  = "sigv4"  // the credentials of the role
	AuthHMAC   = "hmac"   // a signature of Standard Webhooks
)

// keepsItems reports whether the target keeps the items of a table by key.
func (s *Spec) keepsItems() bool { return s.Type != nil && s.Type.Items && s.FromTable() }

// HasPlaces reports whether the destination depends on the record, such as the index
// orders-${.type}.
func (s *Spec) HasPlaces() bool {
	for _, text := range []string{s.Destination.Index, s.Destination.Topic, s.Subject, s.Attributes, s.Group} {
		if jq.HasPlace(text) {
			return true
		}
	}
	return false
}

// FromStandardQueue reports whether the source is an SQS queue without order.
func (s *Spec) FromStandardQueue() bool {
	return strings.Contains(s.SourceARN, ":sqs:") && !strings.HasSuffix(s.SourceARN, ".fifo")
}

// FromTable reports whether the source is the stream of a DynamoDB table.
func (s *Spec) FromTable() bool { return strings.Contains(s.SourceARN, ":dynamodb:") }
