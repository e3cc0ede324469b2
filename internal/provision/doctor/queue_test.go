package doctor

import (
	"context"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"
)

// sourceQueue is a queue with these attributes, or an error.
type sourceQueue struct {
	attributes map[string]string
	code       string
}

func (q sourceQueue) GetQueueUrl(context.Context, *sqs.GetQueueUrlInput, ...func(*sqs.Options)) (*sqs.GetQueueUrlOutput, error) {
	if q.code != "" {
		return nil, &smithy.GenericAPIError{Code: q.code, Message: "no"}
	}
	return &sqs.GetQueueUrlOutput{QueueUrl: aws.String("https://sqs.eu-west-1.amazonaws.com/123456789012/orders")}, nil
}

func (q sourceQueue) GetQueueAttributes(context.Context, *sqs.GetQueueAttributesInput, ...func(*sqs.Options)) (*sqs.GetQueueAttributesOutput, error) {
	return &sqs.GetQueueAttributesOutput{Attributes: q.attributes}, nil
}

func TestQueueOfSource(t *testing.T) {
	const redrive = `{"deadLetterTargetArn":"arn:aws:sqs:eu-west-1:123456789012:dead","maxReceiveCount":COUNT}`
	for _, tt := range []struct {
		queue sourceQueue
		want  []string // status and the beginning of the text
	}{
		{sourceQueue{map[string]string{"VisibilityTimeout": "360", "RedrivePolicy": strings.ReplaceAll(redrive, "COUNT", "5")}, ""}, nil},
		{sourceQueue{map[string]string{"VisibilityTimeout": "360", "RedrivePolicy": strings.ReplaceAll(redrive, "COUNT", `"10"`)}, ""}, nil},
		{sourceQueue{map[string]string{"VisibilityTimeout": "30"}, ""}, []string{
			"error the queue's visibility timeout of 30s is shorter than the function's timeout of 1m",
			"warning the queue has no dead-letter queue",
		}},
		{sourceQueue{map[string]string{"VisibilityTimeout": "60", "RedrivePolicy": strings.ReplaceAll(redrive, "COUNT", "1")}, ""}, []string{
			"warning the queue's visibility timeout is 1m; AWS recommends 6 times",
			"warning the queue's redrive policy moves messages after 1 try",
		}},
		{sourceQueue{map[string]string{"VisibilityTimeout": "360", "RedrivePolicy": "["}, ""}, []string{"unknown not checked"}},
		{sourceQueue{nil, "QueueDoesNotExist"}, []string{"error the queue does not exist"}},
		{sourceQueue{nil, "AccessDenied"}, []string{"unknown not checked"}},
	} {
		p := &examination{
			Doctor: &Doctor{Services: Services{In: func(string) Region { return Region{SQS: tt.queue} }}},
			config: &lambda.GetFunctionConfigurationOutput{Timeout: aws.Int32(60)},
		}
		found := p.queue(t.Context(), about{"mapping", "sqs:orders"}, "arn:aws:sqs:eu-west-1:123456789012:orders")
		if len(found) != len(tt.want) {
			t.Errorf("%+v: %+v", tt.queue, found)
			continue
		}
		for i, f := range found {
			if got := string(f.Status) + " " + f.Text; !strings.HasPrefix(got, tt.want[i]) {
				t.Errorf("%q, want %q", got, tt.want[i])
			}
		}
	}
}
