// Package redrive has the commands that deliver records again: `fanout redrive`, from onFailure,
// and `fanout replay`, from a stream.
package redrive

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/spf13/cobra"

	"fanout/internal/cli/factory"
	"fanout/internal/cli/run"
	"fanout/internal/cli/ui"
	"fanout/internal/provision/cloud"
	"fanout/internal/redrive"
	"fanout/lambda"
	"fanout/sinks"
	"fanout/sinks/sqs"
	sqssetup "fanout/sinks/sqs/setup"
)

// redriveFlags are the flags of `fanout redrive`.
type redriveFlags struct {
	deliveryFlags
	file, queue string
	only        redrive.Only
	failed      string
	watch       bool
	max         int
	dryRun      bool
}

// NewRedrive returns the command `fanout redrive`.
func NewRedrive(c *factory.Factory) *cobra.Command {
	f := redriveFlags{deliveryFlags: deliveryFlags{DeliveryFlags: run.DeliveryFlags{Factory: c}}}
	cmd := &cobra.Command{
		Use:   "redrive (--targets FILE | --table NAME | --function NAME) (--file FILE | --queue QUEUE)",
		Short: "Deliver records from onFailure to their targets again",
		Long: `Redrive reads the envelopes that the attribute onFailure made of records which a
target did not take, and delivers each record to its target again: byte for byte as
it was to be sent. Stages that had run do not run again; those that had not, do, as
the target has them now. A target with parallel false gets the records of a key in
their order, and none past one that failed.

With --file it reads a file of envelopes: JSON, one on each line, or {"Records":[…]}
with several, as queues, topics, Firehose and file targets write them. It reads the file
into memory and does not change it; --failed keeps records that failed again. With
--queue it receives from an SQS queue until the queue is empty. It deletes a message when
all its records are delivered, or taken by their target's onFailure. Other messages stay
in the queue. If onFailure of a target is the queue or file that redrive reads, it takes
no records, and they fail. The data of an envelope that was too large for onFailure is
read from the bucket that the attribute oversize names.

Redrive drops no records, even if the target has oversize drop. After the first interrupt
it finishes the calls in flight; a second interrupt stops it at once. At the end it
prints a row for each target to standard error and, with --output json or yaml, a report
to standard output.
The exit status is 0 if all records were delivered, 1 if some failed, 2 for wrong usage
or unreadable input.`,
		Example: `  fanout redrive --targets targets.yaml --queue failures --dry-run
  fanout redrive --function fanout --queue arn:aws:sqs:eu-west-1:123456789012:failures
  fanout redrive --function fanout --queue failures --max-per-second 100
  fanout redrive --targets targets.yaml --queue failures --target billing --to billing-2
  fanout redrive --targets targets.yaml --file failures.jsonl --failed again.jsonl
  aws s3 cp s3://bucket/failures/1 - | fanout redrive --table fanoutTargets --file -`,
		Args: ui.FlagsOnly,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.check(); err != nil {
				return err
			}
			return f.run(cmd)
		},
	}
	s := cmd.Flags()
	s.SortFlags = false
	f.addTargets(s)
	s.StringVar(&f.file, "file", "", "read envelopes from this `FILE`, - for standard input")
	s.StringVar(&f.queue, "queue", "", "receive envelopes from this SQS `QUEUE`, by name, URL or ARN")
	s.StringVar(&f.only.Source, "source-arn", "", "deliver only records from the source with this `ARN`")
	s.StringVar(&f.only.Target, "target", "", "deliver only records for the target with this `ID`")
	s.StringVar(&f.only.To, "to", "", "deliver instead to the target with this `ID` of the same source")
	s.StringVar(&f.failed, "failed", "", "append the envelopes of records that failed again to this `FILE`")
	s.BoolVar(&f.watch, "watch", false, "continue when the queue is empty, until interrupted")
	s.IntVar(&f.max, "max", 0, "stop after `N` messages (default: when the queue is empty)")
	f.addPace(s)
	s.BoolVar(&f.dryRun, "dry-run", false, "print where records would go, and send nothing; STAGED counts records that have passed all stages")
	f.AddBounds(cmd)
	f.Complete(cmd)
	_ = cmd.MarkFlagFilename("file")
	_ = cmd.MarkFlagFilename("failed")
	return cmd
}

