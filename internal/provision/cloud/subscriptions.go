package cloud

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"fanout/internal/pages"
)

// Subscriptions returns the subscriptions of functions to a topic.
func Subscriptions(ctx context.Context, client sns.ListSubscriptionsByTopicAPIClient, topic string) ([]types.Subscription, error) {
	in := &sns.ListSubscriptionsByTopicInput{TopicArn: &topic}
	var all []types.Subscription
	for page, err := range pages.Of(ctx, sns.NewListSubscriptionsByTopicPaginator(client, in)) {
		if err != nil {
			return nil, fmt.Errorf("the subscriptions of the topic %s cannot be listed: %w", topic, err)
		}
		for _, s := range page.Subscriptions {
			if aws.ToString(s.Protocol) == "lambda" {
				all = append(all, s)
			}
		}
	}
	return all, nil
}
