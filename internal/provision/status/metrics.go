package status

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"fanout/internal/pages"
	"fanout/internal/provision/cloud"
	"fanout/lambda/metrics"
)

// maxQueries bounds the metrics of a call (CloudWatch API, GetMetricData).
const maxQueries = 500

// step is the length of the pieces of a period: at most 180 of them.
func step(period time.Duration) time.Duration {
	switch {
	case period <= 3*time.Hour:
		return time.Minute
	case period <= 15*time.Hour:
		return 5 * time.Minute
	}
	return time.Hour
}

// query is a metric to read. into gets its values, -1 where there is none.
type query struct {
	namespace, name, statistic string
	dimensions                 []types.Dimension
	into                       func(values []float64)
}

// readMetrics reads the metrics of Lambda and of the function itself.
func (d *reading) readMetrics(ctx context.Context) {
	queries := d.functionQueries()
	if d.options.Metrics == metrics.ModeNone {
		d.Unknown = append(d.Unknown, Unknown{"counts of records", "the function has the variable FANOUT_METRICS=none"})
	} else {
		for i := range d.Sources {
			queries = append(queries, d.sourceQueries(&d.Sources[i])...)
		}
	}
	d.noteQueues()
	results := make([][]float64, len(queries))
	for first := 0; first < len(queries); first += maxQueries {
		end := min(first+maxQueries, len(queries))
		if err := d.getMetrics(ctx, queries[first:end], results[first:end]); err != nil {
			d.metricsErr = err
			d.unknown("age and counts of records", err)
			d.Calls = nil
			return
		}
	}
	for i := range queries {
		queries[i].into(results[i])
	}
}

// noteQueues notes the queues that CloudWatch has no metrics of here.
func (d *reading) noteQueues() {
	for i := range d.Sources {
		if s := &d.Sources[i]; cloud.IsQueue(s.ARN) && cloud.Elsewhere(s.ARN, d.function.ARN) {
			d.Unknown = append(d.Unknown, Unknown{
				"age and number of messages in " + s.Name,
				"CloudWatch has its metrics in the account and region of the queue, " + s.ARN + "; it may be late without status saying so",
			})
		}
	}
}

// functionQueries are the metrics that Lambda sends.
func (d *reading) functionQueries() []query {
	d.Calls = new(Calls)
	of := func(name, statistic string, into func([]float64)) query {
		return query{"AWS/Lambda", name, statistic, dimensions("FunctionName", d.Function()), into}
	}
	all := []query{
		of("Invocations", "Sum", func(v []float64) { d.Calls.Invocations = sum(v) }),
		of("Errors", "Sum", func(v []float64) { d.Calls.Errors, d.Calls.errors = sum(v), v }),
		of("Throttles", "Sum", func(v []float64) { d.Calls.Throttles = sum(v) }),
	}
	if d.options.Metrics == metrics.ModeNone || !d.targetsKnown() {
		s := &d.waits // with several sources, nobody knows whose records this age is about
		if len(d.Sources) == 1 {
			s = &d.Sources[0]
		}
		all = append(all, of("IteratorAge", "Maximum", s.aged(d.end(), d.Step)))
	}
	return all
}

// sourceQueries are the metrics that the function sends about a source.
func (d *reading) sourceQueries(s *Source) []query {
	namespace := d.options.MetricsNamespace
	source, function := metrics.DimensionValue(s.ARN), metrics.DimensionValue(d.Function())
	all := []query{{namespace, "Records", "Sum", dimensions("Source", source, "Function", function), func(v []float64) { s.Records = aws.Int(sum(v)) }}}
	for i := range s.Targets {
		t := &s.Targets[i]
		if t.Condition == Inactive {
			continue
		}
		of := func(name, statistic string, into func([]float64)) {
			all = append(all, query{namespace, name, statistic, dimensions("Source", source, "Target", metrics.DimensionValue(t.ID), "Function", function), into})
		}
		// Nothing is known until all metrics are.
		c := new(Counts)
		of("Delivered", "Sum", func(v []float64) { t.Counts, c.Delivered, t.Trend.Delivered = c, sum(v), v })
		of("Diverted", "Sum", func(v []float64) { c.Diverted, t.Trend.Diverted = sum(v), v })
		of("Failed", "Sum", func(v []float64) { c.Failed, t.Trend.Failed = sum(v), v })
		of("Already", "Sum", func(v []float64) { c.Already = sum(v) })
		of("Filtered", "Sum", func(v []float64) { c.Filtered = sum(v) })
		of("Dropped", "Sum", func(v []float64) { c.Dropped = sum(v) })
		of("Throttled", "Sum", func(v []float64) { c.Throttled = sum(v) })
		if queueName(s.ARN) == "" {
			of("IteratorAge", "Maximum", s.aged(d.end(), d.Step))
		}
	}
	if queue := queueName(s.ARN); queue != "" && !cloud.Elsewhere(s.ARN, d.function.ARN) {
		is := dimensions("QueueName", queue)
		all = append(all,
			query{"AWS/SQS", "ApproximateAgeOfOldestMessage", "Maximum", is, s.agedSeconds(d.end(), d.Step)},
			query{"AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum", is, func(v []float64) { s.Waiting = latest(v) }})
	}
	return all
}

