package cloud

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"fanout/internal/awserr"
)

// IsQueue reports whether a source is an SQS queue.
func IsQueue(source string) bool { return strings.Contains(source, ":sqs:") }

// Elsewhere reports whether a source is in another account or region than the function, whose
// CloudWatch then has no metrics of it. Both are ARNs.
func Elsewhere(source, function string) bool {
	a, err := arn.Parse(source)
	self, selfErr := arn.Parse(function)
	return err == nil && selfErr == nil && (a.AccountID != self.AccountID || a.Region != self.Region)
}

// Queue returns the ARN of the SQS queue called name.
func (a *Account) Queue(ctx context.Context, name string) (string, error) {
	q, err := a.ARN(ctx, "sqs", name)
	if err != nil {
		return "", err
	}
	_, err = a.SQS().GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &name})
	if awserr.IsMissing(err) {
		return "", a.missing("SQS queue", name)
	}
	if err != nil {
		return "", fmt.Errorf("the SQS queue %q cannot be looked up: %w", name, err)
	}
	return q, nil
}

// SourceQueue is the settings of a queue that matter to its readers (SQS API,
// GetQueueAttributes).
type SourceQueue struct {
	Visibility  time.Duration // how long a received message is hidden
	DeadLetter  string        // ARN of the queue for messages that were received too often; "": none
	MaxReceives int           // how often is not too often
	Waiting     int           // messages that can be received, about
}

// SourceQueueOf looks a queue up by its ARN.
func SourceQueueOf(ctx context.Context, client SQSReader, queue string) (SourceQueue, error) {
	a, err := arn.Parse(queue)
	if err != nil {
		return SourceQueue{}, err
	}
	at, err := client.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &a.Resource, QueueOwnerAWSAccountId: &a.AccountID})
	if err != nil {
		return SourceQueue{}, err
	}
	out, err := client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: at.QueueUrl, AttributeNames: []types.QueueAttributeName{
		types.QueueAttributeNameVisibilityTimeout, types.QueueAttributeNameRedrivePolicy, types.QueueAttributeNameApproximateNumberOfMessages,
	}})
	if err != nil {
		return SourceQueue{}, err
	}
	number := func(name types.QueueAttributeName) int {
		n, _ := strconv.Atoi(out.Attributes[string(name)]) // the service writes it
		return n
	}
	var redrive struct {
		DeadLetter  string      `json:"deadLetterTargetArn"`
		MaxReceives json.Number `json:"maxReceiveCount"` // sometimes a string
	}
	if text := out.Attributes[string(types.QueueAttributeNameRedrivePolicy)]; text != "" {
		if err := json.Unmarshal([]byte(text), &redrive); err != nil {
			return SourceQueue{}, fmt.Errorf("the redrive policy of %s cannot be read: %w", queue, err)
		}
	}
	most, _ := strconv.Atoi(redrive.MaxReceives.String())
	return SourceQueue{
		Visibility: time.Duration(number(types.QueueAttributeNameVisibilityTimeout)) * time.Second,
		DeadLetter: redrive.DeadLetter, MaxReceives: most, Waiting: number(types.QueueAttributeNameApproximateNumberOfMessages),
	}, nil
}

// VisibilityFactor is how many times the function's timeout a queue's visibility timeout should
// be: Lambda may wait for a free invocation, and tries again when it is throttled (Lambda guide,
// Using Lambda with Amazon SQS, Configuring a queue for use with Lambda).
const VisibilityFactor = 6

// Receives is how often a message should be received before it counts as bad (same page).
const Receives = 5

// Concurrency returns the bound on a mapping's invocations at a time; 0: none.
func Concurrency(c *lambdatypes.ScalingConfig) int32 {
	if c == nil {
		return 0
	}
	return aws.ToInt32(c.MaximumConcurrency)
}
