package redrive

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/spf13/cobra"

	"fanout/internal/cli/factory"
	"fanout/internal/cli/run"
	"fanout/internal/cli/ui"
	"fanout/internal/provision/cloud"
	"fanout/lambda/target"
)

// replayFlags are the flags of `fanout replay`.
type replayFlags struct {
	deliveryFlags
	target       string
	source       string // ARN; "": the only source of the target
	since, until string
	from, to     time.Time // of since and until
	batchSize    int
	shards       int
	dryRun, yes  bool
	force        bool
	onFailure    string // the function's queue for records that targets without onFailure reject; "": none
}

// NewReplay returns the command `fanout replay`.
func NewReplay(c *factory.Factory) *cobra.Command {
	f := replayFlags{deliveryFlags: deliveryFlags{DeliveryFlags: run.DeliveryFlags{Factory: c}}}
	cmd := &cobra.Command{
		Use:   "replay TARGET --since WHEN (--targets FILE | --table NAME | --function NAME)",
		Short: "Deliver records of a stream since a time to one target again",
		Long: `Replay reads the records of a stream that arrived since a time, and delivers them to one
target again, whether it has them or not. The other targets get nothing. The function goes
on meanwhile, and its position in the stream stays. Replay reads as far as the time of
its start, or until --until.

Duplicates are the point: replay does not look up what the function remembers of earlier
deliveries. Use it for targets that take a record twice without harm. A FIFO queue or topic
drops a record that it got in the last five minutes. redis, memcached and es keep the last
value of a key: they show old values while the replay goes on, and keep them where --until
ends it before the newest record. Other targets get each record once more, so their
receivers must know it.

First it reads the stream to say how many records it would send, and asks. --yes sends them
at once. --dry-run sends nothing, and fails if a record would end the replay. A stream has
no more than its retention: 24 hours for a table, and 24 hours or what you set for Kinesis.
Each read counts toward the limits of the stream, which the function shares. For a table it
reads the stream from its beginning and skips what is earlier.

A record that fails is tried five times, and then ends the replay, unless the target's
onFailure, or the failures queue of --function, takes it. A replay that ends early says with
which --since to continue. At the end it prints what fanout run prints. The exit status is 0
if all records were delivered, 1 if some failed, 2 for wrong usage.`,
		Example: `  fanout replay billing --function fanout --since 2h --dry-run
  fanout replay billing --function fanout --since 2026-11-22T20:15:00Z --until 2026-11-22T21:00:00Z
  fanout replay billing --targets targets.yaml --since 30m --max-per-second 100 --yes`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return errors.New("replay needs one argument, the id of the target")
			}
			f.target = args[0]
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.check(time.Now()); err != nil {
				return err
			}
			return f.run(cmd)
		},
	}
	f.add(cmd)
	return cmd
}

func (f *replayFlags) add(cmd *cobra.Command) {
	s := cmd.Flags()
	s.SortFlags = false
	s.StringVar(&f.since, "since", "", "deliver records that arrived since `WHEN`: how long ago, such as 2h, or a time such as 2026-11-22T20:15:00Z")
	s.StringVar(&f.until, "until", "", "deliver records that arrived before `WHEN` (default: the start of the replay)")
	f.addTargets(s)
	s.StringVar(&f.source, "source-arn", "", "read the stream with this `ARN` (default: the only source of the target)")
	f.addPace(s)
	s.IntVar(&f.batchSize, "batch-size", 100, "deliver at most `N` records at a time")
	s.IntVar(&f.shards, "shards", 10, "read at most `N` shards at a time")
	s.BoolVar(&f.dryRun, "dry-run", false, "say how many records would be sent, and send nothing")
	s.BoolVar(&f.yes, "yes", false, "send the records without counting them and asking first")
	s.BoolVar(&f.force, "force", false, "deliver even if the destination is the stream, or the function, itself")
	f.AddBounds(cmd)
	f.Complete(cmd)
}

