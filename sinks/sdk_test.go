package sinks_test

import (
	"context"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventbridgetypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	firehosetypes "github.com/aws/aws-sdk-go-v2/service/firehose/types"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"fanout/engine"
	"fanout/sinks"
	"fanout/sinks/internal/classify"
	"fanout/sinks/internal/document"
	"fanout/sinks/internal/ids"
	"fanout/sinks/internal/message"
	"fanout/sinks/internal/sinktest"
)

// sdkServices are the same services with the SDK's own serializers and decoders. Tests
// compare the sinks with them.
var sdkServices = []service{
	{"kinesis", func(c aws.Config, _ ...sinks.Option) engine.Sink { return sdkSink{services[0].open(c), sdkKinesis(c)} }},
	{"firehose", func(c aws.Config, _ ...sinks.Option) engine.Sink { return sdkSink{services[1].open(c), sdkFirehose(c)} }},
	{"sqs", func(c aws.Config, _ ...sinks.Option) engine.Sink {
		return sdkSink{services[2].open(c), sdkSQS(c, sinktest.QueueURL, false)}
	}},
	{"sns", func(c aws.Config, _ ...sinks.Option) engine.Sink {
		return sdkSink{services[3].open(c), sdkSNS(c, sinktest.TopicARN, false)}
	}},
	{"sqs.fifo", func(c aws.Config, _ ...sinks.Option) engine.Sink {
		return sdkSink{services[4].open(c), sdkSQS(c, sinktest.QueueURL+".fifo", true)}
	}},
	{"sns.fifo", func(c aws.Config, _ ...sinks.Option) engine.Sink {
		return sdkSink{services[5].open(c), sdkSNS(c, sinktest.TopicARN+".fifo", true)}
	}},
	{"eventbridge", func(c aws.Config, _ ...sinks.Option) engine.Sink {
		return sdkSink{services[6].open(c), sdkEventBridge(c)}
	}},
}

// sdkSink has the limits of a sink and sends through the SDK alone.
type sdkSink struct {
	engine.Sink
	send func(context.Context, []engine.Record) engine.Outcome
}

func (s sdkSink) Send(ctx context.Context, batch []engine.Record) engine.Outcome {
	return s.send(ctx, batch)
}

func sdkKinesis(c aws.Config) func(context.Context, []engine.Record) engine.Outcome {
	client := kinesis.NewFromConfig(c)
	return func(ctx context.Context, batch []engine.Record) engine.Outcome {
		entries := make([]kinesistypes.PutRecordsRequestEntry, len(batch))
		for i := range batch {
			r, e := &batch[i], &entries[i]
			e.Data, e.PartitionKey, e.ExplicitHashKey = blob(r.Data), aws.String(partitionKey(r)), sinktest.Optional(r.HashKey)
		}
		out, err := client.PutRecords(ctx, &kinesis.PutRecordsInput{StreamName: aws.String(sinktest.Stream), Records: entries})
		switch {
		case err != nil:
			return engine.Failed(classify.Error("sdk", err))
		case len(out.Records) != len(batch):
			return engine.Failed(classify.Miscounted("sdk", len(batch), len(out.Records)))
		}
		return ofResults(len(batch), out.FailedRecordCount, func(i int) (id, code *string) {
			return out.Records[i].SequenceNumber, out.Records[i].ErrorCode
		})
	}
}

// partitionKey returns the partition key of r: its key if Kinesis takes it, or else a
// stand-in.
func partitionKey(r *engine.Record) string {
	switch {
	case r.Key == "" && r.Seq != "":
		return r.Seq
	case r.Key == "":
		return ids.Hash(r.Data.Bytes())
	case utf8.ValidString(r.Key) && utf8.RuneCountInString(r.Key) <= 256:
		return r.Key
	}
	return ids.Hash([]byte(r.Key))
}

func sdkFirehose(c aws.Config) func(context.Context, []engine.Record) engine.Outcome {
	client := firehose.NewFromConfig(c)
	return func(ctx context.Context, batch []engine.Record) engine.Outcome {
		records := make([]firehosetypes.Record, len(batch))
		for i := range batch {
			records[i].Data = blob(batch[i].Data)
		}
		out, err := client.PutRecordBatch(ctx, &firehose.PutRecordBatchInput{DeliveryStreamName: aws.String(sinktest.Stream), Records: records})
		switch {
		case err != nil:
			return engine.Failed(classify.Error("sdk", err))
		case len(out.RequestResponses) != len(batch):
			return engine.Failed(classify.Miscounted("sdk", len(batch), len(out.RequestResponses)))
		}
		return ofResults(len(batch), out.FailedPutCount, func(i int) (id, code *string) {
			return out.RequestResponses[i].RecordId, out.RequestResponses[i].ErrorCode
		})
	}
}

