package metrics

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptrace"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

var morning = time.Date(2026, 11, 22, 8, 30, 15, 250e6, time.UTC)

const orders = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders"

// busy is an invocation with two sources and three targets.
func busy() Invocation {
	return Invocation{
		Function: "fan", At: morning, Sources: []Source{
			{ARN: orders, Records: 10, Oldest: morning.Add(-1500 * time.Millisecond), Targets: []Target{
				{
					ID: "archive", Destination: "raw-orders", Delivered: 10,
					Requests: 1, Bytes: 2048, Took: 12345 * time.Microsecond,
				},
				{
					ID: "queue", Destination: "https://sqs.eu-west-1.amazonaws.com/123456789012/q", Delivered: 4, Filtered: 2, Dropped: 1,
					Diverted: 1, Failed: 2, Requests: 5, Retries: 3, Throttled: 2, Bytes: 700, Took: time.Second,
				},
			}},
			{ARN: "arn:aws:sns:eu-west-1:123456789012:news", Records: 1, Targets: []Target{
				{ID: "archive", Destination: "raw-orders", Delivered: 1, Requests: 1, Bytes: 9, Took: 7 * time.Millisecond},
			}},
			{ARN: "arn:aws:sns:eu-west-1:123456789012:none", Records: 3},
		},
	}
}

// small is an invocation with one target, which got n records.
func small(n int) Invocation {
	return Invocation{Function: "fan", At: time.Now(), Sources: []Source{
		{ARN: orders, Records: n, Targets: []Target{{ID: "a", Destination: "b", Delivered: n, Requests: 1}}},
	}}
}

// wide is an invocation with so many targets that it makes 4 + 10·targets metrics.
func wide(targets int, id func(int) string) Invocation {
	s := Source{ARN: orders, Records: 1}
	for i := range targets {
		s.Targets = append(s.Targets, Target{ID: id(i), Destination: id(i), Delivered: 1})
	}
	return Invocation{Function: "fan", At: time.Now(), Sources: []Source{s}}
}

// fake is a CloudWatch.
type fake struct {
	// answer, if set, decides about call n (from 0). Refused calls are not counted.
	answer func(ctx context.Context, n int) error

	mu    sync.Mutex
	calls [][]types.MetricDatum // all of them
	took  []types.MetricDatum
}

func (f *fake) PutMetricData(ctx context.Context, _ string, data []types.MetricDatum) error {
	f.mu.Lock()
	n := len(f.calls)
	f.calls = append(f.calls, slices.Clone(data))
	f.mu.Unlock()
	if f.answer != nil {
		if err := f.answer(ctx, n); err != nil {
			return err
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.took = append(f.took, data...)
	return nil
}

func (f *fake) sizes() (n []int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.calls {
		n = append(n, len(c))
	}
	return n
}

// sum is the sum of a metric over everything that was taken.
func (f *fake) sum(name string, dims int) (sum float64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.took {
		if d := &f.took[i]; *d.MetricName == name && len(d.Dimensions) == dims {
			_, s := totals(d)
			sum += s
		}
	}
	return sum
}

func totals(d *types.MetricDatum) (samples, sum float64) {
	switch {
	case d.Value != nil:
		return 1, *d.Value
	case d.StatisticValues != nil:
		return *d.StatisticValues.SampleCount, *d.StatisticValues.Sum
	}
	for i, v := range d.Values {
		samples, sum = samples+d.Counts[i], sum+v*d.Counts[i]
	}
	return samples, sum
}

// line writes a datum as text.
func line(d *types.MetricDatum) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %-11s", d.Timestamp.UTC().Format(time.RFC3339), *d.MetricName)
	switch {
	case d.Value != nil:
		fmt.Fprintf(&b, " %g", *d.Value)
	case d.StatisticValues != nil:
		s := d.StatisticValues
		fmt.Fprintf(&b, " n=%g sum=%g min=%g max=%g", *s.SampleCount, *s.Sum, *s.Minimum, *s.Maximum)
	default:
		fmt.Fprintf(&b, " %v×%v", d.Values, d.Counts)
	}
	fmt.Fprintf(&b, " %s", d.Unit)
	for _, dim := range d.Dimensions {
		fmt.Fprintf(&b, " %s=%s", *dim.Name, *dim.Value)
	}
	return b.String()
}

// silent answers like a service that reads a request and then says nothing.
func silent(ctx context.Context, _ int) error {
	httptrace.ContextClientTrace(ctx).WroteRequest(httptrace.WroteRequestInfo{})
	<-ctx.Done()
	return ctx.Err()
}

var errDown = errors.New("CloudWatch is down")

// must fails the test if there is an error.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
