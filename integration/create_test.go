//go:build integration

package integration

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	firehosetypes "github.com/aws/aws-sdk-go-v2/service/firehose/types"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// createStream makes a Kinesis stream and returns its ARN.
func (s services) createStream(t *testing.T, name string, shards int32) string {
	t.Helper()
	must(s.kinesis.CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: &name, ShardCount: &shards}))(t)
	return arnOf("kinesis", "stream/"+name)
}

// createQueue makes an SQS queue and returns its ARN. The name of a FIFO queue ends in
// .fifo.
func (s services) createQueue(t *testing.T, name string) string {
	t.Helper()
	in := &sqs.CreateQueueInput{QueueName: &name}
	if strings.HasSuffix(name, ".fifo") {
		in.Attributes = map[string]string{"FifoQueue": "true"}
	}
	must(s.sqs.CreateQueue(t.Context(), in))(t)
	return arnOf("sqs", name)
}

// createTopic makes an SNS topic and returns its ARN. A queue of the same name gets all
// its messages unchanged.
func (s services) createTopic(t *testing.T, name string) string {
	t.Helper()
	topic := must(s.sns.CreateTopic(t.Context(), &sns.CreateTopicInput{Name: &name}))(t)
	must(s.sns.Subscribe(t.Context(), &sns.SubscribeInput{
		TopicArn: topic.TopicArn, Protocol: aws.String("sqs"), Endpoint: aws.String(s.createQueue(t, name)),
		Attributes: map[string]string{"RawMessageDelivery": "true"},
	}))(t)
	return *topic.TopicArn
}

// createDeliveryStream makes a Firehose stream that writes to a bucket of the same
// name.
func (s services) createDeliveryStream(t *testing.T, name string) {
	t.Helper()
	must(s.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{
		Bucket:                    &name,
		CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: region},
	}))(t)
	must(s.firehose.CreateDeliveryStream(t.Context(), &firehose.CreateDeliveryStreamInput{
		DeliveryStreamName: &name,
		ExtendedS3DestinationConfiguration: &firehosetypes.ExtendedS3DestinationConfiguration{
			BucketARN: aws.String("arn:aws:s3:::" + name),
			RoleARN:   aws.String("arn:aws:iam::" + account + ":role/firehose"),
		},
	}))(t)
}

// createTable makes a DynamoDB table with two keys of type S and a stream, and returns
// the ARN of the stream.
func (s services) createTable(t *testing.T, name, hash, sort string) (stream string) {
	t.Helper()
	key := func(name string, k dynamodbtypes.KeyType) dynamodbtypes.KeySchemaElement {
		return dynamodbtypes.KeySchemaElement{AttributeName: &name, KeyType: k}
	}
	text := func(name string) dynamodbtypes.AttributeDefinition {
		return dynamodbtypes.AttributeDefinition{AttributeName: &name, AttributeType: dynamodbtypes.ScalarAttributeTypeS}
	}
	out := must(s.dynamodb.CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName:            &name,
		AttributeDefinitions: []dynamodbtypes.AttributeDefinition{text(hash), text(sort)},
		KeySchema: []dynamodbtypes.KeySchemaElement{
			key(hash, dynamodbtypes.KeyTypeHash), key(sort, dynamodbtypes.KeyTypeRange),
		},
		BillingMode: dynamodbtypes.BillingModePayPerRequest,
		StreamSpecification: &dynamodbtypes.StreamSpecification{
			StreamEnabled: aws.Bool(true), StreamViewType: dynamodbtypes.StreamViewTypeNewAndOldImages,
		},
	}))(t)
	return *out.TableDescription.LatestStreamArn
}
