package lambda

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fanout/engine"
	"fanout/sinks"
	"fanout/sinks/internal/sinktest"
)

// A record that a stage changed becomes a source record of its new data.
func TestLambdaMakesSourceRecords(t *testing.T) {
	const (
		stream = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders"
		table  = "arn:aws:dynamodb:eu-west-1:123456789012:table/T/stream/2026-03-01T09:00:00.000"
		topic  = "arn:aws:sns:eu-west-1:123456789012:alerts"
		jobs   = "arn:aws:sqs:eu-west-1:123456789012:jobs"
	)
	record := func(action, data string) engine.Record {
		return engine.Record{Key: "k", Lane: "shardId-0", Seq: "49", Action: action, Arrived: 1545084650987, Data: engine.Bytes([]byte(data))}
	}
	user := record("PUT", "hello")
	user.Sub, user.HashKey = 3, "12"
	part := record("MESSAGE", "x")
	part.Sub = 2
	keys := record("MODIFY", `{"id":"a"}`)
	keys.Data.StandIn()
	oddKey := record("PUT", "hello")
	oddKey.Key = "\xff"
	for name, c := range map[string]struct {
		source string
		record engine.Record
		want   string
		fault  string
	}{
		"kinesis": {stream, record("PUT", "hello"), `{"kinesis":{"kinesisSchemaVersion":"1.0","partitionKey":"k","sequenceNumber":"49","data":"aGVsbG8=",` +
			`"approximateArrivalTimestamp":1545084650.987},"eventSource":"aws:kinesis","eventVersion":"1.0","eventID":"shardId-0:49",` +
			`"eventName":"aws:kinesis:record","awsRegion":"eu-west-1","eventSourceARN":"` + stream + `"}`, ""},
		"user record": {stream, user, `{"kinesis":{"kinesisSchemaVersion":"1.0","partitionKey":"k","explicitHashKey":"12","sequenceNumber":"49","subSequenceNumber":3,"data":"aGVsbG8=",` +
			`"approximateArrivalTimestamp":1545084650.987},"eventSource":"aws:kinesis","eventVersion":"1.0","eventID":"shardId-0:49:3",` +
			`"eventName":"aws:kinesis:record","awsRegion":"eu-west-1","eventSourceARN":"` + stream + `"}`, ""},
		"change": {table, record("INSERT", `{"id":"a"}`), `{"eventName":"INSERT","eventSource":"aws:dynamodb","dynamodb":{"ApproximateCreationDateTime":1545084650.987,` +
			`"NewImage":{"id":"a"},"SequenceNumber":"49"},"eventSourceARN":"` + table + `"}`, ""},
		"removal": {table, record("REMOVE", `{"id":"a"}`), `{"eventName":"REMOVE","eventSource":"aws:dynamodb","dynamodb":{"ApproximateCreationDateTime":1545084650.987,` +
			`"Keys":{"id":"a"},"SequenceNumber":"49"},"eventSourceARN":"` + table + `"}`, ""},
		"keys only": {table, keys, `{"eventName":"MODIFY","eventSource":"aws:dynamodb","dynamodb":{"ApproximateCreationDateTime":1545084650.987,` +
			`"Keys":{"id":"a"},"SequenceNumber":"49"},"eventSourceARN":"` + table + `"}`, ""},
		"notification": {topic, record("NOTIFICATION", "fire\"}"), `{"EventSource":"aws:sns","EventVersion":"1.0","Sns":{"Type":"Notification","MessageId":"k",` +
			`"TopicArn":"` + topic + `","Subject":null,"Message":"fire\"}","Timestamp":"2018-12-17T22:10:50.987Z","MessageAttributes":{}}}`, ""},
		"queued": {jobs, record("MESSAGE", "fire\"}"), `{"messageId":"49","body":"fire\"}","attributes":{"SentTimestamp":"1545084650987","MessageGroupId":"k"},` +
			`"messageAttributes":{},"eventSource":"aws:sqs","eventSourceARN":"` + jobs + `","awsRegion":"eu-west-1"}`, ""},
		"queued in order": {jobs + ".fifo", part, `{"messageId":"49:2","body":"x","attributes":{"SentTimestamp":"1545084650987","MessageGroupId":"k","SequenceNumber":"49"},` +
			`"messageAttributes":{},"eventSource":"aws:sqs","eventSourceARN":"` + jobs + `.fifo","awsRegion":"eu-west-1"}`, ""},
		"queued binary": {jobs, record("MESSAGE", "\xff"), "", "the message is not UTF-8"},
		"not JSON":      {table, record("INSERT", "hello"), "", "the data is not JSON"},
		"message":       {topic, record("NOTIFICATION", "\xff"), "", "the message is not UTF-8"},
		"key not UTF-8": {stream, oddKey, "", "partition key is not UTF-8"},
		"no source":     {"", record("PUT", "hello"), "", "no source record"},
		"of several":    {stream, record("", "hello"), "", "no source record"}, // a message of several records, in an envelope
		"other service": {"arn:aws:s3:::bucket", record("PUT", "hello"), "", "no source record"},
	} {
		for _, form := range []Form{SourceRecords, KinesisRecords, Notifications, Messages} {
			t.Run(name, func(t *testing.T) {
				fake, cfg := sinktest.Start(t)
				l := New(cfg, function, "", form, sinks.Source(c.source))
				o := l.Send(t.Context(), []engine.Record{c.record})
				if err := o.Err(0); c.fault != "" {
					if err == nil || engine.ClassOf(err) != engine.Refused || !strings.Contains(err.Error(), c.fault) {
						t.Errorf("error %v; want one that says %q", err, c.fault)
					}
					return
				}
				got := sinktest.DataOf(t, fake.Records("lambda/orders"))
				if len(got) != 1 {
					t.Fatalf("%d records, %v", len(got), o.Err(0))
				}
				if diff := cmp.Diff(c.want, string(got[0])); diff != "" {
					t.Errorf("(-want +got)\n%s", diff)
				}
				if n := engine.SizerOf(l)(&c.record); n != len(c.want)+len(",") {
					t.Errorf("its size is %d; want %d", n, len(c.want)+len(","))
				}
			})
		}
	}
}
