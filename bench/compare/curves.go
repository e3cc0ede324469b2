package main

import (
	"context"
	"fmt"
	"time"

	"fanout/bench"
)

// targetCounts and recordCounts are the points of the curves.
var (
	targetCounts = []int{1, 2, 3, 5, 9, 14, 20}
	recordCounts = []int{100, 300, 1000, 3000, 10_000}
)

// targetTable measures the cost of more targets: n targets cost less than n times one.
func (c *comparison) targetTable(ctx context.Context) (string, error) {
	curves := []struct {
		title, workload string
	}{
		{"W1 → n × kinesis", "W1"}, {"W3 → n × firehose, deaggregated", "W3"}, {"W4 → n × sqs (JSON), convertDDB", "W4"},
	}
	head := []string{"targets"}
	rows := make([][]string, len(targetCounts))
	for i, n := range targetCounts {
		rows[i] = []string{fmt.Sprint(n)}
	}
	for _, curve := range curves {
		head = append(head, curve.title, "a target", "of n × one")
		w, err := bench.Find(curve.workload)
		if err != nil {
			return "", err
		}
		points := make([]bench.Workload, len(targetCounts))
		for i, n := range targetCounts {
			points[i] = w
			points[i].Targets = nil
			for range n {
				points[i].Targets = append(points[i].Targets, w.Targets[0])
			}
		}
		figures, err := c.oneFunction(ctx, points, c.rounds)
		if err != nil {
			return "", err
		}
		for i, n := range targetCounts {
			took := figures[i].Processor
			rows[i] = append(rows[i], ms(took), ms(took/time.Duration(n)), ratio(took, figures[0].Processor*time.Duration(n)))
		}
	}
	return fmt.Sprintf("Milliseconds of processor time an event, fanout with its defaults, %s:\n\n%s", c.method(), markdown(head, rows)), nil
}

// recordTable shows that work grows linearly with records.
func (c *comparison) recordTable(ctx context.Context) (string, error) {
	points := make([]bench.Workload, len(recordCounts))
	for i, n := range recordCounts {
		points[i] = bench.Workload{Name: fmt.Sprint(n), Records: n, Event: bench.Kinesis(n, 200, 1000), Targets: bench.Copies(1)}
	}
	figures, err := c.oneFunction(ctx, points, c.rounds)
	if err != nil {
		return "", err
	}
	var rows [][]string
	for i, n := range recordCounts {
		rows = append(rows, []string{
			fmt.Sprint(n), ms(figures[i].Processor), digits(float64(figures[i].Processor.Nanoseconds()) / 1e3 / float64(n)),
			fmt.Sprint(figures[i].Calls), mb(figures[i].Peak),
		})
	}
	return fmt.Sprintf("Records of 200 B → kinesis, milliseconds of processor time an event, fanout with its defaults, %s:\n\n%s", c.method(),
		markdown([]string{"records", "ms", "µs a record", "calls", "peak MB"}, rows)), nil
}
