// Command yardstick is a typical hand-written function, with aws-lambda-go's events,
// encoding/json and the SDK's clients unchanged. It sends every record to the targets in
// BENCH_TARGETS (kinesis, firehose, sqs) in batches, sends refused records again, and
// counts in CloudWatch. fanout is compared with it.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"golang.org/x/sync/errgroup"
)

// target sends all records of an event.
type target func(ctx context.Context, records []events.KinesisEventRecord) error

func main() {
	cfg, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	var targets []target
	for kind := range strings.SplitSeq(os.Getenv("BENCH_TARGETS"), ",") {
		t, err := newTarget(cfg, kind)
		if err != nil {
			log.Fatal(err)
		}
		targets = append(targets, t)
	}
	metrics := cloudwatch.NewFromConfig(cfg)
	lambda.Start(func(ctx context.Context, event events.KinesisEvent) error {
		g, groupCtx := errgroup.WithContext(ctx)
		for _, send := range targets {
			g.Go(func() error { return send(groupCtx, event.Records) })
		}
		if err := g.Wait(); err != nil {
			return err
		}
		return count(ctx, metrics, len(event.Records), len(targets))
	})
}

func newTarget(cfg aws.Config, kind string) (target, error) {
	switch kind {
	case "kinesis":
		return toKinesis(cfg), nil
	case "firehose":
		return toFirehose(cfg), nil
	case "sqs":
		return toSQS(cfg), nil
	}
	return nil, fmt.Errorf("there is no target type %q here", kind)
}

// attempts is the number of attempts before the records of a batch fail.
const attempts = 8

// inBatches calls send with at most n records at a time, and returns the records to send
// again.
func inBatches[T any](all []T, n int, send func([]T) ([]T, error)) error {
	for len(all) > 0 {
		batch := all[:min(n, len(all))]
		all = all[len(batch):]
		for try := 0; len(batch) > 0; try++ {
			if try == attempts {
				return fmt.Errorf("%d records failed %d times", len(batch), attempts)
			}
			var err error
			if batch, err = send(batch); err != nil {
				return err
			}
		}
	}
	return nil
}

// count sends the number of records and targets to CloudWatch.
func count(ctx context.Context, metrics *cloudwatch.Client, records, targets int) error {
	_, err := metrics.PutMetricData(ctx, &cloudwatch.PutMetricDataInput{
		Namespace: aws.String("Yardstick"),
		MetricData: []types.MetricDatum{
			{MetricName: aws.String("Records"), Value: aws.Float64(float64(records)), Unit: types.StandardUnitCount},
			{MetricName: aws.String("Delivered"), Value: aws.Float64(float64(records * targets)), Unit: types.StandardUnitCount},
		},
	})
	return err
}
