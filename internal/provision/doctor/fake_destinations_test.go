package doctor

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/elasticache"
	cachetypes "github.com/aws/aws-sdk-go-v2/service/elasticache/types"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	firehosetypes "github.com/aws/aws-sdk-go-v2/service/firehose/types"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/opensearch"
	searchtypes "github.com/aws/aws-sdk-go-v2/service/opensearch/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// destinations are the fake destinations of targets.
type destinations struct {
	streams    map[string]*kinesistypes.StreamDescriptionSummary // by name or ARN
	deliveries map[string]firehosetypes.DeliveryStreamStatus
	queues     map[string]map[string]string       // attributes, by URL
	topics     map[string]map[string]string       // attributes, by ARN
	subscribed map[string][]snstypes.Subscription // by topic
	domains    map[string]*searchtypes.DomainStatus
	iot        string            // endpoint
	buckets    map[string]string // region, by name
	groupsOf   []cachetypes.ReplicationGroup
	serverless []cachetypes.ServerlessCache
	clusters   []cachetypes.CacheCluster
}

// answer answers the calls of clients.
func (a *account) answer(ctx context.Context, in any) (any, error) {
	switch in := in.(type) {
	case *kinesis.DescribeStreamSummaryInput:
		return a.DescribeStreamSummary(ctx, in)
	case *firehose.DescribeDeliveryStreamInput:
		return a.DescribeDeliveryStream(ctx, in)
	case *sqs.GetQueueAttributesInput:
		return a.GetQueueAttributes(ctx, in)
	case *sns.GetTopicAttributesInput:
		return a.GetTopicAttributes(ctx, in)
	case *lambda.GetFunctionConfigurationInput:
		return a.GetFunctionConfiguration(ctx, in)
	case *opensearch.DescribeDomainInput:
		return a.DescribeDomain(ctx, in)
	case *iot.DescribeEndpointInput:
		return a.DescribeEndpoint(ctx, in)
	case *s3.HeadBucketInput:
		there, ok := a.buckets[*in.Bucket]
		return &s3.HeadBucketOutput{BucketRegion: &there}, a.call("S3", "HeadBucket", ok)
	case *elasticache.DescribeReplicationGroupsInput:
		return a.DescribeReplicationGroups(ctx, in)
	case *elasticache.DescribeServerlessCachesInput:
		return a.DescribeServerlessCaches(ctx, in)
	case *elasticache.DescribeCacheClustersInput:
		return a.DescribeCacheClusters(ctx, in)
	}
	return nil, fmt.Errorf("a Doctor makes no call with %T", in)
}

func (a *account) DescribeStreamSummary(_ context.Context, in *kinesis.DescribeStreamSummaryInput) (*kinesis.DescribeStreamSummaryOutput, error) {
	var s *kinesistypes.StreamDescriptionSummary
	if in.StreamARN != nil {
		s = a.streams[*in.StreamARN]
	} else {
		s = a.streams[*in.StreamName]
	}
	return &kinesis.DescribeStreamSummaryOutput{StreamDescriptionSummary: s}, a.call("Kinesis", "DescribeStreamSummary", s != nil)
}

func (a *account) DescribeDeliveryStream(_ context.Context, in *firehose.DescribeDeliveryStreamInput) (*firehose.DescribeDeliveryStreamOutput, error) {
	status, ok := a.deliveries[*in.DeliveryStreamName]
	return &firehose.DescribeDeliveryStreamOutput{DeliveryStreamDescription: &firehosetypes.DeliveryStreamDescription{DeliveryStreamStatus: status}},
		a.call("Firehose", "DescribeDeliveryStream", ok)
}

func (a *account) GetQueueAttributes(_ context.Context, in *sqs.GetQueueAttributesInput) (*sqs.GetQueueAttributesOutput, error) {
	q, ok := a.queues[*in.QueueUrl]
	return &sqs.GetQueueAttributesOutput{Attributes: q}, a.call("SQS", "GetQueueAttributes", ok)
}

func (a *account) GetTopicAttributes(_ context.Context, in *sns.GetTopicAttributesInput, _ ...func(*sns.Options)) (*sns.GetTopicAttributesOutput, error) {
	t, ok := a.topics[*in.TopicArn]
	return &sns.GetTopicAttributesOutput{Attributes: t}, a.call("SNS", "GetTopicAttributes", ok)
}

func (a *account) ListSubscriptionsByTopic(_ context.Context, in *sns.ListSubscriptionsByTopicInput, _ ...func(*sns.Options)) (*sns.ListSubscriptionsByTopicOutput, error) {
	s, ok := a.subscribed[*in.TopicArn]
	return &sns.ListSubscriptionsByTopicOutput{Subscriptions: s}, a.call("SNS", "ListSubscriptionsByTopic", ok)
}

func (a *account) DescribeDomain(_ context.Context, in *opensearch.DescribeDomainInput) (*opensearch.DescribeDomainOutput, error) {
	d := a.domains[*in.DomainName]
	return &opensearch.DescribeDomainOutput{DomainStatus: d}, a.call("OpenSearch", "DescribeDomain", d != nil)
}

func (a *account) DescribeEndpoint(context.Context, *iot.DescribeEndpointInput) (*iot.DescribeEndpointOutput, error) {
	return &iot.DescribeEndpointOutput{EndpointAddress: &a.iot}, a.call("IoT", "DescribeEndpoint", true)
}

func (a *account) DescribeReplicationGroups(context.Context, *elasticache.DescribeReplicationGroupsInput) (*elasticache.DescribeReplicationGroupsOutput, error) {
	return &elasticache.DescribeReplicationGroupsOutput{ReplicationGroups: a.groupsOf}, a.call("ElastiCache", "DescribeReplicationGroups", true)
}

func (a *account) DescribeServerlessCaches(context.Context, *elasticache.DescribeServerlessCachesInput) (*elasticache.DescribeServerlessCachesOutput, error) {
	return &elasticache.DescribeServerlessCachesOutput{ServerlessCaches: a.serverless}, a.call("ElastiCache", "DescribeServerlessCaches", true)
}

func (a *account) DescribeCacheClusters(context.Context, *elasticache.DescribeCacheClustersInput) (*elasticache.DescribeCacheClustersOutput, error) {
	return &elasticache.DescribeCacheClustersOutput{CacheClusters: a.clusters}, a.call("ElastiCache", "DescribeCacheClusters", true)
}
