package main

import (
	"context"
	"fmt"

	"fanout/bench"
	"fanout/bench/harness"
)

var (
	keyCounts = []int{1, 10, 100, 10_000}
	faults    = []float64{0, 0.01, 0.1}
)

// orderedRecords is how many records an event has whose order is kept: with one key
// each takes a call.
const orderedRecords = 10_000

// orderTable shows what order costs. An event with one key takes a call a record,
// and every fault then a wait, so that one measurement of each has to do.
func (c *comparison) orderTable(ctx context.Context) (string, error) {
	var points []bench.Workload
	for _, share := range faults {
		for _, keys := range keyCounts {
			for _, ordered := range []bool{false, true} {
				points = append(points, bench.Workload{
					Name: fmt.Sprintf("%d keys, %v %% faults", keys, share*100), Records: orderedRecords, Faults: share,
					Event:   bench.Kinesis(orderedRecords, 200, keys),
					Targets: []bench.Target{{Type: "kinesis", With: bench.Attributes{"parallel": !ordered}}},
				})
			}
		}
	}
	figures, err := c.oneFunction(ctx, points, harness.Rounds{N: 1, Time: c.rounds.Time})
	if err != nil {
		return "", err
	}
	var rows [][]string
	for i := 0; i < len(points); i += 2 {
		any, ordered := &figures[i], &figures[i+1]
		rows = append(rows, []string{
			points[i].Name, ms(any.Processor), ms(ordered.Processor), ratio(ordered.Processor, any.Processor),
			digits(any.Calls), digits(ordered.Calls), ms(any.Wall), ms(ordered.Wall),
		})
	}
	return fmt.Sprintf("10,000 records of 200 B → kinesis; a call takes no time of its own:\n\n%s",
		markdown([]string{"records", "processor ms, any order", "in order", "ratio", "calls, any order", "in order", "wall ms, any order", "in order"}, rows)), nil
}
