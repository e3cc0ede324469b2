package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	firehosetypes "github.com/aws/aws-sdk-go-v2/service/firehose/types"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// toKinesis sends with PutRecords, 500 records at a time.
func toKinesis(cfg aws.Config) target {
	client := kinesis.NewFromConfig(cfg)
	return func(ctx context.Context, records []events.KinesisEventRecord) error {
		entries := make([]kinesistypes.PutRecordsRequestEntry, 0, len(records))
		for _, r := range records {
			entries = append(entries, kinesistypes.PutRecordsRequestEntry{
				Data: r.Kinesis.Data, PartitionKey: aws.String(r.Kinesis.PartitionKey),
			})
		}
		return inBatches(entries, 500, func(batch []kinesistypes.PutRecordsRequestEntry) (again []kinesistypes.PutRecordsRequestEntry, err error) {
			out, err := client.PutRecords(ctx, &kinesis.PutRecordsInput{StreamName: aws.String("copy"), Records: batch})
			if err != nil {
				return nil, err
			}
			for i, r := range out.Records {
				if r.ErrorCode != nil {
					again = append(again, batch[i])
				}
			}
			return again, nil
		})
	}
}

// toFirehose sends with PutRecordBatch, 500 records at a time.
func toFirehose(cfg aws.Config) target {
	client := firehose.NewFromConfig(cfg)
	return func(ctx context.Context, records []events.KinesisEventRecord) error {
		entries := make([]firehosetypes.Record, 0, len(records))
		for _, r := range records {
			entries = append(entries, firehosetypes.Record{Data: r.Kinesis.Data})
		}
		return inBatches(entries, 500, func(batch []firehosetypes.Record) (again []firehosetypes.Record, err error) {
			out, err := client.PutRecordBatch(ctx, &firehose.PutRecordBatchInput{DeliveryStreamName: aws.String("lake"), Records: batch})
			if err != nil {
				return nil, err
			}
			for i, r := range out.RequestResponses {
				if r.ErrorCode != nil {
					again = append(again, batch[i])
				}
			}
			return again, nil
		})
	}
}

// message is an SQS message of several records.
type message struct{ Records []json.RawMessage }

// messageBytes is the limit of the records in a message: a message, and a whole request,
// have at most 1 MiB.
const messageBytes = 1<<20 - 10<<10

// toSQS sends messages with as many records as fit, one at a time, because each is as
// large as a request.
func toSQS(cfg aws.Config) target {
	client := sqs.NewFromConfig(cfg)
	return func(ctx context.Context, records []events.KinesisEventRecord) error {
		var entries []sqstypes.SendMessageBatchRequestEntry
		for len(records) > 0 {
			var m message
			size := 0
			for _, r := range records {
				if size += len(r.Kinesis.Data) + 1; size > messageBytes && len(m.Records) > 0 {
					break
				}
				m.Records = append(m.Records, r.Kinesis.Data)
			}
			records = records[len(m.Records):]
			body, err := json.Marshal(m)
			if err != nil {
				return fmt.Errorf("a record is not JSON: %w", err)
			}
			entries = append(entries, sqstypes.SendMessageBatchRequestEntry{
				Id: aws.String(strconv.Itoa(len(entries))), MessageBody: aws.String(string(body)),
			})
		}
		return inBatches(entries, 1, func(batch []sqstypes.SendMessageBatchRequestEntry) ([]sqstypes.SendMessageBatchRequestEntry, error) {
			out, err := client.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{
				QueueUrl: aws.String("https://sqs.eu-west-1.amazonaws.com/123456789012/queue"), Entries: batch,
			})
			if err != nil || len(out.Failed) == 0 {
				return nil, err
			}
			return batch, nil
		})
	}
}
