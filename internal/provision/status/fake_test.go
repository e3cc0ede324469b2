package status

import (
	"context"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"

	"fanout/internal/provision/registry"
	fanout "fanout/lambda"
	"fanout/sinks"
)

const (
	orders = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders"
	alerts = "arn:aws:sns:eu-west-1:123456789012:alerts"
	self   = "arn:aws:lambda:eu-west-1:123456789012:function:teller"
)

// account is a fake account: its resources, and the calls that fail.
type account struct {
	registry.API // a Reader writes nothing

	variables map[string]string
	gone      bool // the function
	mappings  []types.EventSourceMappingConfiguration
	items     []map[string]string

	// metrics has values by name, and by target, source or function, a slash before the
	// name: the value of each minute, the last one now.
	metrics map[string][]float64
	log     []logLine
	fail    map[string]string // error codes, by call
	topics  map[string]string // endpoints of their subscriptions
	callers string            // a source that may invoke the function
	queues  map[string]int    // messages, by name
	mu      sync.Mutex
	calls   map[string]int
	queries int
}

// logLine is a line of the log.
type logLine struct {
	ago  time.Duration
	text string
}

// call counts a call, and returns its error if it must fail.
func (a *account) call(service, operation string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.calls == nil {
		a.calls = make(map[string]int)
	}
	a.calls[operation]++
	if code := a.fail[operation]; code != "" {
		return &smithy.OperationError{ServiceID: service, OperationName: operation, Err: &smithy.GenericAPIError{Code: code, Message: "No."}}
	}
	return nil
}

func (a *account) GetFunctionConfiguration(_ context.Context, in *lambda.GetFunctionConfigurationInput, _ ...func(*lambda.Options)) (*lambda.GetFunctionConfigurationOutput, error) {
	if a.gone {
		return nil, &types.ResourceNotFoundException{}
	}
	return &lambda.GetFunctionConfigurationOutput{FunctionArn: aws.String(self), Environment: &types.EnvironmentResponse{Variables: a.variables}}, a.call("Lambda", "GetFunctionConfiguration")
}

func (a *account) ListEventSourceMappings(context.Context, *lambda.ListEventSourceMappingsInput, ...func(*lambda.Options)) (*lambda.ListEventSourceMappingsOutput, error) {
	return &lambda.ListEventSourceMappingsOutput{EventSourceMappings: a.mappings}, a.call("Lambda", "ListEventSourceMappings")
}

func (a *account) Scan(context.Context, *dynamodb.ScanInput, ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error) {
	out := &dynamodb.ScanOutput{Items: []map[string]dynamodbtypes.AttributeValue{}, Count: int32(len(a.items))}
	for _, item := range a.items {
		i := make(map[string]dynamodbtypes.AttributeValue)
		for name, v := range item {
			i[name] = &dynamodbtypes.AttributeValueMemberS{Value: v}
			if name == "active" {
				i[name] = &dynamodbtypes.AttributeValueMemberBOOL{Value: v == "true"}
			}
		}
		out.Items = append(out.Items, i)
	}
	return out, a.call("DynamoDB", "Scan")
}

func (a *account) ListSubscriptionsByTopic(_ context.Context, in *sns.ListSubscriptionsByTopicInput, _ ...func(*sns.Options)) (*sns.ListSubscriptionsByTopicOutput, error) {
	out := &sns.ListSubscriptionsByTopicOutput{}
	if endpoint := a.topics[*in.TopicArn]; endpoint != "" {
		out.Subscriptions = []snstypes.Subscription{{Protocol: aws.String("lambda"), Endpoint: &endpoint}}
	}
	return out, a.call("SNS", "ListSubscriptionsByTopic")
}

func (a *account) GetPolicy(context.Context, *lambda.GetPolicyInput, ...func(*lambda.Options)) (*lambda.GetPolicyOutput, error) {
	policy := `{"Statement":[{"Sid":"1","Effect":"Allow","Condition":{"ArnLike":{"AWS:SourceArn":"` + a.callers + `"}}}]}`
	return &lambda.GetPolicyOutput{Policy: &policy}, a.call("Lambda", "GetPolicy")
}

func (a *account) GetQueueAttributes(_ context.Context, in *sqs.GetQueueAttributesInput, _ ...func(*sqs.Options)) (*sqs.GetQueueAttributesOutput, error) {
	n := strconv.Itoa(a.queues[path.Base(*in.QueueUrl)])
	return &sqs.GetQueueAttributesOutput{Attributes: map[string]string{"ApproximateNumberOfMessages": n}}, a.call("SQS", "GetQueueAttributes")
}

