//go:build integration

package integration

import (
	"encoding/base64"
	"io"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// streamData returns the data in a Kinesis stream, by partition key in the order of the
// stream.
func (s services) streamData(t *testing.T, name string) map[string][]string {
	t.Helper()
	data := make(map[string][]string)
	shards := must(s.kinesis.ListShards(t.Context(), &kinesis.ListShardsInput{StreamName: &name}))(t)
	for _, shard := range shards.Shards {
		it := must(s.kinesis.GetShardIterator(t.Context(), &kinesis.GetShardIteratorInput{
			StreamName: &name, ShardId: shard.ShardId, ShardIteratorType: kinesistypes.ShardIteratorTypeTrimHorizon,
		}))(t).ShardIterator
		for {
			page := must(s.kinesis.GetRecords(t.Context(), &kinesis.GetRecordsInput{ShardIterator: it}))(t)
			if len(page.Records) == 0 {
				break
			}
			for _, r := range page.Records {
				data[*r.PartitionKey] = append(data[*r.PartitionKey], string(r.Data))
			}
			it = page.NextShardIterator
		}
	}
	return data
}

// messages removes all messages from a queue and returns their data in the order of
// arrival.
func (s services) messages(t *testing.T, name string) (data []string) {
	t.Helper()
	url := must(s.sqs.GetQueueUrl(t.Context(), &sqs.GetQueueUrlInput{QueueName: &name}))(t).QueueUrl
	for {
		page := must(s.sqs.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{
			QueueUrl: url, MaxNumberOfMessages: 10, MessageAttributeNames: []string{"All"},
		}))(t)
		if len(page.Messages) == 0 {
			return data
		}
		taken := &sqs.DeleteMessageBatchInput{QueueUrl: url}
		for _, m := range page.Messages {
			data = append(data, dataOf(t, m))
			taken.Entries = append(taken.Entries, sqstypes.DeleteMessageBatchRequestEntry{Id: m.MessageId, ReceiptHandle: m.ReceiptHandle})
		}
		if out := must(s.sqs.DeleteMessageBatch(t.Context(), taken))(t); len(out.Failed) > 0 {
			t.Fatalf("%d messages could not be deleted", len(out.Failed))
		}
	}
}

// dataOf decodes bodies that are base64 because SQS would have refused them.
func dataOf(t *testing.T, m sqstypes.Message) string {
	t.Helper()
	if encoding := m.MessageAttributes["encoding"]; aws.ToString(encoding.StringValue) != "base64" {
		return *m.Body
	}
	return string(must(base64.StdEncoding.DecodeString(*m.Body))(t))
}

// bucketData returns all objects of a bucket, concatenated.
func (s services) bucketData(t *testing.T, name string) (data string) {
	t.Helper()
	list := must(s.s3.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: &name}))(t)
	for _, o := range list.Contents {
		object := must(s.s3.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &name, Key: o.Key}))(t)
		data += string(must(io.ReadAll(object.Body))(t))
		object.Body.Close()
	}
	return data
}
