//go:build integration

package integration

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// TestMetrics asserts that CloudWatch returns the metrics of bin/bootstrap by name and
// dimensions.
func TestMetrics(t *testing.T) {
	s := connect(t)
	stream := arnOf("kinesis", "stream/measured")
	s.createQueue(t, "measured")
	puts, want := orders(t, 1, 4)
	file := targetsFile(t, stream, target{"type": "sqs", "destination": arnOf("sqs", "measured"), "collapse": "none", "id": "queue"})

	deliver := startFunction(t, file, "AWS_LAMBDA_FUNCTION_NAME=measured", "FANOUT_METRICS=cloudwatch", "FANOUT_METRICS_NAMESPACE=Test/FanOut")
	event := must(os.ReadFile(kinesisEvent(t, stream, puts...)))(t)
	const events = 3 // the metrics of the first are sent during the others
	for range events {
		if answer := deliver(event, patience); strings.HasPrefix(answer, "error: ") {
			t.Fatal(answer)
		}
	}
	if got := len(s.messages(t, "measured")); got != events*len(want.data) {
		t.Errorf("%d messages, want %d", got, events*len(want.data))
	}

	client := cloudwatch.NewFromConfig(s.cfg)
	namespace := aws.String("Test/FanOut")
	names := []string{"Sources", "Records", "Targets", "Delivered", "Failed", "Dropped", "Retries", "Requests", "Bytes", "Duration"}
	known := make(map[string][]types.Dimension)
	eventually(t, func() error { // fanout does not wait for metrics
		listed, err := client.ListMetrics(t.Context(), &cloudwatch.ListMetricsInput{Namespace: namespace})
		if err != nil {
			return err
		}
		for _, m := range listed.Metrics {
			known[*m.MetricName] = m.Dimensions
		}
		for _, name := range names {
			if known[name] == nil {
				return fmt.Errorf("CloudWatch has no metric %s", name)
			}
		}
		return nil
	})
	for _, name := range names {
		got := must(client.GetMetricStatistics(t.Context(), &cloudwatch.GetMetricStatisticsInput{
			Namespace: namespace, MetricName: &name, Dimensions: known[name], Period: aws.Int32(3600),
			StartTime: aws.Time(time.Now().Add(-time.Hour)), EndTime: aws.Time(time.Now().Add(time.Hour)),
			Statistics: []types.Statistic{types.StatisticSum},
		}))(t)
		sum := 0.0
		for _, p := range got.Datapoints {
			sum += *p.Sum
		}
		if n := float64(len(puts)); name == "Delivered" && (sum < n || int(sum)%len(puts) != 0) {
			t.Errorf("%s: %v, want %v an event", name, sum, n)
		}
		if name == "Failed" && sum != 0 {
			t.Errorf("%s: %v", name, sum)
		}
	}
}
