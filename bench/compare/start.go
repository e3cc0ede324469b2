package main

import (
	"context"
	"fmt"
	"slices"

	"fanout/bench"
	"fanout/bench/harness"
)

// starts is the number of starts of a function per round of other tables.
const starts = 3

// startTable compares the start times of functions.
func (c *comparison) startTable(ctx context.Context) (string, error) {
	functions, empty := c.compared()
	functions = slices.Insert(functions, empty, c.function("empty", "empty"))
	one := bench.Workload{Name: "start", Records: 1, Event: bench.Kinesis(1, 1024, 1), Targets: bench.Copies(1)}
	nothing := one
	nothing.Event = []byte(`{"Records":[]}`)
	n := starts * c.rounds.N
	answered, err := c.StartUp(ctx, &nothing, functions, n)
	if err != nil {
		return "", err
	}
	delivered, err := c.StartUp(ctx, &one, functions, n)
	if err != nil {
		return "", err
	}
	var rows [][]string
	for i, f := range functions {
		rows = append(rows, []string{f.Name, ms(answered[i]), ratio(answered[i], answered[empty]), ms(delivered[i]), ratio(delivered[i], delivered[empty])})
	}
	return fmt.Sprintf("Milliseconds from the start of the process to its first answer, medians of %d starts in turn:\n\n%s", n,
		markdown([]string{"function", "no records", "of empty", "one record, delivered", "of empty"}, rows)), nil
}

// oneFunction measures fanout with each workload in turn.
func (c *comparison) oneFunction(ctx context.Context, workloads []bench.Workload, rounds harness.Rounds) ([]harness.Figures, error) {
	f := c.fanout()
	cases := make([]harness.Case, len(workloads))
	for i := range workloads {
		cases[i] = harness.Case{Function: &f, Workload: &workloads[i]}
	}
	figures, err := c.Compare(ctx, cases, rounds)
	for i := range figures {
		if err == nil {
			err = figures[i].Err
		}
	}
	return figures, err
}
