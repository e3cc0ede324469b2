package main

import (
	"context"
	"fmt"

	"fanout/bench"
	"fanout/bench/harness"
)

// memories are sizes of functions, MB.
var memories = []int{128, 512, bench.DefaultMemory}

// collectorTable compares settings of the garbage collector at several sizes of the
// function: fanout's own setting, and others with a memory limit of half the memory.
func (c *comparison) collectorTable(ctx context.Context) (string, error) {
	var rows [][]string
	for _, name := range []string{"W1", "W2", "128MB", "tiny"} {
		w, err := bench.Find(name)
		if err != nil {
			return "", err
		}
		for _, memory := range memories {
			w.Memory = memory
			limit := fmt.Sprintf("GOMEMLIMIT=%dMiB", memory/2)
			functions := []harness.Function{c.fanout(), c.fanout(), c.fanout(), c.fanout(), c.fanout()}
			for i, env := range [][]string{{}, {"GOGC=100", "GOMEMLIMIT=off"}, {"GOGC=100", limit}, {"GOGC=200", limit}, {"GOGC=400", limit}} {
				functions[i].Env = append(env, c.env...)
			}
			cases := make([]harness.Case, len(functions))
			for i := range functions {
				cases[i] = harness.Case{Function: &functions[i], Workload: &w}
			}
			figures, err := c.Compare(ctx, cases, c.rounds)
			if err != nil {
				return "", err
			}
			row := []string{fmt.Sprintf("%s, %d MB", w.Name, memory)}
			for _, f := range figures {
				if f.Err != nil {
					return "", f.Err
				}
				row = append(row, ms(f.Processor), mb(f.Peak))
			}
			rows = append(rows, row)
		}
	}
	return fmt.Sprintf("Milliseconds of processor time an event, and peak of resident memory, MB; fanout with its defaults, and with other settings of the collector, the limit being half of the memory; %s:\n\n%s", c.method(),
		markdown([]string{
			"workload, memory", "fanout", "MB", "Go's settings", "MB", "GOGC=100, limit", "MB", "GOGC=200, limit", "MB", "GOGC=400, limit", "MB",
		}, rows)), nil
}
