// Package setup looks at Lambda functions for the commands.
package setup

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"fanout/sinks"
	"fanout/sinks/account"
	sink "fanout/sinks/lambda"
)

// Type describes targets that are Lambda functions, for the commands.
var Type = &account.Type{
	For:      sink.Type,
	What:     "function",
	IsFull:   account.IsARNOrURL,
	ByName:   true,
	LookUp:   lookUp,
	Inspect:  inspect,
	Endpoint: func(*sinks.Spec) string { return "lambda" },
	Prices:   prices, Latencies: latencies,
}

func lookUp(ctx context.Context, cfg aws.Config, name, _ string) (string, error) {
	_, err := lambda.NewFromConfig(cfg).GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &name})
	return name, account.Found("Lambda function", name, err)
}

func inspect(ctx context.Context, cfg aws.Config, s *sinks.Spec) (account.State, error) {
	out, err := lambda.NewFromConfig(cfg).GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: aws.String(s.Destination.String())})
	if err != nil {
		return account.State{}, err
	}
	return account.Status("function", s, string(out.State), string(types.StateActive), string(types.StateInactive), ""), nil
}
