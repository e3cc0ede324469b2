package archtest

// words are what the descriptor of a type does not say about it.
type words struct {
	what, request, again string
	order                string // where the service keeps the order of parallel: false; "": as sent
}

var typeWords = map[string]words{
	"sns": {
		"Publishes records to an SNS topic, standard or FIFO, as messages.",
		"One PublishBatch call. By default a message is `{\"Records\":[…]}` with many records; with `collapse: none` it is one record.",
		"A standard topic publishes a message again if its answer was lost. A FIFO topic drops it for five minutes, by a deduplication id\nmade of source, shard and sequence number. Use `collapse: none` there: a retry may cut collapsed messages at other places.",
		"Only a FIFO topic keeps it.",
	},
	"sqs": {
		"Sends records to an SQS queue, standard or FIFO, as messages.",
		"One SendMessageBatch call. By default a message is `{\"Records\":[…]}` with many records; with `collapse: none` it is one record.",
		"A standard queue has a message twice if its answer was lost. A FIFO queue drops it for five minutes, by a deduplication id made of\nsource, shard and sequence number. Use `collapse: none` there: a retry may cut collapsed messages at other places.",
		"Only a FIFO queue keeps it.",
	},
	"es": {
		"Writes records as documents of an Elasticsearch or OpenSearch index, managed by AWS or not.",
		"One `_bulk` call. The `_id` is the key for DynamoDB sources and with `key`, else source, shard, sequence and sub-sequence number.",
		"Nothing is double: the document has the same `_id`, so the second write replaces the first.",
		"",
	},
	"dynamodb": {
		"Keeps the items of a DynamoDB table, by key: [a copy of another table](../tables.md), or one item for each JSON object.\n[`cases/copied`](../../examples/cases/copied) has records and their items.",
		"One PutItem call for each record, up to 32 at a time. DynamoDB takes items of up to 400 KB.",
		"Nothing is double, and no older image replaces a newer one: each write has a condition on the sequence number of the change.",
		"",
	},
	"kinesis": {
		"Puts records into another Kinesis stream, with their partition keys and explicit hash keys.",
		"One PutRecords call.",
		"The stream has a record twice if its answer was lost. A consumer recognizes it by an id in the data.",
		"A stream that\ndistributes records without regard to their keys does not keep it.",
	},
	"firehose": {
		"Puts records into a delivery stream of Amazon Data Firehose. Set `appendNewlines: true` for a line a record.",
		"One PutRecordBatch call.",
		"The delivery stream has a record twice if its answer was lost. Deduplicate where you query, by an id in the data.",
		"",
	},
	"eventbridge": {
		"Sends records as events to an event bus of Amazon EventBridge. The `detail` is the data if that is a JSON object. Other JSON becomes\n`{\"data\": …}`, other text `{\"data\": \"text\"}`, and other data `{\"data\": \"…\", \"encoding\": \"base64\"}`. The `time` is the record's arrival, and\n`resources` has the ARN of the source. EventBridge acknowledges events for a bus that does not exist and drops them: `fanout doctor` finds\nsuch a bus, and one without rules. Rules of a bus in another account need its resource policy.\n[`cases/events`](../../examples/cases/events) has records and their events.",
		"One PutEvents call, with an event for each record. A source or detail type that is too long or empty fails the record.",
		"The bus has an event twice if its answer was lost, and rules may deliver one twice as well. A receiver recognizes it by an id in the data.",
		"Rules may\ndeliver events in another order.",
	},
	"stepfunctions": {
		"Starts an execution of a state machine of AWS Step Functions, standard or express. The input is the data if that is JSON. Other text\nbecomes `{\"data\": \"text\"}`, and other data `{\"data\": \"…\", \"encoding\": \"base64\"}`.\n[`cases/machine`](../../examples/cases/machine) has records and their inputs.",
		"One StartExecution call, which takes one input. By default the input is `{\"Records\":[…]}` with many records; with `collapse: none` it\nis one record.",
		"A standard state machine starts nothing twice for 90 days: the name of an execution is made of source, shard and sequence number. If an\nexecution of the name has ended, fanout compares its input before the record counts as delivered. Use `collapse: none` there: a retry may\ncut collapsed inputs at other places. An express state machine starts an execution again if the answer was lost.",
		"Executions\nrun side by side, so only their starts are in order.",
	},
	"iot": {
		"Publishes records to an MQTT topic of AWS IoT Core, with quality of service 0.",
		"One Publish call, which takes one message. By default a message is `{\"Records\":[…]}` with many records.",
		"Subscribers get a message again if its answer was lost. The broker does not wait for subscribers that are away.",
		"",
	},
	"lambda": {
		"Invokes a Lambda function asynchronously with `{\"Records\":[…]}`: source records as they came.",
		"One Invoke call with the type Event. Lambda queues the event and retries by the settings of the invoked function.",
		"The function runs again with the same records if the answer was lost. Make it idempotent by `eventID`.",
		"Lambda queues the\nevents in that order but runs them in any, so only the records of one event are in order.",
	},
	"kafka": {
		"Writes records to a topic of Apache Kafka, Amazon MSK or Redpanda. This type is an extension: `fanout build --with\nfanout/extra/kafka` makes a function that has it. [More about it](../kafka.md#a-target).",
		"The client sends each record to the broker that has its partition, by key, in batches. The brokers acknowledge each record.",
		"The producer is idempotent, so its own repetitions leave nothing double. A record that was in flight when an attempt ended may be in\nthe topic twice. A consumer recognizes it by the headers `fanout-source`, `fanout-shard` and `fanout-sequence`.",
		"",
	},
	"http": {
		"Posts records to a web server: a webhook, an API, a Lambda function's URL. [More about it](../http.md).",
		"One POST. By default the body is `{\"Records\":[…]}` with many records; with `collapse: none` it is one record.",
		"The server gets a request again if its answer was lost, with the same `Idempotency-Key`, made of source, shard and sequence number.\nUse `collapse: none` if you rely on it: a retry may cut collapsed messages at other places.",
		"",
	},
	"memcached": {
		"Keeps the latest value of each key in memcached. A REMOVE deletes the key. ElastiCache configuration endpoints are discovered.",
		"One pipeline of `set` and `delete` commands for each node.",
		"Nothing is double: the second write sets the same value under the same key.",
		"",
	},
	"redis": {
		"Keeps the latest value of each key in Redis, Valkey or a cluster of them. A REMOVE deletes the key.",
		"One pipeline of SET and DEL commands.",
		"Nothing is double: the second write sets the same value under the same key.",
		"",
	},
	"s3": {
		"Stores records as objects in a bucket of Amazon S3, a line of JSON each. A record that is JSON is a line as it is, other text a JSON\nstring, and other data `{\"$base64\":\"…\"}`. The prefix may have the places `${source}`, `${target}`, `${shard}`, `${year}`, `${month}`,\n`${day}` and `${hour}`: the arrival of the first record, in UTC. Without places it gets `${source}/${year}/${month}/${day}/${hour}`. The\nobject's name is `SHARD-FIRST-LAST-DIGEST.jsonl`, with the first and last sequence number. `compress` compresses the whole object: its\nname ends in `.gz` or `.zst`, and its Content-Type is `application/gzip` or `application/zstd`.\n[`cases/objects`](../../examples/cases/objects) has records and their lines.",
		"One PutObject call: all records of a shard in a batch. `batchRecords` and `batchBytes` make smaller objects. For larger ones raise the\nbatch size and window of the event source mapping, or use a `firehose` target.",
		"Nothing is double: the key names the records in the object and their content, and a retry has the same records, so the object\nreplaces itself. A record is in two objects only if its object's answer was lost and then the mapping bisected the batch, a queue\nsent its messages in another batch, `maxAge` took some of its records, or the instance that knew the objects is gone and another\ntarget failed within the object: set `FANOUT_LEDGER_TABLE`. With `lanes` above 1 a resend may form other objects.",
		"Sequence numbers in the names keep it.",
	},
	"file": {
		"Appends a line of JSON for each record to a file. It is for your machine; in the function it is a fault [unless you allow it](../security.md).",
		"One write.",
		"A line is there once: fanout takes back a write that failed in part before it repeats it. From a pipe it cannot.",
		"",
	},
}
