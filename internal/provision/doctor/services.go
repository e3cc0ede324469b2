package doctor

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"fanout/internal/provision/cloud"
	"fanout/internal/provision/registry"
	"fanout/internal/provision/role"
	"fanout/lambda/target"
)

// Services are the clients for the function. In returns the clients of a region for its
// targets and topics.
type Services struct {
	Catalog    *target.Catalog
	Lambda     cloud.LambdaReader
	DynamoDB   DynamoDBAPI
	IAM        cloud.IAMReader
	Logs       cloudwatchlogs.DescribeLogGroupsAPIClient
	CloudWatch CloudWatchAPI
	EC2        EC2API
	Policies   *role.Manager // computes the policy

	In func(region string) Region // "": the function's
}

// Region reaches the targets, topics and queues of one region.
type Region struct {
	Config aws.Config
	SNS    cloud.SNSReader
	SQS    cloud.SQSReader
}

// DynamoDBAPI is the part of a DynamoDB client that a Doctor needs.
type DynamoDBAPI interface {
	registry.API
	dynamodb.DescribeTableAPIClient
	GetResourcePolicy(context.Context, *dynamodb.GetResourcePolicyInput, ...func(*dynamodb.Options)) (*dynamodb.GetResourcePolicyOutput, error)
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

// On returns the Services of an account and region.
func On(a *cloud.Account, catalog *target.Catalog) Services {
	return Services{
		Lambda: a.Lambda(), DynamoDB: a.DynamoDB(), IAM: a.IAM(), Logs: a.Logs(), CloudWatch: a.CloudWatch(), EC2: a.EC2(), Policies: role.On(a, catalog), Catalog: catalog,
		In: func(region string) Region {
			in := a.In(region)
			return Region{Config: in.Config(), SNS: in.SNS(), SQS: in.SQS()}
		},
	}
}
