package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"fanout/bench"
	"fanout/bench/harness"
)

// fanout is the function itself with its defaults.
func (o *options) fanout() harness.Function {
	f := o.function("fanout", "bootstrap")
	f.Env = o.env
	return f
}

// withTable returns the function with the ledger table, which is off by default.
func (o *options) withTable() harness.Function {
	f := o.function("fanout, ledger table", "bootstrap")
	f.Env = append([]string{"FANOUT_LEDGER_TABLE=" + bench.LedgerTable}, o.env...)
	return f
}

// compared returns the functions of the table; fanout is the first ours of them.
func (o *options) compared() (functions []harness.Function, ours int) {
	if o.alone {
		return append([]harness.Function{o.fanout()}, o.others...), 1
	}
	plain, floor := o.function("plain Go", "yardstick"), o.function("floor", "floor")
	plain.Workloads = []string{"W1", "W2k", "W2", "W5", "W6"}
	floor.Workloads = append([]string{"W3", "W4"}, plain.Workloads...)
	return append([]harness.Function{o.fanout(), o.withTable(), plain, floor}, o.others...), 2
}

// functionTables compares functions by processor time, wall time and memory.
func (c *comparison) functionTables(ctx context.Context) (string, error) {
	functions, ours := c.compared()
	head := []string{"workload"}
	for i, f := range functions {
		head = append(head, f.Name)
		if i >= ours {
			head = append(head, "fanout : "+f.Name)
		}
	}
	var processor, wall, peak [][]string
	for i := range c.workloads {
		w := &c.workloads[i]
		figures, err := c.compare(ctx, w, functions)
		if err != nil {
			return "", err
		}
		title := w.Name + ": " + w.Title
		processor = append(processor, row(title, figures, ours, func(f harness.Figures) time.Duration { return f.Processor }))
		wall = append(wall, row(title, figures, ours, func(f harness.Figures) time.Duration { return f.Wall }))
		memory := []string{title}
		for i, f := range figures {
			memory = append(memory, orNone(f.Peak > 0, mb(f.Peak)))
			if i >= ours {
				memory = append(memory, ratio(time.Duration(figures[0].Peak), time.Duration(f.Peak)))
			}
		}
		peak = append(peak, memory)
	}
	return fmt.Sprintf("Milliseconds of processor time (user and system) an event, %s:\n\n%s\nMilliseconds from the event to the answer:\n\n%s\nPeak of resident memory, MB:\n\n%s",
		c.method(), markdown(head, processor), markdown(head, wall), markdown(head, peak)), nil
}

// row has a figure of each function, and fanout's ratio to each other function.
func row(title string, figures []harness.Figures, ours int, of func(harness.Figures) time.Duration) []string {
	cells := []string{title}
	for i, f := range figures {
		cells = append(cells, ms(of(f)))
		if i >= ours {
			cells = append(cells, ratio(of(figures[0]), of(f)))
		}
	}
	return cells
}

func orNone(ok bool, s string) string {
	if ok {
		return s
	}
	return none
}

// compare measures functions with w. A function has no figures if it was not made for w
// or if it failed.
func (c *comparison) compare(ctx context.Context, w *bench.Workload, functions []harness.Function) ([]harness.Figures, error) {
	var cases []harness.Case
	var places []int
	for i := range functions {
		if f := &functions[i]; len(f.Workloads) == 0 || slices.Contains(f.Workloads, w.Name) {
			cases, places = append(cases, harness.Case{Function: f, Workload: w}), append(places, i)
		}
	}
	measured, err := c.Compare(ctx, cases, c.rounds)
	if err != nil {
		return nil, err
	}
	figures := make([]harness.Figures, len(functions))
	for i, f := range measured {
		if f.Err != nil {
			fmt.Fprintf(c.log, "%s, %s: %v\n", w.Name, functions[places[i]].Name, f.Err)
			f = harness.Figures{}
		}
		figures[places[i]] = f
	}
	return figures, nil
}

// method describes the method and the machine.
func (c *comparison) method() string {
	return fmt.Sprintf("medians of %d interleaved rounds, on one core of %s, %s", c.rounds.N, processorName(), runtime.Version())
}

// processorName returns the name of the machine's processor.
func processorName() string {
	info, err := os.ReadFile("/proc/cpuinfo")
	if err == nil {
		for line := range strings.Lines(string(info)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				return strings.TrimSpace(value)
			}
		}
	}
	return runtime.GOARCH
}
