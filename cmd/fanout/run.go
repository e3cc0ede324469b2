package main

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"fanout/lambda"
)

// runFlags are the flags of `fanout run`.
type runFlags struct {
	*common
	targets, table string
	events         []string
	sourceARN      string
	explain        bool
	output         string
	inFlight       int
	timeout        time.Duration
	poll           pollFlags
}

func newRun(c *common) *cobra.Command {
	f := runFlags{common: c}
	cmd := &cobra.Command{
		Use:   "run (--targets FILE | --table NAME) (--event FILE… | --source-arn ARN)",
		Short: "Run the function here: over event files, or over a stream",
		Long: `Run does outside Lambda what the function does inside it, with the same handler.

With --event it handles events as Lambda hands them to the function. With
--source-arn it polls a Kinesis or DynamoDB stream, shard by shard, as Lambda's
event source mapping does, until it is interrupted; --checkpoint makes it go on
where it stopped.

It ends with a row for each target on standard error and, with --output json, a
report on standard output. The exit status is 0 if everything was delivered, 1 if
something failed, 2 for wrong usage or unreadable input.`,
		Example: `  fanout run --targets targets.yaml --event event.json
  cat event.json | fanout run --table fanoutTargets --event - --output json
  fanout run --targets targets.yaml --source-arn arn:aws:kinesis:eu-west-1:123456789012:stream/orders
  fanout run --targets targets.yaml --event event.json --explain`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.check(); err != nil {
				return err
			}
			return f.run(cmd)
		},
	}
	s := cmd.Flags()
	s.StringVar(&f.targets, "targets", "", "YAML or JSON file of targets")
	s.StringVar(&f.table, "table", "", "name or ARN of a DynamoDB table of targets")
	s.StringArrayVar(&f.events, "event", nil, "file with one Lambda event, '-' for standard input; repeatable")
	s.StringVar(&f.sourceARN, "source-arn", "", "Kinesis or DynamoDB stream to poll")
	s.BoolVar(&f.explain, "explain", false, "print the plan and send nothing")
	s.StringVar(&f.output, "output", "table", "report: table (standard error) or json (standard output too)")
	s.IntVar(&f.inFlight, "in-flight", lambda.DefaultOptions().InFlight, "requests in flight over all targets")
	s.DurationVar(&f.timeout, "timeout", 5*time.Minute, "time for each event or batch")
	f.poll.add(s)
	cmd.MarkFlagsMutuallyExclusive("targets", "table")
	cmd.MarkFlagsMutuallyExclusive("event", "source-arn")
	return cmd
}

func (f *runFlags) check() error {
	switch {
	case f.targets == "" && f.table == "":
		return errors.New("where are the targets? Give --targets FILE or --table NAME")
	case len(f.events) == 0 && f.sourceARN == "" && !f.explain:
		return errors.New("what is to be run? Give --event FILE or --source-arn ARN")
	case f.explain && len(f.events) == 0 && f.sourceARN == "":
		return errors.New("the plan of which source? Give --event FILE or --source-arn ARN")
	case !slices.Contains([]string{"table", "json"}, f.output):
		return fmt.Errorf("--output is %q; it must be table or json", f.output)
	case f.inFlight < 1:
		return fmt.Errorf("--in-flight is %d; it must be at least 1", f.inFlight)
	case f.timeout <= 0:
		return fmt.Errorf("--timeout is %v; it must be positive", f.timeout)
	}
	return nil
}

func (f *runFlags) run(cmd *cobra.Command) error {
	ctx := cmd.Context()
	o := lambda.DefaultOptions()
	o.Table, o.TargetsFile, o.InFlight = f.table, f.targets, f.inFlight
	cfg, err := f.aws.Load(ctx, o.InFlight)
	if err != nil {
		return err
	}
	log := f.logger(cmd)
	sum := newSummary()
	h, err := lambda.New(o, cfg, log)
	if err != nil {
		return err
	}
	h.OnResults = sum.add
	switch {
	case f.explain:
		return f.explainPlans(cmd, h)
	case f.sourceARN != "":
		err = f.runStream(cmd, h, cfg, log, sum)
	default:
		err = f.runEvents(cmd, h)
	}
	if err := sum.print(cmd, f.output); err != nil {
		return failed(err)
	}
	if err == nil && sum.anyLeft(f.sourceARN != "") {
		err = failed(errReported)
	}
	return err
}
