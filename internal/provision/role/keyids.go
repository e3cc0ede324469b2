package role

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"fanout/internal/provision/cloud"
)

// Region has the services of one region that know which key encrypts their data.
type Region struct {
	KMS      KMSAPI
	Kinesis  cloud.KinesisReader
	DynamoDB dynamodb.DescribeTableAPIClient
	SQS      cloud.SQSReader
	SNS      cloud.SNSReader
	Secrets  SecretsAPI
}

// KMSAPI is the part of a KMS client that a Region needs.
type KMSAPI interface {
	DescribeKey(context.Context, *kms.DescribeKeyInput, ...func(*kms.Options)) (*kms.DescribeKeyOutput, error)
}

// SecretsAPI is the part of a Secrets Manager client that a Region needs.
type SecretsAPI interface {
	DescribeSecret(context.Context, *secretsmanager.DescribeSecretInput, ...func(*secretsmanager.Options)) (*secretsmanager.DescribeSecretOutput, error)
}

// Regions returns the regions of an account; "" is the account's own.
func Regions(a *cloud.Account) func(region string) Region {
	return func(region string) Region {
		in := a.In(region)
		return Region{KMS: in.KMS(), Kinesis: in.Kinesis(), DynamoDB: in.DynamoDB(), SQS: in.SQS(), SNS: in.SNS(), Secrets: in.SecretsManager()}
	}
}

type keyID = func(ctx context.Context, r Region) (string, error)

func streamKey(stream string) keyID {
	return func(ctx context.Context, r Region) (string, error) {
		out, err := r.Kinesis.DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamARN: &stream})
		if err != nil {
			return "", err
		}
		return aws.ToString(out.StreamDescriptionSummary.KeyId), nil
	}
}

func tableKey(table string) keyID {
	return func(ctx context.Context, r Region) (string, error) {
		out, err := r.DynamoDB.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &table})
		if err != nil || out.Table.SSEDescription == nil {
			return "", err
		}
		return aws.ToString(out.Table.SSEDescription.KMSMasterKeyArn), nil
	}
}

// queueKey looks the URL up if it is "".
func queueKey(name, url string) keyID {
	return func(ctx context.Context, r Region) (string, error) {
		if url == "" {
			out, err := r.SQS.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &name})
			if err != nil {
				return "", err
			}
			url = aws.ToString(out.QueueUrl)
		}
		out, err := r.SQS.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
			QueueUrl: &url, AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameKmsMasterKeyId},
		})
		if err != nil {
			return "", err
		}
		return out.Attributes["KmsMasterKeyId"], nil
	}
}

func topicKey(topic string) keyID {
	return func(ctx context.Context, r Region) (string, error) {
		out, err := r.SNS.GetTopicAttributes(ctx, &sns.GetTopicAttributesInput{TopicArn: &topic})
		if err != nil {
			return "", err
		}
		return out.Attributes["KmsMasterKeyId"], nil
	}
}

func secretKey(secret string) keyID {
	return func(ctx context.Context, r Region) (string, error) {
		out, err := r.Secrets.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &secret})
		if err != nil {
			return "", err
		}
		return aws.ToString(out.KmsKeyId), nil
	}
}