// check checks the flags.
func (f *redriveFlags) check() error {
	if err := f.checkTargets(); err != nil {
		return err
	}
	switch {
	case f.file != "" && f.queue != "":
		return errors.New("--file and --queue cannot be combined; use only one")
	case f.file == "" && f.queue == "":
		return errors.New("the envelopes are missing; add --file FILE or --queue QUEUE")
	case f.file != "" && (f.watch || f.max != 0):
		return errors.New("--watch and --max have no effect without --queue; remove them")
	case f.queue != "" && f.failed != "":
		return errors.New("--failed has no effect with --queue, because failed records stay in the queue; remove it")
	case f.failed != "" && filepath.Clean(f.failed) == filepath.Clean(f.file):
		return errors.New("--failed is the same file as --file; name another one")
	case f.max < 0:
		return fmt.Errorf("--max is %d; it must be at least 1", f.max)
	case f.watch && f.dryRun:
		return errors.New("--watch and --dry-run cannot be combined; use only one")
	}
	return f.CheckBounds()
}

func (f *redriveFlags) run(cmd *cobra.Command) error {
	stderr := ui.NewLive(cmd.ErrOrStderr())
	d := &redelivery{redriveFlags: f, sum: new(run.Summary), stderr: stderr, name: "the queue", pace: paceOf(f.perSecond)}
	sources := []string{f.queue, f.only.Source}
	var letters []redrive.Letter
	if f.file != "" {
		read, err := run.ReadEvent(f.file, cmd.InOrStdin())
		if err != nil {
			return err
		}
		d.name, letters = read.Name, redrive.ReadFile(read.Data)
		if err := d.legible(letters); err != nil {
			return err
		}
		for i := range letters {
			sources = append(sources, letters[i].Source)
		}
	}
	cfg, err := f.Load(cmd.Context(), f.InFlight, sources)
	if err != nil {
		return err
	}
	if err := f.findTable(cmd, cfg); err != nil {
		return err
	}
	h, err := lambda.New(f.Options(), cfg, f.Logger(stderr))
	if err != nil {
		return err
	}
	ctx, stop := ui.UntilInterrupted(cmd.Context(), stderr)
	defer stop()
	if f.queue != "" {
		err = d.fromQueue(ctx, h, cfg)
	} else {
		err = d.fromFile(ctx, h, letters)
	}
	if f.dryRun && err == nil {
		return d.printPlan(cmd.OutOrStdout())
	}
	if d.sum.Events > 0 || err == nil {
		if err := d.sum.Print(cmd.OutOrStdout(), stderr, f.Output); err != nil {
			return ui.Failed(fmt.Errorf("the report cannot be written: %w", err))
		}
	}
	if err == nil && (d.sum.AnyFailed() || d.sum.Unreadable > 0) {
		return ui.Failed(ui.ErrReported)
	}
	return err
}

// openQueue returns the queue with its destination.
func (f *redriveFlags) openQueue(ctx context.Context, cfg aws.Config) (*redrive.Queue, sinks.Destination, error) {
	if cfg.Region == "" {
		return nil, sinks.Destination{}, errors.New("no AWS region is set; add --region, or set AWS_REGION")
	}
	account, name := cloud.Of(cfg), f.queue
	if !cloud.Full(sqs.Type, name) {
		var err error
		if name, err = account.Destination(ctx, sqs.Type, name, ""); err != nil {
			return nil, sinks.Destination{}, ui.Failed(err)
		}
	}
	d, err := sqs.Parse(name)
	if err != nil {
		return nil, d, fmt.Errorf("--queue: %w", err)
	}
	client := account.In(d.Region).SQS(sqssetup.Host(&d))
	if d.Region == "" {
		d.Region = cfg.Region
	}
	return &redrive.Queue{Client: client, URL: d.URL(), Watch: f.watch, Max: f.max, Keep: f.dryRun, Window: windowSeconds * f.perSecond}, d, nil
}
