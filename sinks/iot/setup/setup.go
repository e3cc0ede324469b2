// Package setup looks at the AWS IoT endpoint of an account for the commands.
package setup

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"

	"fanout/sinks"
	"fanout/sinks/account"
	sink "fanout/sinks/iot"
)

// Type describes targets that are topics of AWS IoT Core, for the commands.
var Type = &account.Type{
	For:      sink.Type,
	What:     "topic",
	IsFull:   func(text string) bool { return strings.Contains(text, "#") || strings.Contains(text, "://") },
	LookUp:   lookUp,
	Inspect:  inspect,
	Endpoint: func(*sinks.Spec) string { return "iot.data" },
	Prices:   prices, Latencies: latencies,
}

// lookUp returns the topic at the account's endpoint.
func lookUp(ctx context.Context, cfg aws.Config, topic, _ string) (string, error) {
	endpoint, err := endpointOf(ctx, cfg)
	if err != nil {
		return "", fmt.Errorf("the IoT endpoint of the account cannot be looked up: %w", err)
	}
	return endpoint + "#" + topic, nil
}

// inspect checks that the endpoint is the account's.
func inspect(ctx context.Context, cfg aws.Config, s *sinks.Spec) (account.State, error) {
	own, err := endpointOf(ctx, cfg)
	switch {
	case err != nil:
		return account.State{}, err
	case own == "":
		return account.State{Unseen: "AWS IoT returned no endpoint for this account"}, nil
	case label(own) == label(s.Destination.Host):
		return account.State{}, nil
	}
	return account.State{
		Doubt: fmt.Sprintf("the endpoint of this account and region is %s; you may have a custom domain for it", own),
		Flags: []string{"--destination", own + "#" + s.Destination.Topic},
	}, nil
}

func endpointOf(ctx context.Context, cfg aws.Config) (string, error) {
	out, err := iot.NewFromConfig(cfg).DescribeEndpoint(ctx, &iot.DescribeEndpointInput{EndpointType: aws.String("iot:Data-ATS")})
	if err != nil {
		return "", err
	}
	return aws.ToString(out.EndpointAddress), nil
}

// label returns the part of an endpoint that differs between accounts. Older clients leave
// out the suffix -ats.
func label(host string) string {
	first, _, _ := strings.Cut(host, ".")
	return strings.TrimSuffix(first, "-ats")
}
