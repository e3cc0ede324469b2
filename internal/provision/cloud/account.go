// Package cloud is the commands' view of the AWS account: service clients, lookup of
// resources by name, and errors in one sentence.
package cloud

import (
	"net/http"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/elasticache"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/opensearch"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"fanout/internal/awserr"
	"fanout/internal/awshttp"
)

// Account makes clients for one account and region, with the rights of one identity. A
// client is cheap, so each call makes one.
type Account struct{ cfg aws.Config }

// Of returns the account that cfg reaches. Calls are retried when AWS throttles or
// fails: three attempts, unless the environment or the profile sets another number.
// Calls to EC2 are tried once; only fanout doctor makes them, to look at networks. An
// answer that does not come from AWS is a NotAWS.
func Of(cfg aws.Config) *Account {
	cfg = cfg.Copy()
	retrying(&cfg)
	cfg.APIOptions = append(slices.Clone(cfg.APIOptions), whole, awshttp.OneValue(func(r *http.Response) error { return awserr.NotAWSFrom(r) }))
	return &Account{cfg}
}

// Region is the region of the calls.
func (a *Account) Region() string { return a.cfg.Region }

// Config returns the configuration of the calls.
func (a *Account) Config() aws.Config { return a.cfg.Copy() }

// In returns the account in another region; "" means the same region.
func (a *Account) In(region string) *Account {
	cfg := a.cfg.Copy()
	if region != "" {
		cfg.Region = region
	}
	return &Account{cfg}
}

func (a *Account) CloudWatch() *cloudwatch.Client         { return cloudwatch.NewFromConfig(a.cfg) }
func (a *Account) DynamoDB() *dynamodb.Client             { return dynamodb.NewFromConfig(a.cfg) }
func (a *Account) ElastiCache() *elasticache.Client       { return elasticache.NewFromConfig(a.cfg) }
func (a *Account) Firehose() *firehose.Client             { return firehose.NewFromConfig(a.cfg) }
func (a *Account) IAM() *iam.Client                       { return iam.NewFromConfig(a.cfg) }
func (a *Account) IoT() *iot.Client                       { return iot.NewFromConfig(a.cfg) }
func (a *Account) Kinesis() *kinesis.Client               { return kinesis.NewFromConfig(a.cfg) }
func (a *Account) KMS() *kms.Client                       { return kms.NewFromConfig(a.cfg) }
func (a *Account) Lambda() *lambda.Client                 { return lambda.NewFromConfig(a.cfg) }
func (a *Account) Logs() *cloudwatchlogs.Client           { return cloudwatchlogs.NewFromConfig(a.cfg) }
func (a *Account) OpenSearch() *opensearch.Client         { return opensearch.NewFromConfig(a.cfg) }
func (a *Account) SecretsManager() *secretsmanager.Client { return secretsmanager.NewFromConfig(a.cfg) }
func (a *Account) SNS() *sns.Client                       { return sns.NewFromConfig(a.cfg) }
func (a *Account) SQS(opts ...func(*sqs.Options)) *sqs.Client {
	return sqs.NewFromConfig(a.cfg, opts...)
}
func (a *Account) STS() *sts.Client { return sts.NewFromConfig(a.cfg) }
