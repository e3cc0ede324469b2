package doctor

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/elasticache"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/opensearch"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"fanout/internal/provision/cloud"
	"fanout/internal/provision/registry"
	"fanout/internal/provision/role"
)

// Services are the clients for the function. In returns the clients of a region for its
// targets and topics.
type Services struct {
	Lambda     LambdaAPI
	DynamoDB   DynamoDBAPI
	IAM        IAMAPI
	Logs       cloudwatchlogs.DescribeLogGroupsAPIClient
	CloudWatch CloudWatchAPI
	EC2        EC2API
	Keeper     *role.Keeper // computes the policy

	In func(region string) Region // "": the function's
}

// Region has the clients of one region for targets and topics.
type Region struct {
	Kinesis     KinesisAPI
	Firehose    FirehoseAPI
	SQS         SQSAPI
	SNS         SNSAPI
	Lambda      FunctionAPI
	OpenSearch  OpenSearchAPI
	IoT         IoTAPI
	ElastiCache ElastiCacheAPI
}

// LambdaAPI is the part of a Lambda client that a Doctor needs.
type LambdaAPI interface {
	role.LambdaAPI
	FunctionAPI
	GetPolicy(context.Context, *lambda.GetPolicyInput, ...func(*lambda.Options)) (*lambda.GetPolicyOutput, error)
}

// FunctionAPI is the part of a Lambda client that a Region needs.
type FunctionAPI interface {
	GetFunctionConfiguration(context.Context, *lambda.GetFunctionConfigurationInput, ...func(*lambda.Options)) (*lambda.GetFunctionConfigurationOutput, error)
}

// DynamoDBAPI is the part of a DynamoDB client that a Doctor needs.
type DynamoDBAPI interface {
	registry.API
	dynamodb.DescribeTableAPIClient
	GetResourcePolicy(context.Context, *dynamodb.GetResourcePolicyInput, ...func(*dynamodb.Options)) (*dynamodb.GetResourcePolicyOutput, error)
}

// IAMAPI is the part of an IAM client that a Doctor needs.
type IAMAPI interface {
	iam.ListRolePoliciesAPIClient
	iam.ListAttachedRolePoliciesAPIClient
	GetRolePolicy(context.Context, *iam.GetRolePolicyInput, ...func(*iam.Options)) (*iam.GetRolePolicyOutput, error)
	GetRole(context.Context, *iam.GetRoleInput, ...func(*iam.Options)) (*iam.GetRoleOutput, error)
	GetPolicy(context.Context, *iam.GetPolicyInput, ...func(*iam.Options)) (*iam.GetPolicyOutput, error)
	GetPolicyVersion(context.Context, *iam.GetPolicyVersionInput, ...func(*iam.Options)) (*iam.GetPolicyVersionOutput, error)
}

// CloudWatchAPI is the part of a CloudWatch client that a Doctor needs.
type CloudWatchAPI interface {
	GetMetricStatistics(context.Context, *cloudwatch.GetMetricStatisticsInput, ...func(*cloudwatch.Options)) (*cloudwatch.GetMetricStatisticsOutput, error)
}

// EC2API is the part of a cloud.EC2 that a Doctor needs.
type EC2API interface {
	DescribeSubnets(ctx context.Context, ids []string) ([]cloud.Subnet, error)
	DescribeRouteTables(ctx context.Context, vpc string) ([]cloud.RouteTable, error)
	DescribeVpcEndpoints(ctx context.Context, vpc string) ([]cloud.Endpoint, error)
}

// KinesisAPI is the part of a Kinesis client that a Region needs.
type KinesisAPI interface {
	DescribeStreamSummary(context.Context, *kinesis.DescribeStreamSummaryInput, ...func(*kinesis.Options)) (*kinesis.DescribeStreamSummaryOutput, error)
}

// FirehoseAPI is the part of a Firehose client that a Region needs.
type FirehoseAPI interface {
	DescribeDeliveryStream(context.Context, *firehose.DescribeDeliveryStreamInput, ...func(*firehose.Options)) (*firehose.DescribeDeliveryStreamOutput, error)
}

// SQSAPI is the part of an SQS client that a Region needs.
type SQSAPI interface {
	GetQueueAttributes(context.Context, *sqs.GetQueueAttributesInput, ...func(*sqs.Options)) (*sqs.GetQueueAttributesOutput, error)
}

// SNSAPI is the part of an SNS client that a Region needs.
type SNSAPI interface {
	sns.ListSubscriptionsByTopicAPIClient
	GetTopicAttributes(context.Context, *sns.GetTopicAttributesInput, ...func(*sns.Options)) (*sns.GetTopicAttributesOutput, error)
}

// OpenSearchAPI is the part of an OpenSearch Service client that a Region needs.
type OpenSearchAPI interface {
	DescribeDomain(context.Context, *opensearch.DescribeDomainInput, ...func(*opensearch.Options)) (*opensearch.DescribeDomainOutput, error)
}

// IoTAPI is the part of an AWS IoT client that a Region needs.
type IoTAPI interface {
	DescribeEndpoint(context.Context, *iot.DescribeEndpointInput, ...func(*iot.Options)) (*iot.DescribeEndpointOutput, error)
}

// ElastiCacheAPI is the part of an ElastiCache client that a Region needs.
type ElastiCacheAPI interface {
	elasticache.DescribeReplicationGroupsAPIClient
	elasticache.DescribeServerlessCachesAPIClient
	elasticache.DescribeCacheClustersAPIClient
}

// On returns the Services of an account and region.
func On(a *cloud.Account) Services {
	return Services{
		Lambda: a.Lambda(), DynamoDB: a.DynamoDB(), IAM: a.IAM(), Logs: a.Logs(), CloudWatch: a.CloudWatch(), EC2: a.EC2(), Keeper: role.On(a),
		In: func(region string) Region {
			in := a.In(region)
			return Region{
				Kinesis: in.Kinesis(), Firehose: in.Firehose(), SQS: in.SQS(), SNS: in.SNS(), Lambda: in.Lambda(),
				OpenSearch: in.OpenSearch(), IoT: in.IoT(), ElastiCache: in.ElastiCache(),
			}
		},
	}
}
