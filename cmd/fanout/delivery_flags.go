package main

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"fanout/lambda"
	"fanout/lambda/metrics"
)

// minTimeout is the least that --timeout may be.
const minTimeout = 100 * time.Millisecond

// deliveryFlags are the flags of the commands that deliver records themselves.
type deliveryFlags struct {
	*common
	targets, table string
	output         string
	inFlight       int
	timeout        time.Duration
}

// addTargets adds the flags that say which targets there are.
func (f *deliveryFlags) addTargets(s *pflag.FlagSet) {
	s.StringVar(&f.targets, "targets", "", "YAML or JSON `FILE` of targets")
	s.StringVar(&f.table, "table", "", "DynamoDB table of targets, by `NAME` or ARN")
}

// addBounds adds the flags of the report and of how fast records are delivered.
func (f *deliveryFlags) addBounds(s *pflag.FlagSet) {
	s.StringVar(&f.output, "output", "table", "`FORM` of the report: table, or json for one on standard output too")
	s.IntVar(&f.inFlight, "in-flight", lambda.DefaultOptions().InFlight, "at most `N` requests in flight over all targets")
	s.DurationVar(&f.timeout, "timeout", 5*time.Minute, "`TIME` for each event or batch")
}

// complete tells the shell what flags take. The flags exist, so nothing can fail.
func (f *deliveryFlags) complete(cmd *cobra.Command) {
	_ = cmd.MarkFlagFilename("targets", "yaml", "yml", "json")
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"table", "json"}, cobra.ShellCompDirectiveNoFileComp))
}

// checkTargets finds out whether the command line says which targets there are.
func (f *deliveryFlags) checkTargets() error {
	switch {
	case f.targets != "" && f.table != "":
		return errors.New("--targets and --table exclude each other; give one of them")
	case f.targets == "" && f.table == "":
		return errors.New("no targets are given; add --targets FILE or --table NAME")
	}
	return nil
}

// checkBounds finds what is wrong with the flags of addBounds.
func (f *deliveryFlags) checkBounds() error {
	switch {
	case !slices.Contains([]string{"table", "json"}, f.output):
		return fmt.Errorf("--output is %q; it must be table or json", f.output)
	case f.inFlight < 1:
		return fmt.Errorf("--in-flight is %d; it must be at least 1", f.inFlight)
	case f.timeout < minTimeout:
		return fmt.Errorf("--timeout is %v; it must be at least %v, or no target has time to answer", f.timeout, minTimeout)
	}
	return nil
}

// options are those of the function.
func (f *deliveryFlags) options() lambda.Options {
	o := lambda.DefaultOptions()
	o.NoVerifyTLS = f.aws.NoVerifyTLS
	o.Metrics = metrics.ModeNone // they are the function's
	o.Table, o.TargetsFile, o.InFlight = f.table, f.targets, f.inFlight
	o.DeadlineMargin = min(o.DeadlineMargin, f.timeout/10)
	o.ReportBatchItemFailures = true // the poller goes on at the first that failed
	return o
}
