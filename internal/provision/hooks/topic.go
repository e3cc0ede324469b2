package hooks

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"fanout/internal/awserr"
	"fanout/internal/provision/cloud"
)

// subscribe makes an SNS topic invoke the function. If it fails, it undoes its own
// changes.
func (h *Hooks) subscribe(ctx context.Context, topic string, s Settings) (cloud.Outcome, error) {
	function, err := h.functionARN(ctx)
	if err != nil {
		return "", err
	}
	old, err := h.subscription(ctx, topic, function)
	if err != nil {
		return "", err
	}
	// The settings come first: a message that fails before them is lost.
	var done steps
	changed, back, err := h.configure(ctx, s)
	if err != nil {
		return "", err
	}
	if changed {
		done.add(back)
	}
	given, err := h.permit(ctx, topic)
	if err != nil {
		return "", done.undo(ctx, err)
	}
	if given && old == "" { // the earlier subscription needs the right
		done.add(func(ctx context.Context) error { return h.takeBack(ctx, topic) })
	}
	if old == "" {
		return cloud.Created, done.undo(ctx, h.newSubscription(ctx, topic, function, s.Filters))
	}
	if s.Filters != nil {
		changed = true
		if err := h.setFilter(ctx, topic, old, s.Filters); err != nil {
			return "", done.undo(ctx, err)
		}
	}
	if !changed && !given {
		return cloud.Unchanged, nil
	}
	return cloud.Updated, nil
}

// newSubscription subscribes the function to a topic. filters holds at most one filter
// policy.
func (h *Hooks) newSubscription(ctx context.Context, topic, function string, filters []string) error {
	if h.DryRun {
		return nil
	}
	in := &sns.SubscribeInput{TopicArn: &topic, Protocol: aws.String("lambda"), Endpoint: &function, ReturnSubscriptionArn: true}
	if len(filters) > 0 {
		in.Attributes = map[string]string{"FilterPolicy": filters[0]}
	}
	if _, err := h.SNS.Subscribe(ctx, in); err != nil {
		return fmt.Errorf("the function %q cannot be subscribed to %s: %w", h.Function, topic, err)
	}
	return nil
}

// setFilter sets the filter policy of a subscription; empty filters remove it.
func (h *Hooks) setFilter(ctx context.Context, topic, subscription string, filters []string) error {
	policy := "{}"
	if len(filters) > 0 {
		policy = filters[0]
	}
	if h.DryRun {
		return nil
	}
	_, err := h.SNS.SetSubscriptionAttributes(ctx, &sns.SetSubscriptionAttributesInput{
		SubscriptionArn: &subscription, AttributeName: aws.String("FilterPolicy"), AttributeValue: &policy,
	})
	if err != nil {
		return fmt.Errorf("the subscription of the function %q to %s cannot be updated: %w", h.Function, topic, err)
	}
	return nil
}

// unsubscribe removes the subscription and the right to invoke.
func (h *Hooks) unsubscribe(ctx context.Context, topic string) error {
	function, err := h.functionARN(ctx)
	if err != nil {
		return err
	}
	old, err := h.subscription(ctx, topic, function)
	if err != nil {
		return err
	}
	if old == "" {
		return h.noMapping(ctx, topic)
	}
	if h.DryRun {
		return nil
	}
	if _, err := h.SNS.Unsubscribe(ctx, &sns.UnsubscribeInput{SubscriptionArn: &old}); err != nil {
		return fmt.Errorf("the subscription of the function %q to %s cannot be removed: %w", h.Function, topic, err)
	}
	return h.forbid(ctx, topic)
}

// subscription returns the ARN of the function's subscription to a topic, "" if
// there is none.
func (h *Hooks) subscription(ctx context.Context, topic, function string) (string, error) {
	all, err := cloud.Subscriptions(ctx, h.SNS, topic)
	if awserr.IsMissing(err) {
		return "", fmt.Errorf("the topic %s does not exist; check its ARN", topic)
	}
	if err != nil {
		return "", err
	}
	for _, s := range all {
		if aws.ToString(s.Endpoint) == function {
			return aws.ToString(s.SubscriptionArn), nil
		}
	}
	return "", nil
}

// functionARN returns the ARN of the function, without a call if it is known.
func (h *Hooks) functionARN(ctx context.Context) (string, error) {
	if arn.IsARN(h.Function) {
		return h.Function, nil
	}
	f, err := h.Lambda.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &h.Function})
	if err != nil {
		return "", h.unknown(err, "function")
	}
	return aws.ToString(f.FunctionArn), nil
}
