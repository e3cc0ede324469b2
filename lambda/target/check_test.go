package target

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fanout/sinks"
	"fanout/sinks/builtin"
)

const (
	stream1 = "arn:aws:kinesis:eu-west-1:123456789012:stream/clicks.v1"
	table1  = "arn:aws-cn:dynamodb:cn-north-1:123456789012:table/Orders/stream/2026-01-31T12:34:56.789"
	queue1  = "arn:aws:sqs:eu-west-1:123456789012:jobs"
	topic1  = "arn:aws-us-gov:sns:us-gov-west-1:123456789012:alarms.fifo"
	secret1 = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:cache/password-AbCdEf"
	role1   = "arn:aws:iam::123456789012:role/path/writer@x"
)

// base is a target without faults.
func base() map[string]Value {
	return map[string]Value{
		"sourceArn": {Kind: String, Text: stream1}, "id": {Kind: String, Text: "a"}, "type": {Kind: String, Text: "kinesis"},
		"destination": {Kind: String, Text: "copy"}, "active": {Kind: Bool, Text: "true"},
	}
}

// with is base with attributes changed, in pairs of name and value. A value of
// "-" removes the attribute.
func with(pairs ...string) map[string]Value {
	attrs := base()
	for i := 0; i < len(pairs); i += 2 {
		v := Value{Kind: String, Text: pairs[i+1]}
		switch {
		case v.Text == "-":
			delete(attrs, pairs[i])
			continue
		case v.Text == "true" || v.Text == "false":
			v.Kind = Bool
		case strings.Trim(v.Text, "-.0123456789") == "" && v.Text != "":
			v.Kind = Number
		}
		attrs[pairs[i]] = v
	}
	return attrs
}

func texts(faults []Fault) (all []string) {
	for _, f := range faults {
		all = append(all, f.Error())
	}
	return all
}