// GetMetricData has one result in a page.
func (a *account) GetMetricData(_ context.Context, in *cloudwatch.GetMetricDataInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.GetMetricDataOutput, error) {
	out := &cloudwatch.GetMetricDataOutput{}
	for _, q := range in.MetricDataQueries {
		if in.NextToken != nil && *q.Id != *in.NextToken {
			continue
		}
		if len(out.MetricDataResults) > 0 {
			out.NextToken = q.Id
			break
		}
		in.NextToken = nil
		a.queries++
		r := cloudwatchtypes.MetricDataResult{Id: q.Id}
		for k, v := range a.values(q.MetricStat.Metric) {
			if v < 0 {
				continue
			}
			r.Timestamps = append(r.Timestamps, in.EndTime.Add(-time.Duration(len(a.values(q.MetricStat.Metric))-k)*time.Minute))
			r.Values = append(r.Values, v)
		}
		out.MetricDataResults = append(out.MetricDataResults, r)
	}
	return out, a.call("CloudWatch", "GetMetricData")
}

func (a *account) values(m *cloudwatchtypes.Metric) []float64 {
	about := make(map[string]string)
	for _, d := range m.Dimensions {
		about[*d.Name] = *d.Value
	}
	switch {
	case about["Target"] != "":
		return a.metrics[about["Target"]+"/"+*m.MetricName]
	case about["Source"] != "":
		return a.metrics[about["Source"]+"/"+*m.MetricName]
	case about["QueueName"] != "":
		return a.metrics[about["QueueName"]+"/"+*m.MetricName]
	case about["FunctionName"] == "teller":
		return a.metrics["teller/"+*m.MetricName]
	}
	return nil
}

// FilterLogEvents has two lines in a page, the oldest first.
func (a *account) FilterLogEvents(_ context.Context, in *cloudwatchlogs.FilterLogEventsInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.FilterLogEventsOutput, error) {
	out := &cloudwatchlogs.FilterLogEventsOutput{}
	skip := len(aws.ToString(in.NextToken))
	for i := range a.log {
		l := a.log[len(a.log)-1-i]
		at := time.Now().Add(-l.ago).UnixMilli()
		if at < *in.StartTime || at > *in.EndTime || in.FilterPattern != nil && strings.HasPrefix(*in.FilterPattern, "{") != strings.HasPrefix(l.text, "{") {
			continue
		}
		if skip > 0 {
			skip--
			continue
		}
		if len(out.Events) == 2 {
			out.NextToken = aws.String(aws.ToString(in.NextToken) + "..")
			break
		}
		out.Events = append(out.Events, logstypes.FilteredLogEvent{Message: &l.text, Timestamp: &at})
	}
	return out, a.call("CloudWatch Logs", "FilterLogEvents")
}

func (a *account) reader() *Reader {
	return &Reader{
		Catalog: fanout.Builtin(), Lambda: a, DynamoDB: a, CloudWatch: a, Logs: a,
		Topics:   func(string) sns.ListSubscriptionsByTopicAPIClient { return a },
		Queues:   func(*sinks.Destination) QueuesAPI { return a },
		Function: "teller", Region: "eu-west-1", Period: 15 * time.Minute, Late: 15 * time.Minute, Args: []string{"--region", "eu-west-1"},
	}
}

// healthy is an account with a function that delivers to two targets.
func healthy() *account {
	return &account{
		mappings: []types.EventSourceMappingConfiguration{{UUID: aws.String("0-0-0"), EventSourceArn: aws.String(orders), State: aws.String("Enabled"), LastProcessingResult: aws.String("OK")}},
		items: []map[string]string{
			{"sourceArn": orders, "id": "archive", "type": "firehose", "destination": "archive", "active": "true"},
			{"sourceArn": orders, "id": "billing", "type": "sqs", "destination": "arn:aws:sqs:eu-west-1:123456789012:billing", "active": "true", "onFailure": "failures"},
			{"sourceArn": orders, "id": "failures", "type": "sqs", "destination": "arn:aws:sqs:eu-west-1:123456789012:failures", "active": "false"},
		},
		metrics: map[string][]float64{
			"teller/Invocations": {4, 4, 4}, "teller/Errors": {0, 0, 0}, "teller/Throttles": {0, 0, 0},
			orders + "/Records": {10, 20, 30},
			"archive/Delivered": {10, 20, 30}, "archive/Diverted": {0, 0, 0}, "archive/Failed": {0, 0, 0}, "archive/IteratorAge": {400, 1200, 700},
			"billing/Delivered": {9, 18, 30}, "billing/Filtered": {1, 2, -1}, "billing/Diverted": {0, 0, 0}, "billing/Failed": {0, 0, 0}, "billing/IteratorAge": {400, 1200, 700},
		},
	}
}
