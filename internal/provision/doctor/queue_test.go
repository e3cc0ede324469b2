package doctor

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"

	"fanout/internal/provision/role"
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

// ages are the oldest ages that CloudWatch has, by metric and dimension.
type ages map[string]float64

func (a ages) GetMetricStatistics(_ context.Context, in *cloudwatch.GetMetricStatisticsInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.GetMetricStatisticsOutput, error) {
	out := new(cloudwatch.GetMetricStatisticsOutput)
	if age, ok := a[*in.Namespace+" "+*in.MetricName+" "+*in.Dimensions[0].Value]; ok {
		out.Datapoints = []cwtypes.Datapoint{{Maximum: &age}}
	}
	return out, nil
}

// The age of a queue's messages is in seconds, that of a stream's records in milliseconds.
func TestAges(t *testing.T) {
	const account = ":eu-west-1:123456789012:"
	for _, tt := range []struct {
		name    string
		sources []string
		ages    ages
		want    []string
	}{
		{"nothing", nil, nil, nil},
		{"a queue alone", []string{"arn:aws:sqs" + account + "jobs"}, ages{"AWS/SQS ApproximateAgeOfOldestMessage jobs": 20}, []string{"ok queue age jobs: records were up to 20s old"}},
		{"a late queue", []string{"arn:aws:sqs" + account + "jobs"}, ages{"AWS/SQS ApproximateAgeOfOldestMessage jobs": 7200}, []string{"error queue age jobs: records were up to 2h old"}},
		{"an idle queue", []string{"arn:aws:sqs" + account + "jobs"}, nil, []string{"ok queue age jobs: no records in the last 15m"}},
		{"a queue of another account", []string{"arn:aws:sqs:eu-west-1:210987654321:jobs"}, nil, []string{
			"unknown queue age jobs: not checked from here: CloudWatch has the metrics of arn:aws:sqs:eu-west-1:210987654321:jobs in its own account",
		}},
		{"both", []string{"arn:aws:sqs" + account + "jobs", "arn:aws:kinesis" + account + "stream/clicks"}, ages{
			"AWS/SQS ApproximateAgeOfOldestMessage jobs": 5, "AWS/Lambda IteratorAge fan": 7_200_000,
		}, []string{"ok queue age jobs: records were up to 5s old", "error iterator age fan: records were up to 2h old"}},
	} {
		p := &examination{Doctor: &Doctor{Services: Services{CloudWatch: tt.ages}, Lag: time.Minute}, function: role.Function{ARN: "arn:aws:lambda" + account + "function:fan"}}
		for _, source := range tt.sources {
			p.hooks = append(p.hooks, lambdatypes.EventSourceMappingConfiguration{EventSourceArn: &source})
		}
		found := p.lag(t.Context())
		if len(found) != len(tt.want) {
			t.Errorf("%s: %+v", tt.name, found)
			continue
		}
		for i, f := range found {
			if got := fmt.Sprintf("%s %s %s: %s", f.Status, f.Check, f.Subject, f.Text); !strings.HasPrefix(got, tt.want[i]) {
				t.Errorf("%s: %q, want %q", tt.name, got, tt.want[i])
			}
		}
	}
}
