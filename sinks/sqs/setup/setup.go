// Package setup looks at SQS queues for the commands.
package setup

import (
	"context"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"fanout/sinks"
	"fanout/sinks/account"
	sink "fanout/sinks/sqs"
)

// Type describes targets that are SQS queues, for the commands.
var Type = &account.Type{
	For:      sink.Type,
	What:     "queue",
	IsFull:   account.IsARNOrURL,
	LookUp:   lookUp,
	Inspect:  inspect,
	Key:      key,
	Endpoint: func(*sinks.Spec) string { return "sqs" },
	Prices:   prices, Latencies: latencies,
}

func lookUp(ctx context.Context, cfg aws.Config, name, _ string) (string, error) {
	out, err := sqs.NewFromConfig(cfg).GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &name})
	if err != nil {
		return "", account.Found("SQS queue", name, err)
	}
	return aws.ToString(out.QueueUrl), nil
}

// timeout bounds the check of a queue behind its own host: the host of a VPC endpoint is
// silent to callers outside the VPC.
const timeout = 5 * time.Second

// inspect asks the host that the function will call.
func inspect(ctx context.Context, cfg aws.Config, s *sinks.Spec) (account.State, error) {
	d := &s.Destination
	state := account.State{Host: sink.Endpoint(d)}
	if state.Host != "" {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(ctx, timeout)
		defer stop()
	}
	size, err := attribute(ctx, sqs.NewFromConfig(cfg, Host(d)), d, types.QueueAttributeNameMaximumMessageSize)
	bytes, _ := strconv.Atoi(size) // 0 if absent
	state.Limit = account.Limit{Bytes: bytes, Default: 1 << 20, Setting: "MaximumMessageSize", Unit: 1}
	return state, err
}

// Host makes a client call the host in a queue's URL, as the sink does.
func Host(d *sinks.Destination) func(*sqs.Options) {
	return func(o *sqs.Options) {
		endpoint := sink.Endpoint(d)
		if endpoint == "" || o.BaseEndpoint != nil {
			return
		}
		o.BaseEndpoint = &endpoint
		o.EndpointOptions.UseFIPSEndpoint = aws.FIPSEndpointStateDisabled
		o.EndpointOptions.UseDualStackEndpoint = aws.DualStackEndpointStateDisabled
	}
}

func key(ctx context.Context, cfg aws.Config, _ sinks.Place, s *sinks.Spec) (string, error) {
	return attribute(ctx, sqs.NewFromConfig(cfg), &s.Destination, types.QueueAttributeNameKmsMasterKeyId)
}

func attribute(ctx context.Context, client *sqs.Client, d *sinks.Destination, name types.QueueAttributeName) (string, error) {
	out, err := client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: aws.String(d.URL()), AttributeNames: []types.QueueAttributeName{name},
	})
	if err != nil {
		return "", err
	}
	return out.Attributes[string(name)], nil
}
