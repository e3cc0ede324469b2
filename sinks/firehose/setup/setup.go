// Package setup looks at delivery streams of Amazon Data Firehose for the commands.
package setup

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/firehose"

	"fanout/sinks"
	"fanout/sinks/account"
	sink "fanout/sinks/firehose"
)

// Type describes targets that are delivery streams, for the commands.
var Type = &account.Type{
	For:      sink.Type,
	What:     "delivery stream",
	IsFull:   account.IsARNOrURL,
	ByName:   true,
	LookUp:   lookUp,
	Inspect:  inspect,
	Endpoint: func(*sinks.Spec) string { return "kinesis-firehose" },
	Prices:   prices, Latencies: latencies,
}

func lookUp(ctx context.Context, cfg aws.Config, name, _ string) (string, error) {
	_, err := firehose.NewFromConfig(cfg).DescribeDeliveryStream(ctx, &firehose.DescribeDeliveryStreamInput{DeliveryStreamName: &name})
	return name, account.Found("Firehose delivery stream", name, err)
}

func inspect(ctx context.Context, cfg aws.Config, s *sinks.Spec) (account.State, error) {
	out, err := firehose.NewFromConfig(cfg).DescribeDeliveryStream(ctx, &firehose.DescribeDeliveryStreamInput{DeliveryStreamName: &s.Destination.Name})
	if err != nil {
		return account.State{}, err
	}
	return account.Status("delivery stream", s, string(out.DeliveryStreamDescription.DeliveryStreamStatus), "ACTIVE"), nil
}
