package run

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"fanout/internal/cli/factory"
	"fanout/internal/cli/lines"
	"fanout/internal/cli/ui"
	"fanout/lambda"
)

// runFlags are the flags of `fanout run`.
type runFlags struct {
	DeliveryFlags
	events        []string
	data          []string // files of lines
	records       lines.Flags
	sourceARN     string
	sourceAs      SourceAs
	unknownSource string
	explain       bool
	poll          pollFlags
	topic         topicFlags
}

const long = `Run runs the function's handler outside Lambda.

With --event it handles events in the form that Lambda passes to the function. Published
samples name sources such as arn:aws:kinesis:EXAMPLE; with --source-arn-as, run treats
their records as records of your source.

With --data it makes a record of each line of a file, as fanout event does, and handles the
records in batches, so the file may be large. A batch that is not full waits a second for
the next line. Empty lines are skipped. The source is that of
the targets file, or the one that --source-arn-as names. If a target that keeps order
(parallel: false) does not take a line, the batch is tried up to five times, unless no try
can help, and then the run ends: no later line may overtake it. For other targets a batch
is not tried again, and later ones go on. A line that cannot be a record ends the run,
after the lines before it were handled.

With --source-arn it reads a stream of Kinesis or DynamoDB, an SQS queue or a Kafka topic,
like Lambda's event source mapping, until it is interrupted. With --checkpoint it continues
where it stopped in a stream or topic. From a queue it deletes the messages that were
delivered. A message that failed stays there, and comes again when its visibility timeout
ends. After the first interrupt it finishes the calls in flight; a second interrupt stops it
at once.

A topic is named kafka://HOST:PORT/TOPIC, or by the ARN of a topic of Amazon MSK. With
--consumer-group its positions are in a consumer group. Run commits only what was delivered,
reads all partitions, and refuses a group that has members.

At the end it prints a row for each target to standard error and, with --output json or
yaml, a report to standard output, to which no target may write then. The exit status is 0 if all records were delivered, 1
if some failed, 2 for wrong usage or unreadable input.`

// NewRun returns the command `fanout run`.
func NewRun(c *factory.Factory) *cobra.Command {
	f := runFlags{DeliveryFlags: DeliveryFlags{Factory: c}}
	cmd := &cobra.Command{
		Use:   "run (--targets FILE | --table NAME) (--event FILE… | --data FILE | --source-arn ARN)",
		Short: "Run the function locally on event files or on a source",
		Long:  long,
		Example: `  fanout run --targets targets.yaml --event event.json
  cat event.json | fanout run --table fanoutTargets --event - --output json
  fanout run --targets targets.yaml --data orders.jsonl --key .customer
  fanout run --targets targets.yaml --source-arn arn:aws:kinesis:eu-west-1:123456789012:stream/orders
  fanout run --targets targets.yaml --source-arn arn:aws:sqs:eu-west-1:123456789012:orders.fifo --once
  fanout run --targets targets.yaml --source-arn kafka://127.0.0.1:9092/orders --consumer-group fanout
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
	s.StringArrayVar(&f.data, "data", nil, "make a record of each line of this `FILE`, - for standard input; repeatable, in order")
	f.records.Add(s)
	f.sourceAs.Add(s)
	s.StringVar(&f.sourceARN, "source-arn", "", "poll the Kinesis stream, DynamoDB stream, SQS queue or Kafka topic with this `ARN`")
	ui.OneOf(cmd, &f.unknownSource, "unknown-source", "fail", "the `ACTION` for records of a source without a target: fail, or ignore, which succeeds without delivering them", []string{"fail", "ignore"})
	f.poll.add(s)
	f.topic.add(s)
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
	_ = cmd.MarkFlagFilename("data")
	ui.CompleteWords(cmd, "starting-position", ui.Positions)
}

// check checks the flags.
func (f *runFlags) check(s *pflag.FlagSet) error {
	stdin := 0
	for _, name := range slices.Concat(f.events, f.data) {
		if name == "-" {
			stdin++
		}
	}
	if err := f.CheckTargets(); err != nil {
		return err
	}
	if err := f.checkInput(s, stdin); err != nil {
		return err
	}
	if err := f.sourceAs.Check(f.events != nil || f.data != nil, "--event or --data; add one"); err != nil {
		return err
	}
	if err := f.CheckBounds(); err != nil {
		return err
	}
	if err := f.topic.check(s, f.sourceARN); err != nil {
		return err
	}
	return f.poll.check(s, f.sourceARN, f.data != nil)
}

// checkInput checks that the command line names one kind of input.
func (f *runFlags) checkInput(s *pflag.FlagSet, stdin int) error {
	switch {
	case f.events != nil && f.sourceARN != "":
		return errors.New("--event and --source-arn cannot be combined; use only one")
	case f.data != nil && (f.events != nil || f.sourceARN != ""):
		return errors.New("--data cannot be combined with --event or --source-arn; use only one")
	case f.events == nil && f.data == nil && f.sourceARN == "":
		return errors.New("the source is missing; add --event FILE, --data FILE or --source-arn ARN")
	case stdin > 1 && f.data != nil:
		return errors.New("--data - appears more than once, but standard input can be read only once; use files")
	case stdin > 1:
		return errors.New("--event - appears more than once, but standard input holds only one event; use files")
	}
	if name := f.records.Used(s); name != "" && f.data == nil {
		return fmt.Errorf("--%s has no effect without --data; remove it", name)
	}
	return nil
}

func (f *runFlags) run(cmd *cobra.Command) error {
	events, sources, err := f.read(cmd)
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
	var records stdoutTarget
	o.Around = records.around
	h, err := lambda.New(o, cfg, log)
	if err != nil {
		return err
	}
	if f.explain {
		return explain(cmd.Context(), cmd.OutOrStdout(), h, sources)
	}
	if f.Output != "table" {
		if err := records.refuse(cmd.Context(), h, sources, f.Output); err != nil {
			return err
		}
	}
	sum := new(Summary)
	h.OnResults = sum.Add
	stop := sum.TellLate(stderr)
	switch {
	case f.sourceARN != "":
		read := f.runStream
		if isQueue(f.sourceARN) {
			read = f.runQueue
		}
		err = read(cmd.Context(), h, cfg, log, stderr, sum)
	case f.data != nil:
		err = f.runLines(cmd, h, sources[0], stderr, sum)
	default:
		err = f.runEvents(cmd.Context(), h, events, sources, stderr)
	}
	stop()
	if sum.Events > 0 || err == nil {
		if err := sum.Print(cmd.OutOrStdout(), stderr, f.Output); err != nil {
			return ui.Failed(fmt.Errorf("the report cannot be written: %w", err))
		}
	}
	if err == nil && (sum.faulty || f.sourceARN == "" && sum.undelivered()) {
		return ui.Failed(ui.ErrReported)
	}
	return err
}
