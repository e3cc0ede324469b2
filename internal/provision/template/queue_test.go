package template

import (
	"strings"
	"testing"

	"fanout/internal/provision/policy"
)

// A queue's mapping has none of the settings of streams.
func TestQueue(t *testing.T) {
	const queue = "arn:aws:sqs:eu-west-1:123456789012:orders.fifo"
	s := Setup{
		Function: policy.Function{ARN: "arn:aws:lambda:eu-west-1:123456789012:function:fanout"}, Memory: 256, Timeout: 60, Architecture: "arm64", Dashboard: true,
		Alarms:   "arn:aws:sns:eu-west-1:123456789012:oncall",
		Mappings: []Mapping{{Source: queue, BatchSize: 10, MaximumConcurrency: 7}},
	}
	for format, want := range map[Format][]string{
		SAM:            {"AlarmLateOrdersFifo:\n", "Threshold: 600\n", "Type: SQS", "Queue: " + queue, "MaximumConcurrency: 7", "BatchSize: 10"},
		CloudFormation: {"AlarmLateOrdersFifo:\n", "AlarmName: fanout-late-orders.fifo\n", "  QueueOrdersFifo:\n", "EventSourceArn: " + queue, "MaximumConcurrency: 7", "BatchSize: 10"},
		Terraform:      {`"aws_cloudwatch_metric_alarm" "late_orders_fifo"`, `= { QueueName = "orders.fifo" }`, `event_source_arn`, "maximum_concurrency = 7", "scaling_config {"},
	} {
		data, err := Render(format, s)
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range append(want, "sqs:ReceiveMessage", "ApproximateAgeOfOldestMessage", "ReportBatchItemFailures") {
			if !strings.Contains(string(data), w) {
				t.Errorf("%s lacks %s:\n%s", format, w, data)
			}
		}
		for _, w := range []string{"StartingPosition", "starting_position", "Bisect", "bisect", "MaximumRetryAttempts", "maximum_retry_attempts", "DestinationConfig"} {
			if strings.Contains(string(data), w) {
				t.Errorf("%s has %s:\n%s", format, w, data)
			}
		}
	}
}
