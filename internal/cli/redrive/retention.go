package redrive

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"fanout/internal/cli/factory"
	"fanout/internal/provision/cloud"
	"fanout/lambda/target"
)

// day is the retention of a table's stream, and the least of a Kinesis stream (DynamoDB and
// Kinesis developer guides).
const day = 24 * time.Hour

// warnOfRetention warns if the stream no longer has the first records since the time on the
// command line. first is when the earliest record arrived that was read, or zero.
func (r *replay) warnOfRetention(ctx context.Context, first time.Time) {
	age := time.Since(r.from)
	if age <= day {
		return
	}
	if text := gone(r.from, first, age, r.retention(ctx)); text != "" {
		fmt.Fprintf(r.stderr, "fanout: warning: %s\n", text)
	}
}

// gone says which records the stream no longer has, or nothing.
func gone(since, first time.Time, age, retention time.Duration) string {
	if age <= retention || !first.IsZero() && first.Sub(since) <= time.Minute {
		return ""
	}
	text := fmt.Sprintf("the stream keeps records for %d hours, so those that arrived from %s on may be gone", retention/time.Hour, clock(since))
	if first.IsZero() {
		return text
	}
	return fmt.Sprintf("%s; the earliest one here arrived at %s", text, clock(first))
}

// retention is how long the stream keeps records. If that cannot be looked up, it is a day.
func (r *replay) retention(ctx context.Context) time.Duration {
	if service, _ := target.CheckSource(r.source); service != "kinesis" {
		return day
	}
	client := cloud.Of(r.cfg).In(factory.RegionOf(r.source)).Kinesis()
	out, err := client.DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamARN: &r.source})
	if err != nil || out.StreamDescriptionSummary == nil {
		return day
	}
	return time.Duration(aws.ToInt32(out.StreamDescriptionSummary.RetentionPeriodHours)) * time.Hour
}
