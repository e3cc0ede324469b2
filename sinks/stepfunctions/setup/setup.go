// Package setup looks at state machines of AWS Step Functions for the commands.
package setup

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"fanout/internal/awsname"
	"fanout/internal/pages"
	"fanout/sinks"
	"fanout/sinks/account"
	sink "fanout/sinks/stepfunctions"
)

// Type describes targets that are state machines, for the commands.
var Type = &account.Type{
	For:      sink.Type,
	What:     "state machine",
	IsFull:   awsname.IsARN,
	LookUp:   lookUp,
	Inspect:  inspect,
	Key:      key,
	Endpoint: func(*sinks.Spec) string { return "states" },
	Prices:   prices, Latencies: latencies,
}

// errNone is the error of a name that no state machine of the account and region has.
var errNone = errors.New("there is none of that name in this account and region")

// lookUp returns the ARN of the state machine of that name in the caller's account.
func lookUp(ctx context.Context, cfg aws.Config, name, _ string) (string, error) {
	list := sfn.NewListStateMachinesPaginator(sfn.NewFromConfig(cfg), &sfn.ListStateMachinesInput{})
	for page, err := range pages.Of(ctx, list) {
		if err != nil {
			return "", account.Found("state machine", name, err)
		}
		for i := range page.StateMachines {
			if m := &page.StateMachines[i]; aws.ToString(m.Name) == name {
				return aws.ToString(m.StateMachineArn), nil
			}
		}
	}
	return "", account.Found("state machine", name, errNone)
}

func describe(ctx context.Context, cfg aws.Config, s *sinks.Spec) (*sfn.DescribeStateMachineOutput, error) {
	return sfn.NewFromConfig(cfg).DescribeStateMachine(ctx, &sfn.DescribeStateMachineInput{StateMachineArn: aws.String(s.Destination.ARN)})
}

// inspect looks at the machine, whose aliases and versions have its status.
func inspect(ctx context.Context, cfg aws.Config, s *sinks.Spec) (account.State, error) {
	out, err := describe(ctx, cfg, s)
	if err != nil {
		return account.State{}, err
	}
	return account.Status("state machine", s, string(out.Status), "ACTIVE", ""), nil
}

// key returns the key of the machine's executions: to compare the input of one, the function
// decrypts it (Step Functions developer guide, Data at rest encryption).
func key(ctx context.Context, cfg aws.Config, _ sinks.Place, s *sinks.Spec) (string, error) {
	out, err := describe(ctx, cfg, s)
	if err != nil || out.EncryptionConfiguration == nil {
		return "", err
	}
	return aws.ToString(out.EncryptionConfiguration.KmsKeyId), nil
}
