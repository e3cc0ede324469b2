package doctor

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"fanout/internal/awsname"
	"fanout/internal/provision/cloud"
)

// lagPeriod is the period over which the age of records is checked.
const lagPeriod = 15 * time.Minute

// age is a metric of the age of records.
type age struct {
	namespace, name, dimension, value string

	unit   time.Duration
	faster string // how to read faster
	lost   string // when records are lost
}

// lag checks how old records are when the function gets them. The streams of a function have one
// age, and each queue has its own.
func (p *examination) lag(ctx context.Context) (found []Finding) {
	streams := false
	for i := range p.hooks {
		source := aws.ToString(p.hooks[i].EventSourceArn)
		if !cloud.IsQueue(source) {
			streams = streams || !awsname.IsKafka(source) // Lambda has no age for Kafka
			continue
		}
		if cloud.Elsewhere(source, p.function.ARN) {
			found = append(found, about{"queue age", cloud.Name(source)}.notChecked("CloudWatch has the metrics of %s in its own account and region", source))
			continue
		}
		found = append(found, p.old(ctx, about{"queue age", cloud.Name(source)}, &age{
			"AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", cloud.Name(source), time.Second,
			"raise hook --maximum-concurrency or --batch-size", "messages older than the queue's retention period are lost",
		}))
	}
	if streams {
		found = append(found, p.old(ctx, p.is("iterator age"), &age{
			"AWS/Lambda", "IteratorAge", "FunctionName", p.function.Name(), time.Millisecond,
			"add shards, or use hook --parallelization-factor", "records older than the stream's retention period are lost",
		}))
	}
	return found
}

// old checks an age (Lambda guide, Types of metrics for Lambda functions; SQS guide, Available
// CloudWatch metrics).
func (p *examination) old(ctx context.Context, is about, a *age) Finding {
	now := time.Now()
	out, err := p.CloudWatch.GetMetricStatistics(ctx, &cloudwatch.GetMetricStatisticsInput{
		Namespace: &a.namespace, MetricName: &a.name,
		Dimensions: []types.Dimension{{Name: &a.dimension, Value: &a.value}},
		StartTime:  aws.Time(now.Add(-lagPeriod)), EndTime: &now, Period: aws.Int32(60),
		Statistics: []types.Statistic{types.StatisticMaximum},
	})
	if err != nil {
		return is.unknown(err)
	}
	if len(out.Datapoints) == 0 {
		return is.ok("no records in the last %s", short(lagPeriod))
	}
	var oldest time.Duration
	for _, d := range out.Datapoints {
		oldest = max(oldest, time.Duration(aws.ToFloat64(d.Maximum)*float64(a.unit)))
	}
	oldest = oldest.Round(time.Second)
	if oldest > p.Lag {
		return is.wrong("check the function's log for targets that fail or throttle; to read faster, "+a.faster,
			"records were up to %s old in the last %s; %s", short(oldest), short(lagPeriod), a.lost)
	}
	return is.ok("records were up to %s old in the last %s", short(oldest), short(lagPeriod))
}
