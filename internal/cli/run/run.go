package run

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"fanout/internal/cli/factory"
	"fanout/internal/cli/ui"
	"fanout/lambda"
)

// runFlags are the flags of `fanout run`.
type runFlags struct {
	DeliveryFlags
	events        []string
	sourceARN     string
	sourceAs      SourceAs
	unknownSource string
	explain       bool
	poll          pollFlags
}

// NewRun returns the command `fanout run`.
func NewRun(c *factory.Factory) *cobra.Command {
	f := runFlags{DeliveryFlags: DeliveryFlags{Factory: c}}
	cmd := &cobra.Command{
		Use:   "run (--targets FILE | --table NAME) (--event FILE… | --source-arn ARN)",
		Short: "Run the function locally on event files or a stream",
		Long: `Run runs the function's handler outside Lambda.

With --event it handles events in the form that Lambda passes to the function. Published
samples name sources such as arn:aws:kinesis:EXAMPLE; with --source-arn-as, run treats
their records as records of your source.

With --source-arn it polls the shards of a Kinesis or DynamoDB stream, like Lambda's
event source mapping, until you interrupt it. With --checkpoint it continues where it
stopped. After the first interrupt it finishes the calls in flight; a second interrupt
stops it at once.

At the end it prints a row for each target to standard error and, with --output json or
yaml, a report to standard output. The exit status is 0 if all records were delivered, 1
if some failed, 2 for wrong usage or unreadable input.`,
		Example: `  fanout run --targets targets.yaml --event event.json
  cat event.json | fanout run --table fanoutTargets --event - --output json
  fanout run --targets targets.yaml --source-arn arn:aws:kinesis:eu-west-1:123456789012:stream/orders
  fanout run --targets targets.yaml --event sample.json --source-arn-as arn:aws:sns:eu-west-1:123456789012:alerts
  fanout run --targets targets.yaml --event event.json --explain`,
		Args: ui.FlagsOnly,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.check(cmd.Flags()); err != nil {
				return err
			}
			return f.run(cmd)
		},
	}
	s := cmd.Flags()
	s.SortFlags = false
	f.AddTargets(s)
	s.StringArrayVar(&f.events, "event", nil, "handle the Lambda event in this `FILE`, - for standard input; repeatable")
	f.sourceAs.Add(s)
	s.StringVar(&f.sourceARN, "source-arn", "", "poll the Kinesis or DynamoDB stream with this `ARN`")
	ui.OneOf(cmd, &f.unknownSource, "unknown-source", "fail", "the `ACTION` for records of a source without a target: fail, or ignore, which succeeds without delivering them", []string{"fail", "ignore"})
	f.poll.add(s)
	s.BoolVar(&f.explain, "explain", false, "print the plan, and send nothing; fails if a target is faulty")
	f.AddBounds(cmd)
	f.complete(cmd)
	return cmd
}

// complete sets the shell's completion of flags. The flags exist, so the errors are
// always nil.
func (f *runFlags) complete(cmd *cobra.Command) {
	f.Complete(cmd)
	_ = cmd.MarkFlagFilename("event", "json")
	ui.CompleteWords(cmd, "starting-position", ui.Positions)
}

// check checks the flags.
func (f *runFlags) check(s *pflag.FlagSet) error {
	stdin := 0
	for _, name := range f.events {
		if name == "-" {
			stdin++
		}
	}
	if err := f.CheckTargets(); err != nil {
		return err
	}
	switch {
	case f.events != nil && f.sourceARN != "":
		return errors.New("--event and --source-arn cannot be combined; use only one")
	case f.events == nil && f.sourceARN == "":
		return errors.New("the source is missing; add --event FILE or --source-arn ARN")
	case stdin > 1:
		return errors.New("--event - appears more than once, but standard input holds only one event; use files")
	}
	if err := f.sourceAs.Check(f.events); err != nil {
		return err
	}
	if err := f.CheckBounds(); err != nil {
		return err
	}
	return f.poll.check(s, f.sourceARN != "")
}

func (f *runFlags) run(cmd *cobra.Command) error {
	events, sources, err := f.read(cmd.InOrStdin())
	if err != nil {
		return err
	}
	cfg, err := f.Load(cmd.Context(), f.InFlight, sources)
	if err != nil {
		return err
	}
	stderr := ui.NewLive(cmd.ErrOrStderr())
	log := f.Logger(stderr)
	o := f.Options()
	o.IgnoreUnknownSource = f.unknownSource == "ignore"
	h, err := lambda.New(o, cfg, log)
	if err != nil {
		return err
	}
	if f.explain {
		return explain(cmd.Context(), cmd.OutOrStdout(), h, sources)
	}
	sum := new(Summary)
	h.OnResults = sum.Add
	if f.sourceARN != "" {
		sum.News = stderr
		err = f.runStream(cmd.Context(), h, cfg, log, stderr, sum)
	} else {
		err = f.runEvents(cmd.Context(), h, events, sources, stderr)
	}
	if sum.Events > 0 || err == nil {
		if err := sum.Print(cmd.OutOrStdout(), stderr, f.Output); err != nil {
			return ui.Failed(fmt.Errorf("the report cannot be written: %w", err))
		}
	}
	if err == nil && (sum.faulty || f.sourceARN == "" && sum.AnyFailed()) {
		return ui.Failed(ui.ErrReported)
	}
	return err
}
