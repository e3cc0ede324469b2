package manage

import "fanout/sinks"

// AttributeUsages describes the flags of attributes. Most names come from
// aws-lambda-fanout.
var AttributeUsages = []struct{ Attribute, Flag, Usage string }{
	{"destination", "destination", "the destination of the records, by `NAME` or in full"},
	{"active", "active", "let the target receive records"},
	{"role", "destination-role-arn", "assume the role with this `ARN` to call the destination"},
	{"externalId", "external-id", "the external `ID` to assume that role with"},
	{"region", "destination-region", "the `REGION` of the destination"},
	{"collapse", "collapse", "combine records into messages in this `FORM`: JSON, none, concat or concat-b64; for TYPES (default: JSON), and concat for firehose"},
	{"parallel", "parallel", "send requests in parallel; false keeps the order of each key (default: true)"},
	{"decompress", "decompress", "decompress the data of Kinesis records of this `FORM`: gzip, zstd, auto or none (default: none)"},
	{"lanes", "lanes", "with --parallel false, have up to `N` requests of a shard in flight, each with other keys (default: 1)"},
	{"order", "order", "with --parallel false, keep the order of this `UNIT`: key, or request, which may hold several records of a key (default: key)"},
	{"unwrap", "unwrap", "take data out of the envelope of this `SERVICE`: sns, eventbridge or none (default: none)"},
	{"convertDDB", "convert-ddb", "convert DynamoDB images to plain JSON"},
	{"view", "view", "send this `PART` of a DynamoDB change: NEW_IMAGE, OLD_IMAGE, KEYS_ONLY, NEW_AND_OLD_IMAGES or EVENT, the whole record (default: NEW_IMAGE)"},
	{"deaggregate", "deaggregate", "unpack records aggregated by the Kinesis Producer Library"},
	{"filter", "filter", "deliver only records that match this event `PATTERN`: JSON, or @FILE for a file with it"},
	{"transform", "transform", "make records of a record with this jq `PROGRAM`, such as '{id: .order, total}'; see docs/transform.md"},
	{"transformOutput", "transform-output", "write results of the program that are strings in this `FORM`: json or text (default: json)"},
	{"key", "key", "give each record the key that this jq `PROGRAM` reads from it, such as .customer.id"},
	{"subject", "subject", "the subject of each message, a `TEXT` that may have places such as ${.type}; for TYPES"},
	{"attributes", "attributes", "the attributes of each message, in `JSON` such as '{\"type\": \"${.type}\"}'; for TYPES"},
	{"group", "group", "the message group of each message in a standard queue, a `TEXT` that may have places such as ${.tenant}; for TYPES"},
	{"source", "event-source", "the source of each event, a `TEXT` that may have places such as ${.type}; for TYPES (default: fanout)"},
	{"detailType", "detail-type", "the detail type of each event, a `TEXT` that may have places such as ${.type}; for TYPES (default: Record)"},
	{"envelope", "envelope", "put records into envelopes of this `FORM`: cloudevents, debezium for changes of DynamoDB tables, or none (default: none)"},
	{"appendNewlines", "append-newlines", "end each record with a newline"},
	{"compress", "compress", "compress records or messages as `FORMAT`: gzip, zstd or none; for TYPES"},
	{"aggregate", "aggregate", "aggregate records as the Kinesis Producer Library does, for each shard of the destination; for TYPES"},
	{"stages", "stages", "pass records through the stages in this `JSON` list, such as '[{\"mask\": {\"fields\": [\"iban\"]}}]'; see fanout build"},
	{"batchRecords", "batch-records", "put at most `N` records into a request or message"},
	{"batchBytes", "batch-bytes", "put at most `N` bytes into a request or message"},
	{"maxRecordBytes", "max-record-bytes", "send records of up to `N` bytes, if the owner of the destination has set this limit"},
	{"onFailure", "on-failure", "send records that this target cannot take to the target with this `ID`; not the same as fanout hook --on-failure, a setting of Lambda"},
	{"maxAge", "max-age", "with --on-failure, also divert records older than this `TIME`, such as 3600 or 1h, that might still be delivered"},
	{"oversize", "oversize", "the `ACTION` for records that are too large: fail, drop, or store them in a bucket such as s3://bucket/prefix and send references (default: fail)"},
	{"inFlight", "in-flight", "send at most `N` requests at a time"},
	{"epoch", "epoch", "any `TEXT`; change it before you read a stream again, and the target gets every record again"},
	{"tombstone", "tombstone", "let tombstones of deleted items expire by the TTL attribute of this `NAME`, or none to delete items; for TYPES (default: fanout:expires)"},
	{"headers", "headers", "the headers of each request, in `JSON` such as '{\"X-Tenant\": \"7\"}'; for TYPES"},
	{"auth", "auth", "authorize requests in this `WAY`: bearer, basic, oauth2 or hmac with --secret, sigv4, or none (default: none); for TYPES"},
	{"rateLimit", "rate-limit", "send at most `N` requests a second from each instance of the function; for TYPES"},
	{"ttl", "ttl", "expire values after this `TIME`, such as 3600 or 1h; for TYPES"},
	{"secret", "secret", "read the credentials from the secret with this `ARN`; for TYPES"},
}

// Texts are the attributes whose text may be in a file.
var Texts = []string{"filter"}

// FlagOf returns the flag of an attribute, without leading hyphens, "" if it has none.
func FlagOf(attribute string) string {
	for _, u := range AttributeUsages {
		if u.Attribute == attribute {
			return u.Flag
		}
	}
	return ""
}

// TypesWith are the types of targets that have an attribute. Usages call them TYPES.
var TypesWith = map[string]func(*sinks.Type) bool{
	"collapse":   func(t *sinks.Type) bool { return t.Collapse },
	"compress":   func(t *sinks.Type) bool { return t.Compress },
	"aggregate":  func(t *sinks.Type) bool { return t.Aggregate },
	"source":     func(t *sinks.Type) bool { return t.BusEvents },
	"detailType": func(t *sinks.Type) bool { return t.BusEvents },
	"tombstone":  func(t *sinks.Type) bool { return t.Replica },
	"ttl":        func(t *sinks.Type) bool { return t.Cache },
	"secret":     func(t *sinks.Type) bool { return t.TakesSecret() },
	"headers":    func(t *sinks.Type) bool { return t.HTTP },
	"auth":       func(t *sinks.Type) bool { return t.HTTP },
	"rateLimit":  func(t *sinks.Type) bool { return t.HTTP },
}
