// Package setup looks at SNS topics for the commands.
package setup

import (
	"context"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"fanout/sinks"
	"fanout/sinks/account"
	sink "fanout/sinks/sns"
)

// Type describes targets that are SNS topics, for the commands.
var Type = &account.Type{
	For:      sink.Type,
	What:     "topic",
	IsFull:   account.IsARNOrURL,
	LookUp:   lookUp,
	Inspect:  inspect,
	Key:      key,
	Endpoint: func(*sinks.Spec) string { return "sns" },
	Prices:   prices, Latencies: latencies,
}

// lookUp returns the ARN of the topic of that name in the caller's account.
func lookUp(ctx context.Context, cfg aws.Config, name, _ string) (string, error) {
	who, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return "", err
	}
	me, err := arn.Parse(aws.ToString(who.Arn))
	if err != nil {
		return "", err
	}
	topic := arn.ARN{Partition: me.Partition, Service: "sns", Region: cfg.Region, AccountID: me.AccountID, Resource: name}.String()
	_, err = attributes(ctx, cfg, topic)
	return topic, account.Found("SNS topic", name, err)
}

// defaultBytes is the message limit of a topic without a MaximumMessageSize; SNS does not
// return the attribute then (SNS guide, Publishing large messages).
const defaultBytes = 256 << 10

func inspect(ctx context.Context, cfg aws.Config, s *sinks.Spec) (account.State, error) {
	has, err := attributes(ctx, cfg, s.Destination.ARN)
	if err != nil {
		return account.State{}, err
	}
	bytes, err := strconv.Atoi(has["MaximumMessageSize"])
	if err != nil {
		bytes = defaultBytes
	}
	return account.State{Limit: account.Limit{Bytes: bytes, Default: defaultBytes, Setting: "MaximumMessageSize", Unit: 1}}, nil
}

func key(ctx context.Context, cfg aws.Config, _ sinks.Place, s *sinks.Spec) (string, error) {
	has, err := attributes(ctx, cfg, s.Destination.ARN)
	return has["KmsMasterKeyId"], err
}

func attributes(ctx context.Context, cfg aws.Config, topic string) (map[string]string, error) {
	out, err := sns.NewFromConfig(cfg).GetTopicAttributes(ctx, &sns.GetTopicAttributesInput{TopicArn: &topic})
	if err != nil {
		return nil, err
	}
	return out.Attributes, nil
}
