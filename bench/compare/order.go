package main

import (
	"context"
	"fmt"
	"time"

	"fanout/bench"
	"fanout/bench/harness"
)

var (
	keyCounts = []int{1, 10, 100, 10_000}
	faults    = []float64{0, 0.01, 0.1}
)

// orderedRecords is the number of records in an ordered event. With one key, each record
// takes a call.
const orderedRecords = 10_000

// enough is the time to measure one row: an event with one key takes a call per record,
// and then a wait for every fault.
const enough = 10 * time.Second

// orderTable measures the cost of order.
func (c *comparison) orderTable(ctx context.Context) (string, error) {
	var rows [][]string
	for _, share := range faults {
		var points []bench.Workload
		for _, keys := range keyCounts {
			for _, ordered := range []bool{false, true} {
				points = append(points, bench.Workload{
					Name: fmt.Sprintf("keys: %d, faults: %v %%", keys, share*100), Records: orderedRecords, Faults: share,
					Event:   bench.Kinesis(orderedRecords, 200, keys),
					Targets: []bench.Target{{Type: "kinesis", With: bench.Attributes{"parallel": !ordered}}},
				})
			}
		}
		figures, err := c.oneFunction(ctx, points, harness.Rounds{N: c.rounds.N, Time: c.rounds.Time, Most: enough})
		if err != nil {
			return "", err
		}
		for i := 0; i < len(points); i += 2 {
			free, ordered := &figures[i], &figures[i+1]
			rows = append(rows, []string{
				points[i].Name, ms(free.Processor), ms(ordered.Processor), ratio(ordered.Processor, free.Processor),
				digits(free.Calls), digits(ordered.Calls), ms(free.Wall), ms(ordered.Wall),
			})
		}
	}
	return fmt.Sprintf("10,000 records of 200 B → kinesis, calls that take no time of their own, fanout with its defaults, %s, of one round where that takes more than %v:\n\n%s",
		c.method(), enough, markdown([]string{
			"records", "processor ms, any order", "in order", "ratio", "calls, any order", "in order", "wall ms, any order", "in order",
		}, rows)), nil
}
