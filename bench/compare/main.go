// Command compare runs functions as Lambda does, each as a process on a core of its own,
// and prints their costs as the tables of docs/performance.md:
//
//	functions  fanout, a plain Go function and a floor, workload by workload
//	start      from the start of the process to the first answer
//	targets    one event to 1…20 targets
//	records    events of 100…10,000 records
//	order      the cost of order, by the number of keys and the share of faults
//	gc         settings of the garbage collector, by the function's memory
//	types      the cost of 1…40 targets of each type in 128 MB
//	memory     a 6 MB event to nine targets, 10,000 times, in 128 MB
//
// Any program that speaks the Runtime API can be added with -function. It finds the
// targets in FANOUT_TARGETS_FILE, in BENCH_TARGETS (their types), or in a DynamoDB table
// of any name.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"

	"fanout/bench/harness"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "compare:", err)
		stop()
		os.Exit(1) //nolint:gocritic // stop was called
	}
}

// comparison has the harness and the options of the measurements.
type comparison struct {
	options
	*harness.Harness
	log io.Writer
}

// tables has the tables by name, in printing order.
var tables = []struct {
	name  string
	print func(*comparison, context.Context) (string, error)
}{
	{"functions", (*comparison).functionTables},
	{"start", (*comparison).startTable},
	{"targets", (*comparison).targetTable},
	{"records", (*comparison).recordTable},
	{"order", (*comparison).orderTable},
	{"gc", (*comparison).collectorTable},
	{"types", (*comparison).typeTable},
	{"memory", (*comparison).memoryTable},
}

func run(ctx context.Context, args []string, out, log io.Writer) error {
	o, err := parse(args, log)
	if err != nil {
		return err
	}
	h, err := harness.New()
	if err != nil {
		return err
	}
	c := &comparison{o, h, log}
	for _, t := range tables {
		if !c.wants(t.name) {
			continue
		}
		fmt.Fprintln(log, "measuring:", t.name)
		text, err := t.print(c, ctx)
		if err != nil {
			return fmt.Errorf("table %s: %w", t.name, err)
		}
		if _, err := fmt.Fprintln(out, text); err != nil {
			return err
		}
		if c.write != "" {
			if err := replace(c.write, t.name, text); err != nil {
				return err
			}
		}
	}
	return nil
}

// replace puts text into a file, between the comments that name the table.
func replace(file, table, text string) error {
	all, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	begin, end := fmt.Sprintf("<!-- %s -->\n", table), fmt.Sprintf("<!-- end of %s -->", table)
	before, rest, ok := strings.Cut(string(all), begin)
	_, after, ended := strings.Cut(rest, end)
	if !ok || !ended {
		return fmt.Errorf("%s has no place for the table %s: it needs the lines %q and %q", file, table, begin, end)
	}
	return os.WriteFile(file, []byte(before+begin+"\n"+text+"\n"+end+after), 0o600)
}

// function returns a program of this repository from the folder of built programs.
func (o *options) function(name, program string) harness.Function {
	return harness.Function{Name: name, Command: []string{filepath.Join(o.bin, program)}}
}