// check checks the flags.
func (f *replayFlags) check(now time.Time) (err error) {
	if err := f.checkTargets(); err != nil {
		return err
	}
	if f.since == "" {
		return errors.New("the time is missing; add --since, such as --since 2h")
	}
	if f.from, err = timeOf("since", f.since, now); err != nil {
		return err
	}
	f.to = now
	if f.until != "" {
		if f.to, err = timeOf("until", f.until, now); err != nil {
			return err
		}
	}
	switch {
	case f.to.After(now):
		return fmt.Errorf("--until is %q, which is in the future; choose a time in the past", f.until)
	case !f.from.Before(f.to):
		return fmt.Errorf("--since is %q, which is not before the end of the replay, %s", f.since, clock(f.to))
	case f.batchSize < 1 || f.batchSize > run.MaxBatchSize:
		return fmt.Errorf("--batch-size is %d; it must be 1 to %d", f.batchSize, run.MaxBatchSize)
	case f.shards < 1:
		return fmt.Errorf("--shards is %d; it must be at least 1", f.shards)
	case f.dryRun && f.yes:
		return errors.New("--dry-run and --yes cannot be combined; use only one")
	}
	return f.CheckBounds()
}

// timeOf reads the value of a flag: a time, or a duration before now.
func timeOf(flag, text string, now time.Time) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	d, err := target.ParseDuration(text)
	if err != nil || d < 0 {
		return time.Time{}, fmt.Errorf("--%s is %q; it must be a time such as 2026-11-22T20:15:00Z, or how long ago, such as 2h or 90s", flag, text)
	}
	return now.Add(-d), nil
}

// clock shows a time in whole seconds.
func clock(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// findFunction sets the table and the failures queue to those of the function on the command
// line, if there is one.
func (f *replayFlags) findFunction(cmd *cobra.Command, cfg aws.Config) error {
	if err := f.findTable(cmd, cfg); err != nil || f.function == "" {
		return err
	}
	found, err := cloud.Of(cfg).Lambda().GetFunctionConfiguration(cmd.Context(), &lambda.GetFunctionConfigurationInput{FunctionName: &f.function})
	if err != nil {
		fmt.Fprintf(cmd.ErrOrStderr(), "fanout: warning: the failures queue of the function %q cannot be looked up, so the replay works without it: %v\n", f.function, err)
		return nil
	}
	if found.Environment != nil {
		f.onFailure = found.Environment.Variables["FANOUT_ON_FAILURE"]
	}
	return nil
}

func (f *replayFlags) run(cmd *cobra.Command) error {
	stderr := ui.NewLive(cmd.ErrOrStderr())
	cfg, err := f.Load(cmd.Context(), f.InFlight, []string{f.source})
	if err != nil {
		return err
	}
	if err := f.findFunction(cmd, cfg); err != nil {
		return err
	}
	if f.source == "" {
		if f.source, err = f.onlySource(cmd.Context(), cfg); err != nil {
			return ui.Failed(err)
		}
	}
	r := replay{replayFlags: f, cfg: cfg, log: f.Logger(stderr), stderr: stderr}
	if err := r.open(cmd.Context()); err != nil {
		return err
	}
	if !f.yes {
		plan, err := r.count(cmd.Context())
		if err != nil {
			return err
		}
		if f.dryRun {
			return ui.Failed(cmp.Or(plan.print(cmd.OutOrStdout(), f.Output), plan.verdict()))
		}
		if plan.Records+plan.Diverted+plan.Failed == 0 {
			plan.explain(stderr)
			return nil
		}
		if err := ui.Ask(cmd, false, plan.question()); err != nil {
			return ui.Failed(err)
		}
	}
	sum, err := r.deliver(cmd.Context())
	if err != nil && sum.Events == 0 {
		return err
	}
	if perr := sum.Print(cmd.OutOrStdout(), stderr, f.Output); perr != nil {
		return ui.Failed(fmt.Errorf("the report cannot be written: %w", perr))
	}
	return err
}