func sdkSQS(c aws.Config, url string, fifo bool) func(context.Context, []engine.Record) engine.Outcome {
	client := sqs.NewFromConfig(c, func(o *sqs.Options) { o.DisableMessageChecksumValidation = true })
	form := message.Form{MaxAttributes: 10, MaxBytes: 1 << 20}
	return func(ctx context.Context, batch []engine.Record) engine.Outcome {
		entries := make([]sqstypes.SendMessageBatchRequestEntry, len(batch))
		for i := range batch {
			r, e := &batch[i], &entries[i]
			e.Id, e.MessageBody, e.MessageAttributes = aws.String(strconv.Itoa(i)), aws.String(string(message.Text(r.Data))), map[string]sqstypes.MessageAttributeValue{}
			for _, a := range form.Attributes(nil, r, new(message.Filled)) {
				v := sqstypes.MessageAttributeValue{DataType: &a.Type}
				if a.Binary() {
					v.BinaryValue = []byte(a.Value)
				} else {
					v.StringValue = &a.Value
				}
				e.MessageAttributes[a.Name] = v
			}
			if fifo {
				e.MessageGroupId, e.MessageDeduplicationId = aws.String(message.GroupID(r)), aws.String(ids.Origin("").DedupID(r))
			}
		}
		out, err := client.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: &url, Entries: entries})
		if err != nil {
			return engine.Failed(classify.Error("sdk", err))
		}
		return ofEntries(len(batch), len(out.Successful))
	}
}

func sdkSNS(c aws.Config, topic string, fifo bool) func(context.Context, []engine.Record) engine.Outcome {
	client := sns.NewFromConfig(c)
	form := message.Form{Subject: true, MaxBytes: 256 << 10}
	return func(ctx context.Context, batch []engine.Record) engine.Outcome {
		entries := make([]snstypes.PublishBatchRequestEntry, len(batch))
		for i := range batch {
			r, e := &batch[i], &entries[i]
			e.Id, e.Message, e.MessageAttributes = aws.String(strconv.Itoa(i)), aws.String(string(message.Text(r.Data))), map[string]snstypes.MessageAttributeValue{}
			for _, a := range form.Attributes(nil, r, new(message.Filled)) {
				v := snstypes.MessageAttributeValue{DataType: &a.Type}
				if a.Binary() {
					v.BinaryValue = []byte(a.Value)
				} else {
					v.StringValue = &a.Value
				}
				e.MessageAttributes[a.Name] = v
			}
			e.Subject = sinktest.Optional(form.SubjectOf(r, nil))
			if fifo {
				e.MessageGroupId, e.MessageDeduplicationId = aws.String(message.GroupID(r)), aws.String(ids.Origin("").DedupID(r))
			}
		}
		out, err := client.PublishBatch(ctx, &sns.PublishBatchInput{TopicArn: &topic, PublishBatchRequestEntries: entries})
		if err != nil {
			return engine.Failed(classify.Error("sdk", err))
		}
		return ofEntries(len(batch), len(out.Successful))
	}
}

func sdkEventBridge(c aws.Config) func(context.Context, []engine.Record) engine.Outcome {
	client := eventbridge.NewFromConfig(c)
	return func(ctx context.Context, batch []engine.Record) engine.Outcome {
		entries := make([]eventbridgetypes.PutEventsRequestEntry, len(batch))
		for i := range batch {
			r, e := &batch[i], &entries[i]
			e.Detail, e.DetailType, e.Source = aws.String(string(document.Object(r.Data).Bytes())), aws.String("Record"), aws.String("fanout")
			e.EventBusName = aws.String(sinktest.Bus)
			if r.Arrived != 0 {
				e.Time = aws.Time(time.UnixMilli(r.Arrived))
			}
		}
		out, err := client.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: entries})
		switch {
		case err != nil:
			return engine.Failed(classify.Error("sdk", err))
		case len(out.Entries) != len(batch):
			return engine.Failed(classify.Miscounted("sdk", len(batch), len(out.Entries)))
		}
		return ofResults(len(batch), &out.FailedEntryCount, func(i int) (id, code *string) {
			return out.Entries[i].EventId, out.Entries[i].ErrorCode
		})
	}
}

// ofResults fails the records whose results have no id, and all n if the answer counts
// more failures than it lists.
func ofResults(n int, count *int32, result func(i int) (id, code *string)) (o engine.Outcome) {
	failed := 0
	for i := range n {
		id, code := result(i)
		err := classify.Unacknowledged("sdk")
		if aws.ToString(code) != "" {
			err = classify.Code("sdk", *code)
		} else if aws.ToString(id) != "" {
			continue
		}
		o.Fail(i, err)
		failed++
	}
	for i := range n {
		if int(aws.ToInt32(count)) > failed && o.Err(i) == nil {
			o.Fail(i, classify.Unacknowledged("sdk"))
		}
	}
	return o
}

// ofEntries fails a request of n messages unless all are acknowledged.
func ofEntries(n, acknowledged int) engine.Outcome {
	if acknowledged != n {
		return engine.Failed(classify.Miscounted("sdk", n, acknowledged))
	}
	return engine.Outcome{}
}

// blob returns p's bytes. It never returns nil, which the SDK takes for a missing field.
func blob(p engine.Payload) []byte {
	if b := p.Bytes(); b != nil {
		return b
	}
	return []byte{}
}
