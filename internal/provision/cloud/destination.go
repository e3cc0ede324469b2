package cloud

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/opensearch"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"fanout/sinks"
	"fanout/sinks/builtin"
)

// Destination returns the value of the attribute destination for a target of type t.
// The user gives either a name, which must exist in the region of a, or the full form,
// which is taken as it is. index is the index in a search domain.
func (a *Account) Destination(ctx context.Context, t *sinks.Type, name, index string) (string, error) {
	if Full(t, name) {
		return withIndex(name, index), nil
	}
	switch t {
	case builtin.Type("sns"):
		return a.Topic(ctx, name)
	case builtin.Type("sqs"):
		return a.queue(ctx, name)
	case builtin.Type("es"):
		return a.domain(ctx, name, index)
	case builtin.Type("iot"):
		out, err := a.IoT().DescribeEndpoint(ctx, &iot.DescribeEndpointInput{EndpointType: aws.String("iot:Data-ATS")})
		if err != nil {
			return "", fmt.Errorf("the IoT endpoint of the account cannot be looked up: %w", err)
		}
		return aws.ToString(out.EndpointAddress) + "#" + name, nil
	case builtin.Type("memcached"):
		return a.memcached(ctx, name)
	case builtin.Type("redis"):
		return a.redis(ctx, name)
	default:
		return name, a.exists(ctx, t, name)
	}
}

// Full reports whether text is a complete destination that needs no lookup.
func Full(t *sinks.Type, text string) bool {
	switch t {
	case builtin.Type("es"), builtin.Type("iot"):
		return strings.ContainsAny(text, "#") || strings.Contains(text, "://")
	case builtin.Type("memcached"), builtin.Type("redis"):
		return strings.ContainsAny(text, ".:") || text == "localhost"
	case builtin.Type("file"):
		return true
	default:
		return strings.HasPrefix(text, "arn:") || strings.Contains(text, "://")
	}
}

// ByName reports whether the function takes destinations of type t by name.
func ByName(t *sinks.Type) bool {
	return t == builtin.Type("kinesis") || t == builtin.Type("firehose") || t == builtin.Type("lambda")
}

func withIndex(domain, index string) string {
	if index == "" || strings.Contains(domain, "#") {
		return domain
	}
	return domain + "#" + index
}

func (a *Account) queue(ctx context.Context, name string) (string, error) {
	out, err := a.SQS().GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &name})
	if err != nil {
		return "", a.unknown(err, "SQS queue", name)
	}
	return aws.ToString(out.QueueUrl), nil
}

func (a *Account) domain(ctx context.Context, name, index string) (string, error) {
	if index == "" {
		return "", fmt.Errorf("the domain %q needs the index that records go to; add --index", name)
	}
	out, err := a.OpenSearch().DescribeDomain(ctx, &opensearch.DescribeDomainInput{DomainName: &name})
	if err != nil {
		return "", a.unknown(err, "search domain", name)
	}
	host := aws.ToString(out.DomainStatus.Endpoint)
	if host == "" {
		host = out.DomainStatus.Endpoints["vpc"]
	}
	if host == "" {
		return "", fmt.Errorf("the search domain %q has no endpoint yet; wait until it is active", name)
	}
	return withIndex(host, index), nil
}

// exists checks a destination that the function finds by its name.
func (a *Account) exists(ctx context.Context, t *sinks.Type, name string) error {
	switch t {
	case builtin.Type("kinesis"):
		_, err := a.Stream(ctx, name)
		return err
	case builtin.Type("firehose"):
		_, err := a.Firehose().DescribeDeliveryStream(ctx, &firehose.DescribeDeliveryStreamInput{DeliveryStreamName: &name})
		return a.unknown(err, "Firehose delivery stream", name)
	case builtin.Type("lambda"):
		_, err := a.Lambda().GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &name})
		return a.unknown(err, "Lambda function", name)
	default:
		return nil
	}
}

// unknown returns the error for a resource that was not found or could not be looked
// up.
func (a *Account) unknown(err error, what, name string) error {
	if IsMissing(err) {
		return a.missing(what, name)
	}
	if err != nil {
		return fmt.Errorf("the %s %q cannot be looked up: %w", what, name, err)
	}
	return nil
}
