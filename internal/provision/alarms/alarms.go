// Package alarms says which CloudWatch alarms and which dashboard watch a function. It makes
// no calls.
package alarms

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"fanout/lambda/metrics"
)

// Function is a function to watch.
type Function struct {
	ARN       arn.ARN
	Name      string
	Namespace string       // of its metrics; "": metrics.DefaultNamespace
	Metrics   metrics.Mode // none: nothing counts its records
	Queue     string       // ARN of its queue for failures; "": none
	Sources   []string     // ARNs of what it reads; queues matter
}

// Alarm is on while a value is above a threshold in each of so many periods. A period without
// a value counts as one that is not above it: a function that is not called sends nothing.
type Alarm struct {
	Key         string // failed, errors and so on
	Name        string // with the function's name before it
	Description string

	// The value is a statistic of a metric with one dimension or, if Query is set, the result
	// of a query, which follows targets as they come and go.
	Namespace, Metric, Statistic string
	Dimension, Value             string // its name and value
	Query                        string

	Threshold int
	Periods   int
}

// What all alarms have in common.
const (
	Period     = 300 // seconds
	Comparison = "GreaterThanThreshold"
	Missing    = "notBreaching" // how a period without a value counts
	QueryID    = "records"      // of a query
)

// An alarm about what Lambda tries again waits until retries have had their time. What nobody
// tries again is an alarm at once.
const (
	atOnce  = 1
	lasting = 3
)

// late is the age, in seconds, from which records are late: ten minutes. Streams keep records
// for at least 24 hours, so that leaves more than 23 to mend the cause.
const late = 10 * 60

// Keys are the keys of all alarms that a function may have, without those of its queues.
var Keys = []string{"late", "failed", "diverted", "errors", "throttles", "lost", "queue"}

// Name returns the name of a function's alarm.
func Name(function, key string) string { return function + "-" + key }

// QueuePrefix begins the names of the alarms on the queues that a function reads. A queue's name
// follows.
func QueuePrefix(function string) string { return Name(function, "late-") }

// Of returns the alarms of a function: those with Keys in their order, and then one for each
// queue that it reads. Those that count records need the function's metrics. Those of queues
// need queues of its account and region, because CloudWatch sees no others.
func Of(f *Function) []Alarm {
	all := []Alarm{f.lambda("late", "IteratorAge", "Maximum", late*1000, lasting,
		"the function reads records more than 10 minutes after they came; docs/operations.md, Records arrive late")}
	if f.Counts() {
		all = append(all,
			f.targets("failed", "Failed", lasting, "a target has failed for 15 minutes and may hold up a shard; see the log line with its remedy"),
			f.targets("diverted", "Diverted", atOnce, "a target did not take a record, which is now in the target of onFailure; mend the cause and run fanout redrive"))
	}
	all = append(all,
		f.lambda("errors", "Errors", "Sum", 0, lasting, "the function itself has failed for 15 minutes: a crash, a timeout, or a table that it cannot read"),
		f.lambda("throttles", "Throttles", "Sum", 0, lasting, "Lambda has not let the function run for 15 minutes; raise its reserved concurrency or that of the account"),
		f.lambda("lost", "AsyncEventsDropped", "Sum", 0, atOnce, "Lambda gave up on a notification of a topic; without hook --on-failure it is lost"))
	if queue := f.queue(); queue != "" {
		all = append(all, Alarm{
			Key: "queue", Name: Name(f.Name, "queue"), Description: f.describe("records wait in the queue for failures; mend the cause and run fanout redrive"),
			Namespace: "AWS/SQS", Metric: "ApproximateNumberOfMessagesVisible", Statistic: "Maximum", Dimension: "QueueName", Value: queue, Periods: atOnce,
		})
	}
	for _, queue := range f.reads() {
		all = append(all, Alarm{
			Key: "late-" + queue, Name: QueuePrefix(f.Name) + queue,
			Description: f.describe("messages wait for more than 10 minutes in the queue " + queue + ", which it reads; docs/operations.md, Records arrive late"),
			Namespace:   "AWS/SQS", Metric: "ApproximateAgeOfOldestMessage", Statistic: "Maximum", Dimension: "QueueName", Value: queue, Threshold: late, Periods: lasting,
		})
	}
	return all
}

// Counts reports whether the function counts its records.
func (f *Function) Counts() bool { return f.Metrics != "" && f.Metrics != metrics.ModeNone }

// queue returns the name of the function's queue, if its alarm can be next to the function.
func (f *Function) queue() string { return f.near(f.Queue) }

// near returns the name of a queue of the function's account and region, "" for others.
func (f *Function) near(queue string) string {
	q, err := arn.Parse(queue)
	if err != nil || q.Service != "sqs" || q.Region != f.ARN.Region || q.AccountID != f.ARN.AccountID {
		return ""
	}
	return q.Resource
}

// reads returns the names of the queues that the function reads and CloudWatch sees, each once.
func (f *Function) reads() []string {
	var names []string
	for _, source := range f.Sources {
		if queue := f.near(source); queue != "" {
			names = append(names, queue)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (f *Function) describe(text string) string {
	return fmt.Sprintf("fanout function %s: %s", f.Name, text)
}

// lambda returns an alarm on a metric that Lambda sends for the function.
func (f *Function) lambda(key, metric, statistic string, threshold, periods int, text string) Alarm {
	return Alarm{
		Key: key, Name: Name(f.Name, key), Description: f.describe(text),
		Namespace: "AWS/Lambda", Metric: metric, Statistic: statistic, Dimension: "FunctionName", Value: f.Name, Threshold: threshold, Periods: periods,
	}
}

// targets returns an alarm on the sum of a metric of all targets. All names are quoted,
// because some are words of the language (CloudWatch user guide, Metrics Insights, Reserved
// keywords).
func (f *Function) targets(key, metric string, periods int, text string) Alarm {
	return Alarm{
		Key: key, Name: Name(f.Name, key), Description: f.describe(text), Periods: periods,
		Query: fmt.Sprintf(`SELECT SUM("%s") FROM SCHEMA("%s", "Source", "Target", "Function") WHERE "Function" = '%s'`, metric, f.namespace(), f.Name),
	}
}

func (f *Function) namespace() string {
	if f.Namespace != "" {
		return f.Namespace
	}
	return metrics.DefaultNamespace
}

// CheckTopic checks the ARN of the topic that alarms write to. It must be in the alarms'
// region, if that is known, and not FIFO (CloudWatch user guide, Notify users of alarm
// changes).
func CheckTopic(topic, region string) error {
	a, err := arn.Parse(topic)
	switch {
	case err != nil || a.Service != "sns" || a.Region == "" || a.AccountID == "" || strings.Contains(a.Resource, ":"):
		return fmt.Errorf("the topic for alarms is %.300q; it must be the ARN of an SNS topic, such as arn:aws:sns:eu-west-1:123456789012:alerts", topic)
	case strings.HasSuffix(a.Resource, ".fifo"):
		return fmt.Errorf("the topic for alarms %s is a FIFO topic, to which CloudWatch cannot write; name a standard topic", topic)
	case region != "" && a.Region != region:
		return fmt.Errorf("the topic for alarms %s is not in %s, the region of the function, where its alarms are; name a topic there", topic, region)
	}
	return nil
}
