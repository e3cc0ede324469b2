// Package setup looks at Kinesis data streams for the commands.
package setup

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"fanout/sinks"
	"fanout/sinks/account"
	sink "fanout/sinks/kinesis"
)

// Type describes targets that are Kinesis data streams, for the commands.
var Type = &account.Type{
	For:      sink.Type,
	What:     "stream",
	IsFull:   account.IsARNOrURL,
	ByName:   true,
	LookUp:   lookUp,
	Inspect:  inspect,
	Key:      key,
	Endpoint: func(*sinks.Spec) string { return "kinesis-streams" },
	Prices:   prices, Latencies: latencies,
}

func lookUp(ctx context.Context, cfg aws.Config, name, _ string) (string, error) {
	_, err := kinesis.NewFromConfig(cfg).DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamName: &name})
	return name, account.Found("Kinesis stream", name, err)
}

func inspect(ctx context.Context, cfg aws.Config, s *sinks.Spec) (account.State, error) {
	in := &kinesis.DescribeStreamSummaryInput{}
	if d := &s.Destination; d.ARN != "" {
		in.StreamARN = &d.ARN
	} else {
		in.StreamName = &d.Name
	}
	out, err := kinesis.NewFromConfig(cfg).DescribeStreamSummary(ctx, in)
	if err != nil {
		return account.State{}, err
	}
	stream := out.StreamDescriptionSummary
	state := account.Status("stream", s, string(stream.StreamStatus), "ACTIVE", "UPDATING")
	state.Limit = account.Limit{Bytes: int(aws.ToInt32(stream.MaxRecordSizeInKiB)) << 10, Default: 1 << 20, Setting: "MaxRecordSizeInKiB", Unit: 1 << 10}
	return state, nil
}

func key(ctx context.Context, cfg aws.Config, at sinks.Place, s *sinks.Spec) (string, error) {
	stream := sink.Type.Resource(at, s)
	out, err := kinesis.NewFromConfig(cfg).DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamARN: &stream})
	if err != nil {
		return "", err
	}
	return aws.ToString(out.StreamDescriptionSummary.KeyId), nil
}
