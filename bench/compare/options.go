package main

import (
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"fanout/bench"
	"fanout/bench/harness"
)

// options are the options of the command line.
type options struct {
	bin         string
	write       string
	rounds      harness.Rounds
	alone       bool
	workloads   []bench.Workload
	others      []harness.Function
	env         []string // extra variables for fanout, besides Lambda's
	invocations int
	names       []string // of tables; empty: all except the slow ones
}

func parse(args []string, log io.Writer) (o options, err error) {
	f := flag.NewFlagSet("compare", flag.ContinueOnError)
	f.SetOutput(log)
	f.StringVar(&o.bin, "bin", "bin", "folder with bootstrap, yardstick, floor and empty")
	f.StringVar(&o.write, "write", "", "also put the tables into this `file`, between the comments that name them")
	f.IntVar(&o.rounds.N, "rounds", 5, "number of measurements; the median counts")
	f.BoolVar(&o.alone, "alone", false, "in the tables functions and start, compare fanout only with the functions of -function")
	f.DurationVar(&o.rounds.Time, "time", 300*time.Millisecond, "minimum duration of a measurement")
	f.IntVar(&o.invocations, "invocations", 10_000, "of the table memory")
	names := f.String("workloads", "W1,W2k,W2,W3,W4,W5,W6", "of the table functions; bench/workload.go has them")
	f.Func("function", "`name=command`: another function to compare; repeatable", func(s string) error {
		name, command, ok := strings.Cut(s, "=")
		if !ok || len(strings.Fields(command)) == 0 {
			return fmt.Errorf("%q is not name=command", s)
		}
		o.others = append(o.others, harness.Function{Name: name, Command: strings.Fields(command)})
		return nil
	})
	f.Func("env", "`name=value`: a variable for fanout, such as GOGC=400; repeatable", func(s string) error {
		o.env = append(o.env, s)
		return nil
	})
	f.Usage = func() {
		fmt.Fprintf(log, "compare [flags] [table]…\n\nThe tables are %s; without one all but types and memory are printed.\n\n", strings.Join(known(), ", "))
		f.PrintDefaults()
	}
	if err := f.Parse(args); err != nil {
		return o, err
	}
	for name := range strings.SplitSeq(*names, ",") {
		w, err := bench.Find(name)
		if err != nil {
			return o, err
		}
		o.workloads = append(o.workloads, w)
	}
	o.names = f.Args()
	for _, name := range o.names {
		if !slices.Contains(known(), name) {
			return o, fmt.Errorf("unknown table %q; the tables are %s", name, strings.Join(known(), ", "))
		}
	}
	if o.rounds.N < 1 || o.invocations < 1 {
		return o, fmt.Errorf("the flags -rounds and -invocations must be at least 1")
	}
	return o, nil
}

// wants reports whether to make a table. Slow tables must be named.
func (o *options) wants(table string) bool {
	return len(o.names) == 0 && table != "types" && table != "memory" || slices.Contains(o.names, table)
}

func known() []string {
	names := make([]string, len(tables))
	for i := range tables {
		names[i] = tables[i].name
	}
	return names
}
