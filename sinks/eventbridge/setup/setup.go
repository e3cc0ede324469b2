// Package setup looks at event buses of Amazon EventBridge for the commands.
package setup

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"

	"fanout/sinks"
	"fanout/sinks/account"
	sink "fanout/sinks/eventbridge"
)

// Type describes targets that are event buses, for the commands. EventBridge encrypts events with
// rights of its own (EventBridge user guide, Authorizing EventBridge to use a customer managed key).
var Type = &account.Type{
	For:      sink.Type,
	What:     "event bus",
	IsFull:   account.IsARNOrURL,
	ByName:   true,
	LookUp:   lookUp,
	Inspect:  inspect,
	Endpoint: func(*sinks.Spec) string { return "events" },
	Prices:   prices, Latencies: latencies,
}

// lookUp fails for a bus that does not exist. EventBridge acknowledges events for such a bus.
func lookUp(ctx context.Context, cfg aws.Config, name, _ string) (string, error) {
	_, err := eventbridge.NewFromConfig(cfg).DescribeEventBus(ctx, &eventbridge.DescribeEventBusInput{Name: &name})
	return name, account.Found("event bus", name, err)
}

func inspect(ctx context.Context, cfg aws.Config, s *sinks.Spec) (account.State, error) {
	client, bus := eventbridge.NewFromConfig(cfg), s.Destination.NameOrARN()
	if _, err := client.DescribeEventBus(ctx, &eventbridge.DescribeEventBusInput{Name: &bus}); err != nil {
		return account.State{}, err
	}
	rules, err := client.ListRules(ctx, &eventbridge.ListRulesInput{EventBusName: &bus, Limit: aws.Int32(1)})
	if err == nil && len(rules.Rules) == 0 { // another account's rules cannot be listed
		return account.State{
			Doubt: fmt.Sprintf("the event bus %s has no rule, so its events go nowhere", bus),
			Do:    "create a rule that matches the events, or correct the destination",
		}, nil
	}
	return account.State{}, nil
}
