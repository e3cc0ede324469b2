package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"fanout/bench"
)

var (
	targetTypes = bench.Types()
	typeCounts  = []int{1, 8, 16, 40}
	typeRecords = 8000

	// The memory of a function is steady when this many events in a row have not raised
	// its peak by one percent.
	steadyEvents = 5
)

// smallMemory is the memory, in MB, of the smallest function.
const smallMemory = 128

// typeTable measures the memory of targets of each type in the smallest function.
func (c *comparison) typeTable(ctx context.Context) (string, error) {
	w := bench.Workload{Records: typeRecords, Event: bench.Kinesis(typeRecords, 100, typeRecords), Memory: smallMemory, Latency: bench.Latency}
	head := []string{"type"}
	for _, n := range typeCounts {
		head = append(head, fmt.Sprint(n))
	}
	var rows [][]string
	for _, kind := range targetTypes {
		row := []string{kind}
		for _, n := range typeCounts {
			w.Name, w.Targets = fmt.Sprintf("%d %s", n, kind), slices.Repeat([]bench.Target{{Type: kind}}, n)
			peak, err := c.steadyPeak(ctx, &w)
			if err != nil {
				return "", fmt.Errorf("%s: %w", w.Name, err)
			}
			fmt.Fprintf(c.log, "%s: %s MB\n", w.Name, mb(peak))
			row = append(row, mb(peak))
		}
		rows = append(rows, row)
	}
	return fmt.Sprintf("8,000 records of 100 B (%s MB) → targets of one type, %d ms a call (caches: none), %d MB, fanout with its defaults, by the number of targets; peak of resident memory, MB:\n\n%s",
		mb(int64(len(w.Event))), bench.Latency.Milliseconds(), smallMemory, markdown(head, rows)), nil
}

// steadyPeak returns the peak memory of a function with w, once it is steady.
func (c *comparison) steadyPeak(ctx context.Context, w *bench.Workload) (peak int64, err error) {
	f := c.fanout()
	r, err := c.Start(&f, w)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, r.Stop()) }()
	for steady := 0; steady < steadyEvents; steady++ {
		if _, err := r.Measure(ctx, 0); err != nil {
			return 0, err
		}
		now, err := r.Peak()
		if err != nil {
			return 0, err
		}
		if now > peak+peak/100 {
			peak, steady = now, 0
		}
	}
	return r.Peak()
}