// queueName returns the name of a source that is a queue, "" for others.
func queueName(source string) string {
	if !cloud.IsQueue(source) {
		return ""
	}
	return cloud.Name(source)
}

// latest returns the last value of a metric, nil if there is none.
func latest(values []float64) *int {
	for _, v := range slices.Backward(values) {
		if v >= 0 {
			return aws.Int(int(v))
		}
	}
	return nil
}

// agedSeconds is aged for ages in seconds.
func (s *Source) agedSeconds(end time.Time, step time.Duration) func([]float64) {
	take := s.aged(end, step)
	return func(v []float64) {
		ms := slices.Clone(v)
		for i := range ms {
			if ms[i] > 0 {
				ms[i] *= 1000
			}
		}
		take(ms)
	}
}

// end is the end of the last step. The last step is not over.
func (d *reading) end() time.Time { return d.At.Truncate(d.Step).Add(d.Step) }

// aged returns a function that takes ages of records, in milliseconds, over from one of the
// source's targets.
func (s *Source) aged(end time.Time, step time.Duration) func([]float64) {
	return func(v []float64) {
		if s.Ages == nil {
			s.Ages = filled(len(v))
		}
		for i := range v {
			s.Ages[i] = max(s.Ages[i], v[i]/1000)
			if v[i] < 0 {
				continue
			}
			age := Age{Last: s.Ages[i], Most: s.Ages[i], At: end.Add(time.Duration(i+1-len(v)) * step)}
			if s.Age != nil {
				age.Most = max(age.Most, s.Age.Most)
			}
			if s.Age == nil || !age.At.Before(s.Age.At) {
				s.Age = &age
			} else {
				s.Age.Most = age.Most
			}
		}
	}
}

// getMetrics makes the calls for at most maxQueries metrics.
func (d *reading) getMetrics(ctx context.Context, queries []query, results [][]float64) error {
	n := int(d.Reader.Period / d.Step)
	in := &cloudwatch.GetMetricDataInput{StartTime: aws.Time(d.end().Add(-time.Duration(n) * d.Step)), EndTime: aws.Time(d.end()), ScanBy: types.ScanByTimestampAscending}
	index := make(map[string]int, len(queries))
	for i := range queries {
		q := &queries[i]
		id := fmt.Sprintf("m%d", i)
		index[id], results[i] = i, filled(n)
		in.MetricDataQueries = append(in.MetricDataQueries, types.MetricDataQuery{Id: &id, MetricStat: &types.MetricStat{
			Metric: &types.Metric{Namespace: &q.namespace, MetricName: &q.name, Dimensions: q.dimensions},
			Period: aws.Int32(int32(d.Step / time.Second)), Stat: &q.statistic, //nolint:gosec // an hour at most
		}})
	}
	for page, err := range pages.Of(ctx, cloudwatch.NewGetMetricDataPaginator(d.CloudWatch, in)) {
		if err != nil {
			return err
		}
		for _, r := range page.MetricDataResults {
			i, ok := index[aws.ToString(r.Id)]
			if !ok {
				continue
			}
			for k := range min(len(r.Timestamps), len(r.Values)) {
				if at := int(r.Timestamps[k].Sub(*in.StartTime) / d.Step); at >= 0 && at < n {
					results[i][at] = max(results[i][at], 0) + r.Values[k]
				}
			}
		}
	}
	return nil
}

// dimensions returns dimensions from names and values.
func dimensions(pairs ...string) []types.Dimension {
	var all []types.Dimension
	for pair := range slices.Chunk(pairs, 2) {
		all = append(all, types.Dimension{Name: &pair[0], Value: &pair[1]})
	}
	return all
}

// filled returns n values that stand for nothing.
func filled(n int) []float64 {
	v := make([]float64, n)
	for i := range v {
		v[i] = -1
	}
	return v
}

func sum(values []float64) int {
	total := 0.0
	for _, v := range values {
		total += max(v, 0)
	}
	return int(total + 0.5)
}
