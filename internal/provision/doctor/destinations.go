package doctor

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/opensearch"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"fanout/internal/provision/cloud"
	"fanout/sinks/es"
	sqssink "fanout/sinks/sqs"
)

func (c *visit) stream(ctx context.Context) Finding {
	in := &kinesis.DescribeStreamSummaryInput{}
	if d := &c.spec.Destination; d.ARN != "" {
		in.StreamARN = &d.ARN
	} else {
		in.StreamName = &d.Name
	}
	out, err := c.Kinesis.DescribeStreamSummary(ctx, in)
	switch {
	case cloud.IsMissing(err):
		return c.gone("stream")
	case err != nil:
		return c.unknown(err)
	}
	s := out.StreamDescriptionSummary
	found := c.state("stream", string(s.StreamStatus), "ACTIVE", "UPDATING")
	return c.size(found, size{what: "stream", takes: int(aws.ToInt32(s.MaxRecordSizeInKiB)) << 10, byDefault: 1 << 20, setting: "MaxRecordSizeInKiB", unit: 1 << 10})
}

func (c *visit) deliveryStream(ctx context.Context) Finding {
	out, err := c.Firehose.DescribeDeliveryStream(ctx, &firehose.DescribeDeliveryStreamInput{DeliveryStreamName: &c.spec.Destination.Name})
	switch {
	case cloud.IsMissing(err):
		return c.gone("delivery stream")
	case err != nil:
		return c.unknown(err)
	}
	return c.state("delivery stream", string(out.DeliveryStreamDescription.DeliveryStreamStatus), "ACTIVE")
}

// queueTimeout bounds the check of a queue behind its own host: the host of a VPC
// endpoint is silent to callers outside the VPC.
const queueTimeout = 5 * time.Second

// queue asks the host that the function will call.
func (c *visit) queue(ctx context.Context) Finding {
	d := &c.spec.Destination
	own := sqssink.Endpoint(d)
	if own != "" {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(ctx, queueTimeout)
		defer stop()
	}
	out, err := c.SQS.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl:       aws.String(d.URL()),
		AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameMaximumMessageSize},
	}, sqssink.Host(d))
	switch {
	case cloud.IsMissing(err):
		return c.gone("queue")
	case own != "" && cloud.IsUnanswered(err):
		return c.notChecked("%s does not answer; perhaps it does in the function's network", own)
	case err != nil:
		return c.unknown(err)
	}
	takes, _ := strconv.Atoi(out.Attributes["MaximumMessageSize"]) // 0 if absent
	return c.size(c.ok("queue %s", d), size{what: "queue", takes: takes, byDefault: 1 << 20, setting: "MaximumMessageSize", unit: 1})
}

// topicBytes is the message limit of a topic without a MaximumMessageSize; SNS does not
// return the attribute then (SNS guide, Publishing large messages).
const topicBytes = 256 << 10

func (c *visit) topic(ctx context.Context) Finding {
	out, err := c.SNS.GetTopicAttributes(ctx, &sns.GetTopicAttributesInput{TopicArn: &c.spec.Destination.ARN})
	switch {
	case cloud.IsMissing(err):
		return c.gone("topic")
	case err != nil:
		return c.unknown(err)
	}
	takes, err := strconv.Atoi(out.Attributes["MaximumMessageSize"])
	if err != nil {
		takes = topicBytes
	}
	return c.size(c.ok("topic %s", c.spec.Destination), size{what: "topic", takes: takes, byDefault: topicBytes, setting: "MaximumMessageSize", unit: 1})
}

func (c *visit) function(ctx context.Context) Finding {
	out, err := c.Lambda.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: aws.String(c.spec.Destination.String())})
	switch {
	case cloud.IsMissing(err):
		return c.gone("function")
	case err != nil:
		return c.unknown(err)
	}
	return c.state("function", string(out.State), string(types.StateActive), string(types.StateInactive), "")
}

// search checks a domain of OpenSearch Service. Only the function can check a
// collection of OpenSearch Serverless or any other server.
func (c *visit) search(ctx context.Context) Finding {
	name, inside := domain(c.spec.Destination.Host)
	if !es.IsDomain(&c.spec.Destination) || name == "" {
		return c.notChecked("%s is not a domain of OpenSearch Service", c.spec.Destination.Host)
	}
	out, err := c.OpenSearch.DescribeDomain(ctx, &opensearch.DescribeDomainInput{DomainName: &name})
	switch {
	case cloud.IsMissing(err):
		return c.gone("domain")
	case err != nil:
		return c.unknown(err)
	case aws.ToBool(out.DomainStatus.Deleted):
		return c.wrong(c.fix("--destination", "NAME", "--index", "INDEX"), "the domain %s is being deleted", name)
	case !aws.ToBool(out.DomainStatus.Created):
		return c.wrong("wait until it is active", "the domain %s is still being made", name)
	case inside && !c.vpc:
		return c.wrong("put the function into the domain's VPC: "+c.deploy, "the domain %s is inside a VPC, and the function is not", name)
	}
	return c.ok("domain %s", c.spec.Destination)
}

// domain returns the name in an endpoint like
// search-NAME-ID.eu-west-1.es.amazonaws.com, where ID has no hyphen, and whether it is
// inside a VPC: vpc-NAME-ID. Test servers in place of AWS leave out both the prefix and
// the ID.
func domain(host string) (name string, inside bool) {
	label, _, _ := strings.Cut(host, ".")
	for _, prefix := range []string{"search-", "vpc-"} {
		name, found := strings.CutPrefix(label, prefix)
		if i := strings.LastIndexByte(name, '-'); found && i > 0 {
			return name[:i], prefix == "vpc-"
		}
	}
	return label, false
}

// iot checks that the endpoint is the account's.
func (c *visit) iot(ctx context.Context) Finding {
	out, err := c.IoT.DescribeEndpoint(ctx, &iot.DescribeEndpointInput{EndpointType: aws.String("iot:Data-ATS")})
	if err != nil {
		return c.unknown(err)
	}
	own := aws.ToString(out.EndpointAddress)
	if own == "" {
		return c.notChecked("AWS IoT does not say which endpoint this account has")
	}
	account := func(host string) string {
		label, _, _ := strings.Cut(host, ".")
		return strings.TrimSuffix(label, "-ats") // older clients use the name without the suffix
	}
	if account(own) != account(c.spec.Destination.Host) {
		return c.warning(c.fix("--destination", own+"#"+c.spec.Destination.Topic), "the endpoint of this account and region is %s; a domain of your own may stand before it", own)
	}
	return c.ok("topic %s", c.spec.Destination)
}