func TestFaults(t *testing.T) {
	for _, tt := range []struct {
		attrs map[string]Value
		want  string
	}{
		{with("sourceArn", "-"), "sourceArn: is missing; write the ARN of a Kinesis stream, DynamoDB stream, SNS topic, SQS queue or Kafka topic"},
		{with("sourceArn", "arn:aws:kinesis:eu-west-1:123456789012:stream/"+strings.Repeat("x", 2048)), "sourceArn: is 2094 bytes long, but a table allows at most 2048"},
		{with("sourceArn", "clicks"), `sourceArn: "clicks" is not an ARN; write the ARN of a Kinesis stream, DynamoDB stream, SNS topic, SQS queue or Kafka topic`},
		{with("sourceArn", "arn:aws:s3:::bucket"), `sourceArn: "arn:aws:s3:::bucket" belongs to "s3"; write the ARN of a Kinesis stream, DynamoDB stream, SNS topic, SQS queue or Kafka topic`},
		{with("sourceArn", "arn:aws:kinesis:eu-west-1:123456789012:streams/x"), `sourceArn: "arn:aws:kinesis:eu-west-1:123456789012:streams/x" is not a stream; write an ARN like arn:aws:kinesis:eu-west-1:123456789012:stream/name`},
		{with("sourceArn", "arn:aws:kinesis:eu-west-1:12345:stream/x"), `sourceArn: "arn:aws:kinesis:eu-west-1:12345:stream/x" has no account of 12 digits; write an ARN like arn:aws:kinesis:eu-west-1:123456789012:stream/name`},
		{with("sourceArn", "arn:aws:dynamodb:eu-west-1:123456789012:table/Orders"), `sourceArn: "arn:aws:dynamodb:eu-west-1:123456789012:table/Orders" is not the stream of a table; write its LatestStreamArn, like arn:aws:dynamodb:eu-west-1:123456789012:table/name/stream/2026-01-31T12:34:56.789`},
		{with("sourceArn", "arn:aws:dynamodb::123456789012:table/Orders"), `sourceArn: "arn:aws:dynamodb::123456789012:table/Orders" has no region; write an ARN like arn:aws:dynamodb:eu-west-1:123456789012:table/name/stream/2026-01-31T12:34:56.789`},
		{with("sourceArn", "arn:aws:sns:eu-west-1:123456789012:a:b"), `sourceArn: "arn:aws:sns:eu-west-1:123456789012:a:b" is not a topic; write an ARN like arn:aws:sns:eu-west-1:123456789012:name`},
		{with("sourceArn", "arn:aws:sqs:eu-west-1:123456789012:a.fifo/b"), `sourceArn: "arn:aws:sqs:eu-west-1:123456789012:a.fifo/b" is not a queue; write an ARN like arn:aws:sqs:eu-west-1:123456789012:name`},
		{with("sourceArn", "arn:azure:sns:eu-west-1:123456789012:a"), `sourceArn: "arn:azure:sns:eu-west-1:123456789012:a" is not an ARN; write one like arn:aws:sns:eu-west-1:123456789012:name`},
		{with("type", "-"), "type: is missing; write one of sns, sqs, es, opensearch, dynamodb, kinesis, firehose, eventbridge, stepfunctions, iot, lambda, http, memcached, redis, s3, file"},
		{with("type", "ftp"), `type: "ftp" is unknown; write one of sns, sqs, es, opensearch, dynamodb, kinesis, firehose, eventbridge, stepfunctions, iot, lambda, http, memcached, redis, s3, file`},
		{with("destination", "-"), "destination: is missing; write where the records go, such as the name or ARN of a queue or stream"},
		{with("destination", ""), "destination: is missing; write where the records go, such as the name or ARN of a queue or stream"},
		{with("active", "-"), "active: is missing; write true or false"},
		{with("role", "writer"), `role: "writer" is not an ARN; write one like arn:aws:iam::123456789012:role/name`},
		{with("role", "arn:aws:iam::123456789012:user/u"), `role: "arn:aws:iam::123456789012:user/u" is not a role; write an ARN like arn:aws:iam::123456789012:role/name`},
		{with("role", "arn:aws:iam::123456789012:role/w\x1b[2J"), `role: "arn:aws:iam::123456789012:role/w\x1b[2J" is not an ARN; write one like arn:aws:iam::123456789012:role/name`},
		{with("role", "arn:aws:iam:eu-west-1:123456789012:role/r"), `role: "arn:aws:iam:eu-west-1:123456789012:role/r" has a region, but ARNs of IAM have none; write an ARN like arn:aws:iam::123456789012:role/name`},
		{with("role", "arn:aws:sts::123456789012:role/r"), `role: "arn:aws:sts::123456789012:role/r" belongs to "sts", not iam; write an ARN like arn:aws:iam::123456789012:role/name`},
		{with("role", role1, "externalId", "x"), "externalId: is not an external id; write 2 to 1224 letters, digits and _ + = , . @ : / -"},
		{with("role", role1, "externalId", "a b"), "externalId: is not an external id; write 2 to 1224 letters, digits and _ + = , . @ : / -"},
		{with("role", role1, "externalId", "1234"), "externalId: is a number (N); it must be a string (S): write a string, in quotes if it looks like a number"},
		{with("type", "firehose", "destination", "arn:aws:firehose:eu-west-1:210987654321:deliverystream/d", "role", role1),
			"role: is of the account 123456789012, where Firehose is called then, and the destination is of 210987654321; name a role of that account"},
		{with("region", "Ireland"), `region: "Ireland" is not a region; write one like eu-west-1`},
		{with("region", "eu_west_1"), `region: "eu_west_1" is not a region; write one like eu-west-1`},
		{with("transform", "{id: .order,"), "transform: line 1, column 13: the program ends too early"},
		{with("transform", ".a | inptus"), "transform: line 1, column 6: there is no function inptus/0; a field has a dot: .inptus"},
		{with("transform", ".a", "transformOutput", "xml"), `transformOutput: "xml" is unknown; write json or text`},
		{with("key", "env.KEY"), "key: line 1, column 1: env reads the environment of the function, which may hold secrets"},
		{with("compress", "true"), "compress: is a boolean (BOOL); write gzip, zstd or none"},
		{with("decompress", "true"), "decompress: is a boolean (BOOL); write gzip, zstd, auto or none"},
		{with("compress", "lz4"), `compress: "lz4" is unknown; write gzip, zstd or none`},
		{with("type", "sqs", "destination", "https://sqs.eu-west-1.amazonaws.com/123456789012/orders", "compress", "gzip"), "compress: does not work on sqs, only on file, firehose, http, kinesis and s3; remove it"},
		{with("type", "iot", "destination", "h#sensors/${.id}", "collapse", "JSON"), "collapse: excludes places such as ${.id}, because a message of several records has no value for them; write none, or remove it"},
		{with("type", "iot", "destination", "h#sensors/${.id"), "destination: has a fault in its topic: line 1, column 9: the place has no end; write } behind its program, or $${ for the text ${"},
		{with("type", "es", "destination", "h#orders-${.type b}"), `destination: has a fault in its index: line 1, column 16: unexpected token "b"`},
		{with("type", "sns", "destination", topic1, "subject", "a ${.b"), "subject: line 1, column 3: the place has no end; write } behind its program, or $${ for the text ${"},
		{with("type", "sns", "destination", topic1, "attributes", `{"a b":"x"}`), `attributes: "a b" is no name of an attribute; write at most 256 letters, digits and _ - .`},
		{with("type", "sns", "destination", topic1, "attributes", `{"AWS.x":"x"}`), `attributes: "AWS.x" begins with a prefix that AWS reserves; write another name`},
		{with("type", "sns", "destination", topic1, "attributes", `{"encoding":"x"}`), `attributes: "encoding" is the attribute that marks base64; write another name`},
		{with("type", "sns", "destination", topic1, "attributes", `{"a":""}`), "attributes: a is empty; write a value, or remove it"},
		{with("type", "sns", "destination", topic1, "attributes", `{"a":"${now}"}`), "attributes: a: line 1, column 3: now is the time, and a record that is sent again must have the same result; use $arrived"},
		{with("type", "sns", "destination", topic1, "attributes", "7"), `attributes: is a number (N); write an object of strings, such as {type: "${.type}"}`},
		{with("type", "sns", "destination", topic1, "attributes", `[1]`), `attributes: is no object of strings; write one such as {type: "${.type}"}`},
		{with("type", "sns", "destination", topic1, "attributes", `{"a":"1","b":"1","c":"1","d":"1","e":"1","f":"1","g":"1","h":"1","i":"1","j":"1","k":"1"}`), "attributes: has 11 attributes, but a message can have only 10; remove some"},
		{with("type", "sqs", "destination", "https://sqs.eu-west-1.amazonaws.com/123456789012/orders.fifo", "group", "x"), "group: does not work on a FIFO queue, whose groups are the keys; write key instead"},
		{with("decompress", "lz4"), `decompress: "lz4" is unknown; write gzip, zstd, auto or none`},
		{with("unwrap", "SNS"), `unwrap: "SNS" is unknown; write sns, eventbridge or none`},
		{with("view", "new_image"), `view: "new_image" is unknown; write NEW_IMAGE, OLD_IMAGE, KEYS_ONLY, NEW_AND_OLD_IMAGES or EVENT`},
		{with("sourceArn", table1, "type", "lambda", "destination", "f", "view", "KEYS_ONLY"), "view: is KEYS_ONLY, but targets of type lambda take whole source records; write EVENT, or remove it"},
		{with("sourceArn", table1, "type", "redis", "destination", "h:1", "view", "OLD_IMAGE"), "view: is OLD_IMAGE, but targets of type redis keep the latest state of an item; write another view"},
		{with("parallel", "false", "lanes", "33"), "lanes: is 33; write at most 32"},
		{with("lanes", "0"), "lanes: is 0; write a whole number above zero"},
		{with("parallel", "false", "order", "keys"), `order: "keys" is unknown; write key or request`},
		{with("envelope", "avro"), `envelope: "avro" is unknown; write none, cloudevents or debezium`},
		{with("envelope", "debezium"), "envelope: is debezium, but the source is not a DynamoDB stream, so its records have nothing before and after them; write cloudevents"},
		{with("sourceArn", table1, "envelope", "debezium", "view", "OLD_IMAGE"), "view: is OLD_IMAGE, but a change event of debezium has its own images; remove view or envelope"},
		{with("type", "lambda", "destination", "f", "envelope", "cloudevents"), "envelope: is cloudevents, but targets of type lambda take whole source records; remove it"},
		{with("collapse", "json"), `collapse: "json" is unknown; write JSON, none, concat or concat-b64`},
		{with("onFailure", "a"), "onFailure: is the target itself; write the id of another target of the source, or remove it"},
		{with("oversize", "shrink"), "oversize: \"shrink\" is unknown; write fail, drop or the URL of a bucket such as s3://bucket/prefix"},
		{with("oversize", "http://bucket/prefix"), `oversize: "http://bucket/prefix" is not the URL of a bucket; write one like s3://bucket/prefix`},
		{with("oversize", "s3://bucket/${id}"), `oversize: has the place ${"id"}, which is unknown; write one of source, target, shard, year, month, day, hour`},
		{with("type", "lambda", "destination", "f", "oversize", "s3://bucket"), "oversize: does not store records for lambda, which takes no references; write fail or drop"},
		{with("inFlight", "0"), "inFlight: is 0; write a whole number above zero"},
		{with("batchBytes", "1.5"), "batchBytes: is 1.5; write a whole number above zero"},
		{with("collapse", "concat", "aggregate", "true"), "aggregate: excludes collapse, because both put several records into one; remove one of them"},
		{with("batchRecords", "501"), "batchRecords: is 501, but kinesis accepts at most 500 records per request; write a smaller number"},
		{with("batchBytes", "10485761"), "batchBytes: is 10485761, but kinesis accepts at most 10485760 bytes per request; write a smaller number"},
		{with("type", "sns", "destination", topic1, "maxRecordBytes", "1048577"), "maxRecordBytes: is 1048577, but sns accepts at most 1048576 bytes per record; write a smaller number"},
		{with("type", "redis", "destination", "h:1", "ttl", "0"), "ttl: is 0; write a whole number above zero"},
		{with("type", "redis", "destination", "h:1", "ttl", "1.5"), "ttl: is 1.5; write a whole number above zero"},
		{with("type", "memcached", "destination", "h:1", "ttl", "2147483648"), "ttl: is 2147483648 seconds; write at most 2147483647, or remove it to keep values until they are deleted"},
		{with("type", "redis", "destination", "h:1", "ttl", "1d"), `ttl: is "1d"; write whole seconds such as 3600, or a duration such as 1h`},
		{with("type", "redis", "destination", "h:1", "ttl", "1500ms"), `ttl: is "1500ms"; write whole seconds such as 3600, or a duration such as 1h`},
		{with("onFailure", "b", "maxAge", "-1h"), `maxAge: is "-1h"; write whole seconds such as 3600, or a duration such as 1h`},
		{with("auth", "digest"), `auth: "digest" is unknown; write none, bearer, basic, oauth2, sigv4 or hmac`},
		{with("type", "http", "destination", "https://hooks.example.com/", "auth", "bearer"), "secret: is missing: auth bearer reads the token from a secret of Secrets Manager; write its ARN"},
		{with("type", "http", "destination", "https://hooks.example.com/", "headers", `{"Host":"x"}`), "headers: Host cannot be set: it belongs to the connection; remove it"},
		{with("type", "http", "destination", "https://hooks.example.com/", "rateLimit", "0"), "rateLimit: is 0; write a whole number above zero"},
		{with("type", "redis", "destination", "h:1", "secret", "hunter2"), "secret: is not the ARN of a secret; write one like arn:aws:secretsmanager:eu-west-1:123456789012:secret:name-AbCdEf"},
		{with("type", "redis", "destination", "h:1", "secret", role1), "secret: is not the ARN of a secret; write one like arn:aws:secretsmanager:eu-west-1:123456789012:secret:name-AbCdEf"},
		{with("type", "redis", "destination", "h:1", "secret", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:"), "secret: is not the ARN of a secret; write one like arn:aws:secretsmanager:eu-west-1:123456789012:secret:name-AbCdEf"},
		{with("type", "redis", "destination", "rediss://u:p@h:1", "secret", secret1), "secret: has the password, but the destination has one too; remove one of them"},
	} {
		l := catalog.Read(tt.attrs, "item 1")
		want := []string{`target "a": ` + tt.want}
		if diff := cmp.Diff(want, texts(l.Faults)); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		if l.Err() == nil || l.Err().Error() != want[0] {
			t.Errorf("Err: %v", l.Err())
		}
		if !l.Spec.Active {
			t.Errorf("%s: counts as inactive", tt.want)
		}
	}
}

// All faults are reported at once, under a label if the id is unreadable.
func TestAllFaults(t *testing.T) {
	attrs := with("id", "-", "type", "-", "active", "3", "role", "r", "region", "x")
	attrs["parallel"] = Value{Kind: "L"}
	want := []string{"id", "type", "parallel", "role", "region"}
	var got []string
	l := catalog.Read(attrs, "item 7")
	for _, f := range l.Faults {
		got = append(got, f.Attribute)
		if f.Target != "item 7" {
			t.Errorf("%v", f)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" || l.ID != "item 7" {
		t.Errorf("%s: (-want +got)\n%s", l.ID, diff)
	}
}

func TestWarnings(t *testing.T) {
	for _, tt := range []struct {
		attrs map[string]Value
		want  string
	}{
		{with("colour", "red"), "colour: unknown attribute, ignored"},
		{with("externalId", "secret-id"), "externalId: has no effect without a role; add a role, or remove it"},
		{with("onFailur", "b"), "onFailur: unknown attribute, ignored; did you mean onFailure?"},
		{with("veiw", "EVENT"), "veiw: unknown attribute, ignored; did you mean view?"},
		{with("transforms", ".a"), "transforms: unknown attribute, ignored; did you mean transform?"},
		{with("aggregat", "true"), "aggregat: unknown attribute, ignored; did you mean aggregate?"},
		{with("epochs", "b"), "epochs: unknown attribute, ignored; did you mean epoch?"},
		{with("convert_ddb", "true"), "convert_ddb: unknown attribute, ignored; did you mean convertDDB?"},
		{with("convertDDB", "true"), "convertDDB: has no effect: the source is not a DynamoDB stream"},
		{with("sourceArn", table1, "deaggregate", "true"), "deaggregate: has no effect: the source is not a Kinesis stream"},
		{with("sourceArn", table1, "type", "lambda", "destination", "f", "appendNewlines", "true"), "appendNewlines: has no effect: a function gets DynamoDB images inside of records, where no line ends"},
		{with("type", "sqs", "destination", "https://sqs.eu-west-1.amazonaws.com/123456789012/orders", "aggregate", "true"), "aggregate: has no effect on sqs, only on kinesis"},
		{with("type", "firehose", "destination", "d", "collapse", "JSON"), "collapse: has no effect on firehose, which takes concat or none"},
		{with("view", "EVENT"), "view: has no effect: the source is not a DynamoDB stream"},
		{with("sourceArn", table1, "decompress", "gzip"), "decompress: has no effect: the source is not a Kinesis stream"},
		{with("collapse", "concat"), "collapse: has no effect on kinesis, only on http, iot, sns, sqs and stepfunctions"},
		{with("group", "g"), "group: has no effect on kinesis, only on sqs"},
		{with("subject", "s"), "subject: has no effect on kinesis, only on sns and sqs"},
		{with("sourceArn", table1, "transform", ".a", "key", "$old.id"), "key: $old is null behind a transform; let the results of transform have the value, and read it from there"},
		{with("transform", ".a", "key", "$attributes.id"), "key: $attributes is null behind a transform; let the results of transform have the value, and read it from there"},
		{with("sourceArn", queue1, "parallel", "false"), "parallel: false has no effect, because a standard queue has no order; read from a FIFO queue, or remove the attribute"},
		{with("sourceArn", table1, "unwrap", "sns"), "unwrap: has no effect: the source is not a Kinesis stream or an SNS topic or an SQS queue"},
		{with("transformOutput", "text"), "transformOutput: has no effect without transform"},
		{with("lanes", "2"), "lanes: has no effect without parallel false, which keeps order"},
		{with("type", "firehose", "destination", "d", "maxRecordBytes", "9"), "maxRecordBytes: has no effect on firehose, only on es, http, kinesis, memcached, redis, sns and sqs"},
		{with("type", "file", "destination", "f", "maxRecordBytes", "9"), "maxRecordBytes: has no effect on file, only on es, http, kinesis, memcached, redis, sns and sqs"},
		{with("type", "file", "destination", "f", "parallel", "false", "order", "request"), "order: has no effect on file: a request to it may hold several records of a key without it"},
		{with("type", "redis", "destination", "h:1", "order", "request"), "order: has no effect on redis: a request to it may hold several records of a key without it"},
		{with("order", "request"), "order: has no effect without parallel false, which keeps order"},
		{with("type", "sns", "destination", topic1, "parallel", "false", "lanes", "2"),
			"lanes: has no effect with collapse JSON, because a message has records of several keys; write collapse none"},
		{with("type", "redis", "destination", "h:1", "lanes", "16", "inFlight", "8"), "lanes: is 16, but inFlight allows 8 requests at a time; raise inFlight, or lower lanes"},
		{with("type", "file", "destination", "${.id}.jsonl"), "destination: has no places on file, so ${ is text; remove it"},
		{with("type", "es", "destination", "h#orders-$(.id)"), "destination: has the text $(., which is no place; write a place like ${.id}"},
		{with("type", "es", "destination", "h#orders-$.id"), "destination: has the text $., which is no place; write a place like ${.id}"},
		{with("type", "iot", "destination", "h#${.type}/{.id}"), "destination: has the text {., which is no place; write a place like ${.id}"},
		{with("type", "sqs", "destination", "https://sqs.eu-west-1.amazonaws.com/123456789012/orders", "collapse", "none", "group", ".tenant"),
			"group: is the same text for all records; write ${.tenant} for a value of the record"},
		{with("type", "es", "destination", "h#Orders-${.Type}"), "destination: has the index Orders-${.Type}, and only an alias may have capitals; write the name of an index or data stream in small letters"},
		{with("type", "es", "destination", "h#<Logs-{now/M{yyyy.MM}}>"), "destination: has the index <Logs-{now/M{yyyy.MM}}>, and only an alias may have capitals; write the name of an index or data stream in small letters"},
		{with("type", "sns", "destination", topic1, "collapse", "none", "batchRecords", "11"), "batchRecords: is 11, but without collapse a request to sns has at most 10; write a smaller number, or remove it"},
		{with("maxAge", "60"), "maxAge: has no effect without onFailure, unless the function has a default for it (FANOUT_ON_FAILURE)"},
		{with("type", "file", "role", role1), "role: has no effect on targets of type file"},
		{with("type", "redis", "destination", "h:1", "role", role1), "role: has no effect on targets of type redis"},
		{with("type", "file", "region", "eu-west-1"), "region: has no effect on targets of type file"},
		{with("type", "es", "destination", "https://h/i", "role", role1), "role: has no effect: requests to h are not signed; write region too if it is a custom endpoint of OpenSearch Service"},
		{with("type", "es", "destination", "https://u:p@h/i", "region", "eu-west-1"), "region: has no effect: requests with a password are not signed"},
		{with("type", "es", "destination", "https://u:p@search-d-x.us-west-2.es.amazonaws.com/i", "role", role1), "role: has no effect: requests with a password are not signed; remove one of them"},
		{with("type", "firehose", "destination", "arn:aws:firehose:eu-west-1:210987654321:deliverystream/d"),
			"destination: is of the account 210987654321, and Firehose is called in that of the function; unless they are one, name a role of 210987654321"},
		{with("auth", "bearer"), "auth: has no effect on kinesis, only on http"},
		{with("headers", `{"X":"1"}`), "headers: has no effect on kinesis, only on http"},
		{with("rateLimit", "9"), "rateLimit: has no effect on kinesis, only on http"},
		{with("type", "http", "destination", "http://hooks.example.com/"), "destination: is not encrypted, so anyone on the way can read the records and the credentials; write https://"},
		{with("type", "http", "destination", "https://hooks.example.com/", "secret", secret1), "secret: has no effect without auth bearer, basic, oauth2 or hmac"},
		{with("ttl", "60"), "ttl: has no effect on kinesis, only on memcached and redis"},
		{with("secret", secret1), "secret: has no effect on kinesis, only on http, memcached and redis"},
		{
			with("type", "sns", "destination", topic1, "region", "eu-west-1"),
			"region: is eu-west-1, but the destination is in us-gov-west-1, which takes precedence",
		},
	} {
		l := catalog.Read(tt.attrs, "")
		if diff := cmp.Diff([]string{`target "a": ` + tt.want}, texts(l.Warnings)); diff != "" || l.Err() != nil {
			t.Errorf("%v (-want +got)\n%s", l.Err(), diff)
		}
	}
}

func TestSpecs(t *testing.T) {
	for name, tt := range map[string]struct {
		attrs map[string]Value
		want  sinks.Spec
	}{
		"defaults": {base(), sinks.Spec{
			SourceARN: stream1, ID: "a", Type: builtin.Type("kinesis"), Active: true, Parallel: true, Collapse: sinks.CollapseNone,
		}},
		"everything": {
			with("sourceArn", table1, "type", "sqs", "destination", "arn:aws-cn:sqs:cn-north-1:123456789012:q.fifo", "active", "false",
				"role", role1, "externalId", "ab", "region", "cn-northwest-1", "collapse", "concat-b64", "parallel", "false",
				"convertDDB", "true", "appendNewlines", "true", "batchRecords", "1", "batchBytes", "2", "maxRecordBytes", "3", "inFlight", "4"),
			sinks.Spec{
				SourceARN: table1, ID: "a", Type: builtin.Type("sqs"), Role: role1, ExternalID: "ab", Region: "cn-north-1",
				Collapse: sinks.CollapseConcatB64, ConvertDDB: true, AppendNewlines: true,
				BatchRecords: 1, BatchBytes: 2, MaxRecordBytes: 3, InFlight: 4,
			},
		},
		"region of the destination": {with("sourceArn", topic1, "type", "sns", "destination", topic1), sinks.Spec{
			SourceARN: topic1, ID: "a", Type: builtin.Type("sns"), Active: true, Parallel: true, Collapse: sinks.CollapseJSON, Region: "us-gov-west-1",
		}},
		"a cache": {with("type", "redis", "destination", "rediss://user@h:1", "ttl", "3600", "secret", secret1), sinks.Spec{
			SourceARN: stream1, ID: "a", Type: builtin.Type("redis"), Active: true, Parallel: true, Collapse: sinks.CollapseNone, TTL: 3600, Secret: secret1,
		}},
		"order": {with("parallel", "false", "lanes", "32", "order", "request"), sinks.Spec{
			SourceARN: stream1, ID: "a", Type: builtin.Type("kinesis"), Active: true, Collapse: sinks.CollapseNone, Lanes: 32, OrderRequests: true,
		}},
		"order by default": {with("parallel", "false", "lanes", "1", "order", "key"), sinks.Spec{
			SourceARN: stream1, ID: "a", Type: builtin.Type("kinesis"), Active: true, Collapse: sinks.CollapseNone, Lanes: 1,
		}},
		"attributes of caches elsewhere": {with("ttl", "3600", "secret", secret1), sinks.Spec{
			SourceARN: stream1, ID: "a", Type: builtin.Type("kinesis"), Active: true, Parallel: true, Collapse: sinks.CollapseNone,
		}},
		"durations": {with("type", "redis", "destination", "h:1", "ttl", "24h", "onFailure", "b", "maxAge", "90m"), sinks.Spec{
			SourceARN: stream1, ID: "a", Type: builtin.Type("redis"), Active: true, Parallel: true, Collapse: sinks.CollapseNone, TTL: 86400, OnFailure: "b", MaxAge: 5400,
		}},
		"opensearch": {with("type", "opensearch", "destination", "h#i"), sinks.Spec{
			SourceARN: stream1, ID: "a", Type: builtin.Type("es"), Active: true, Parallel: true, Collapse: sinks.CollapseNone,
		}},
		"empty and null": {func() map[string]Value {
			attrs := with("role", "", "region", "", "collapse", "none", "deaggregate", "true")
			attrs["externalId"] = Value{Kind: Null}
			return attrs
		}(), sinks.Spec{
			SourceARN: stream1, ID: "a", Type: builtin.Type("kinesis"), Active: true, Parallel: true, Collapse: sinks.CollapseNone, Deaggregate: true,
		}},
		"enhanced fan-out": {with("sourceArn", stream1+"/consumer/c:1545084650"), sinks.Spec{
			SourceARN: stream1 + "/consumer/c:1545084650", ID: "a", Type: builtin.Type("kinesis"), Active: true, Parallel: true, Collapse: sinks.CollapseNone,
		}},
	} {
		l := catalog.Read(tt.attrs, "")
		tt.want.Destination = l.Spec.Destination
		if err := l.Err(); err != nil || l.Spec != tt.want {
			t.Errorf("%s: %v\n got %+v\nwant %+v", name, err, l.Spec, tt.want)
		}
	}
}

// An inactive target is inactive however faulty.
func TestInactive(t *testing.T) {
	if l := catalog.Read(with("active", "false", "type", "ftp"), ""); l.Spec.Active || l.Err() == nil {
		t.Errorf("got active %v, %v", l.Spec.Active, l.Err())
	}
}

func TestKindString(t *testing.T) {
	if got := Kind("X").String(); got != "of unknown type X" {
		t.Error(got)
	}
}

func FuzzRead(f *testing.F) {
	f.Add("type", "redis", "destination", "redis://u:p@h")
	f.Add("externalId", "1", "role", "arn:aws:iam::123456789012:role/")
	f.Fuzz(func(t *testing.T, name, value, name2, value2 string) {
		attrs := base()
		maps.Copy(attrs, with(name, value, name2, value2))
		l := catalog.Read(attrs, "x")
		if l.Err() == nil && (l.Spec.Type == nil || l.Spec.Destination == sinks.Destination{}) {
			t.Fatalf("no fault, but %+v", l.Spec)
		}
		for _, f := range l.Faults {
			if f.Attribute == "" || f.Text == "" {
				t.Fatalf("%#v", f)
			}
		}
	})
}

func ExampleCatalog_Read() {
	l := catalog.Read(map[string]Value{
		"sourceArn":   {Kind: String, Text: "arn:aws:kinesis:eu-west-1:123456789012:stream/clicks"},
		"id":          {Kind: String, Text: "archive"},
		"type":        {Kind: String, Text: "firehose"},
		"destination": {Kind: String, Text: "clicks archive"},
		"active":      {Kind: Bool, Text: "true"},
		"inFlight":    {Kind: String, Text: "4"},
	}, "")
	fmt.Println(l.Err())
	// Output:
	// target "archive": inFlight: is a string (S); it must be a number (N): write a whole number
	// target "archive": destination: "clicks archive" is not the name of a deliverystream (at most 64 letters, digits and _ . -); write the name, or an ARN like arn:aws:firehose:eu-west-1:123456789012:deliverystream/name
}

func TestLongID(t *testing.T) {
	for n, want := range map[int]int{1024: 0, 1025: 1} {
		l := catalog.Read(with("id", strings.Repeat("é", n/2)+strings.Repeat("x", n%2)), "label")
		if len(l.Faults) != want || want > 0 && !strings.Contains(l.Faults[0].Error(), "id: is 1025 bytes long, but a table allows at most 1024; write a shorter one") {
			t.Errorf("%d bytes: %v", n, l.Faults)
		}
	}
}

// A message for each record, where the destination depends on the record.
func TestPlacesDoNotCollapse(t *testing.T) {
	for destination, want := range map[string]sinks.Collapse{"h#sensors/${.id}": sinks.CollapseNone, "h#sensors": sinks.CollapseJSON, "h#$${x}": sinks.CollapseJSON} {
		if l := catalog.Read(with("type", "iot", "destination", destination), "item 1"); l.Spec.Collapse != want || len(l.Faults) > 0 {
			t.Errorf("%s: collapse %s, faults %v; want %s", destination, l.Spec.Collapse, l.Faults, want)
		}
	}
}
