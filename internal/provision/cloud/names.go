package cloud

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"fanout/internal/awserr"
)

// Identity returns the caller's ARN, with its partition and account.
func (a *Account) Identity(ctx context.Context) (arn.ARN, error) {
	out, err := a.STS().GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return arn.ARN{}, err
	}
	return arn.Parse(aws.ToString(out.Arn))
}

// ARN returns the ARN of a resource in the caller's account and the region of a.
func (a *Account) ARN(ctx context.Context, service, resource string) (string, error) {
	me, err := a.Identity(ctx)
	if err != nil {
		return "", err
	}
	return arn.ARN{Partition: me.Partition, Service: service, Region: a.Region(), AccountID: me.AccountID, Resource: resource}.String(), nil
}

// Stream returns the ARN of the Kinesis stream called name.
func (a *Account) Stream(ctx context.Context, name string) (string, error) {
	out, err := a.Kinesis().DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamName: &name})
	if awserr.IsMissing(err) {
		return "", a.missing("Kinesis stream", name)
	}
	if err != nil {
		return "", fmt.Errorf("the Kinesis stream %q cannot be looked up: %w", name, err)
	}
	return aws.ToString(out.StreamDescriptionSummary.StreamARN), nil
}

// TableStream returns the ARN of the stream of the DynamoDB table called name.
func (a *Account) TableStream(ctx context.Context, name string) (string, error) {
	out, err := a.DynamoDB().DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &name})
	switch {
	case awserr.IsMissing(err):
		return "", a.missing("DynamoDB table", name)
	case err != nil:
		return "", fmt.Errorf("the DynamoDB table %q cannot be looked up: %w", name, err)
	}
	stream := streamOf(out.Table)
	if stream == "" {
		return "", fmt.Errorf("the DynamoDB table %q has no stream; enable one, for example with NEW_AND_OLD_IMAGES", name)
	}
	return stream, nil
}

// Topic returns the ARN of the SNS topic called name.
func (a *Account) Topic(ctx context.Context, name string) (string, error) {
	topic, err := a.ARN(ctx, "sns", name)
	if err != nil {
		return "", err
	}
	_, err = a.SNS().GetTopicAttributes(ctx, &sns.GetTopicAttributesInput{TopicArn: &topic})
	if awserr.IsMissing(err) {
		return "", a.missing("SNS topic", name)
	}
	if err != nil {
		return "", fmt.Errorf("the SNS topic %q cannot be looked up: %w", name, err)
	}
	return topic, nil
}

// Exists returns an error if no resource has an ARN: of a stream, a topic, a queue or a
// function. It returns nil for other services, and if the caller has no right to look.
func (a *Account) Exists(ctx context.Context, resource string) error {
	is, err := arn.Parse(resource)
	if err != nil {
		return nil // the policy code reports invalid ARNs
	}
	in := a.In(is.Region)
	switch is.Service {
	case "kinesis":
		stream, _, _ := strings.Cut(resource, "/consumer/")
		_, err = in.Kinesis().DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamARN: &stream})
	case "dynamodb":
		table, _ := TableOf(resource)
		_, err = in.DynamoDB().DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &table})
	case "sns":
		_, err = in.SNS().GetTopicAttributes(ctx, &sns.GetTopicAttributesInput{TopicArn: &resource})
	case "lambda":
		_, err = in.Lambda().GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &resource})
	case "sqs":
		_, err = in.SQS().GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &is.Resource, QueueOwnerAWSAccountId: &is.AccountID})
		if awserr.IsMissing(err) && !a.owns(ctx, is.AccountID) {
			return nil // SQS hides queues of other accounts
		}
	}
	if awserr.IsMissing(err) {
		return fmt.Errorf("%s does not exist; check the ARN, --region and --profile", resource)
	}
	if err != nil && !awserr.IsDenied(err) {
		return fmt.Errorf("%s cannot be looked up: %w", resource, err)
	}
	return nil
}

// owns reports whether an account is the caller's.
func (a *Account) owns(ctx context.Context, account string) bool {
	me, err := a.Identity(ctx)
	return err == nil && me.AccountID == account
}

// missing returns the error for a resource that does not exist.
func (a *Account) missing(what, name string) error {
	return fmt.Errorf("there is no %s named %q in %s; check the name, --region and --profile", what, name, a.Region())
}

// NoFunction is the error for a function that does not exist.
type NoFunction struct {
	Name string // or ARN
	Else string // another remedy for the caller, after "or "; may be empty
}

func (e *NoFunction) Error() string { return fmt.Sprintf("there is no function %q", e.Name) }

// Name returns the last part of the name in an ARN such as
// arn:aws:lambda:eu-west-1:123456789012:function:fanout, or in the ARN of a table or
// role. Text that is not an ARN is returned as it is.
func Name(text string) string {
	a, err := arn.Parse(text)
	if err != nil {
		return text
	}
	return a.Resource[strings.LastIndexAny(a.Resource, ":/")+1:]
}
