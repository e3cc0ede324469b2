package lambda_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
)

// Sources of the tests' events.
const (
	orders    = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders"
	clicks    = "arn:aws:kinesis:eu-west-1:123456789012:stream/clicks"
	customers = "arn:aws:dynamodb:eu-west-1:123456789012:table/Customers/stream/2026-03-01T09:00:00.000"
	alerts    = "arn:aws:sns:eu-west-1:123456789012:alerts"
	jobs      = "arn:aws:sqs:eu-west-1:123456789012:jobs"
)

// Destinations of targets, without the name at the end.
const (
	queue = "https://sqs.eu-west-1.amazonaws.com/123456789012/"
	topic = "arn:aws:sns:eu-west-1:123456789012:"
)

// kinesisRecord is a record of a Kinesis stream.
type kinesisRecord struct {
	stream, shard, seq, key string
	data                    []byte
}

func (r kinesisRecord) record() any {
	k := map[string]any{"partitionKey": r.key, "data": base64.StdEncoding.EncodeToString(r.data)}
	if r.seq != "" {
		k["sequenceNumber"] = r.seq
	}
	return map[string]any{"eventSource": "aws:kinesis", "eventSourceARN": r.stream, "eventID": r.shard + ":" + r.seq, "kinesis": k}
}

// insertedItem is an INSERT into the table of customers.
type insertedItem struct{ seq, id string }

func (i insertedItem) record() any {
	id := map[string]any{"id": map[string]string{"S": i.id}}
	return map[string]any{
		"eventSource": "aws:dynamodb", "eventSourceARN": customers, "eventName": "INSERT", "eventID": i.seq,
		"dynamodb": map[string]any{"Keys": id, "NewImage": id, "SequenceNumber": i.seq},
	}
}

// notification is a notification of alerts.
type notification struct{ id, message string }

func (n notification) record() any {
	return map[string]any{
		"EventSource": "aws:sns", "Sns": map[string]any{"TopicArn": alerts, "Message": n.message, "MessageId": n.id},
	}
}

// queued is a message of a queue, received for the count-th time.
type queued struct {
	queue, id, group string
	seq, count       int
	attributes       map[string]any
}

func (q queued) record() any {
	own := map[string]string{"ApproximateReceiveCount": fmt.Sprint(q.count), "SentTimestamp": "1545082649183"}
	if q.group != "" {
		own["MessageGroupId"], own["SequenceNumber"] = q.group, fmt.Sprint(q.seq)
	}
	return map[string]any{
		"eventSource": "aws:sqs", "eventSourceARN": q.queue, "messageId": q.id, "receiptHandle": fmt.Sprint("receipt ", q.count), "body": q.id,
		"attributes": own, "messageAttributes": q.attributes,
	}
}

// eventRecord is a record of an event.
type eventRecord interface{ record() any }

// eventOf returns an event as Lambda passes it.
func eventOf(records ...eventRecord) string {
	all := make([]any, len(records))
	for i, r := range records {
		all[i] = r.record()
	}
	text, err := json.Marshal(map[string]any{"Records": all})
	if err != nil {
		panic(err)
	}
	return string(text)
}

// orderEvent is an event with the records of one shard of orders.
func orderEvent(data ...[]byte) string {
	records := make([]eventRecord, len(data))
	for i, d := range data {
		records[i] = kinesisRecord{orders, "shardId-000000000000", fmt.Sprint(49590338271490256 + i), fmt.Sprint("key-", i%1000), d}
	}
	return eventOf(records...)
}
