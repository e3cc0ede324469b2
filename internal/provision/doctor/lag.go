package doctor

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// lagPeriod is the period over which the age of records is checked.
const lagPeriod = 15 * time.Minute

// lag checks how old records are when the function gets them: IteratorAge, in
// milliseconds, over all streams (Lambda guide, Types of metrics for Lambda
// functions).
func (p *examination) lag(ctx context.Context) []Finding {
	if len(p.hooks) == 0 {
		return nil
	}
	is := p.is("iterator age")
	now := time.Now()
	out, err := p.CloudWatch.GetMetricStatistics(ctx, &cloudwatch.GetMetricStatisticsInput{
		Namespace: aws.String("AWS/Lambda"), MetricName: aws.String("IteratorAge"),
		Dimensions: []types.Dimension{{Name: aws.String("FunctionName"), Value: aws.String(p.function.Name())}},
		StartTime:  aws.Time(now.Add(-lagPeriod)), EndTime: &now, Period: aws.Int32(60),
		Statistics: []types.Statistic{types.StatisticMaximum},
	})
	if err != nil {
		return []Finding{is.unknown(err)}
	}
	if len(out.Datapoints) == 0 {
		return []Finding{is.ok("no records in the last %s", short(lagPeriod))}
	}
	var oldest time.Duration
	for _, d := range out.Datapoints {
		oldest = max(oldest, time.Duration(aws.ToFloat64(d.Maximum))*time.Millisecond)
	}
	oldest = oldest.Round(time.Second)
	if oldest > p.Lag {
		return []Finding{is.wrong("check the function's log for targets that fail or throttle; to read faster, add shards, or use hook --parallelization-factor",
			"records were up to %s old in the last %s; records older than the stream's retention period are lost", short(oldest), short(lagPeriod))}
	}
	return []Finding{is.ok("records were up to %s old in the last %s", short(oldest), short(lagPeriod))}
}
