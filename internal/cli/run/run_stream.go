package run

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"go.uber.org/zap"

	"fanout/engine/plain"
	"fanout/internal/awsname"
	"fanout/internal/cli/ui"
	"fanout/internal/poll"
	"fanout/lambda"
)

// runStream polls until it is interrupted, or with --once until everything is
// delivered.
func (f *runFlags) runStream(ctx context.Context, h *lambda.Handler, cfg aws.Config, log *zap.Logger, stderr *ui.Live, sum *Summary) (err error) {
	if a, _ := arn.Parse(f.sourceARN); a.Service != "kinesis" && a.Service != "dynamodb" && !awsname.IsKafka(f.sourceARN) {
		return fmt.Errorf("--source-arn is %q; it must be the ARN of a Kinesis stream, DynamoDB stream or SQS queue, or the name of a Kafka topic", f.sourceARN)
	}
	o := f.poll.options()
	o.Timeout, o.Log = f.Timeout, log
	if f.poll.checkpoint != "" {
		file, err := poll.OpenFile(f.poll.checkpoint)
		if err != nil {
			return err
		}
		defer func() {
			if cerr := file.Close(); err == nil {
				err = ui.Failed(cerr)
			}
		}()
		o.Checkpoints = file
	}
	stream, closing, err := f.open(cfg, h.Invoke, o)
	if err != nil {
		return err
	}
	defer closing()
	if err := f.checkSource(ctx, h, stderr, sum); err != nil {
		return err
	}
	ctx, stop := ui.UntilInterrupted(ctx, stderr)
	defer stop()
	return stream.Follow(ctx, stderr, sum)
}

// open returns the stream, and a function that closes its connections.
func (f *runFlags) open(cfg aws.Config, handle poll.Handler, o poll.Options) (*Stream, func(), error) {
	if awsname.IsKafka(f.sourceARN) {
		return f.newTopic(cfg, handle, o)
	}
	s, err := NewStream(cfg, f.sourceARN, handle, o)
	return s, func() {}, err
}

// checkSource checks the targets of the source before anything is read.
func (f *runFlags) checkSource(ctx context.Context, h *lambda.Handler, stderr *ui.Live, sum *Summary) error {
	if nowhere, err := f.readable(ctx, h, []string{f.sourceARN}); err != nil || nowhere != nil {
		return cmp.Or(err, nowhere)
	}
	if err := h.Unclaimed(ctx, f.sourceARN); err != nil {
		return ui.Failed(err)
	}
	faulty, err := h.Faulty(ctx, f.sourceARN)
	if err != nil {
		return err
	}
	for _, t := range faulty {
		fmt.Fprintf(stderr, "fanout: the target %s is faulty, so its records fail: %s\n", plain.Line(t.ID), ui.Indented(t.Err))
	}
	sum.faulty = len(faulty) > 0
	return nil
}

// Stream is a stream that is read here.
type Stream struct {
	poller *poll.Poller
	left   leftover
}

// NewStream returns the stream in source, whose records handle takes.
func NewStream(cfg aws.Config, source string, handle poll.Handler, o poll.Options) (s *Stream, err error) {
	s = new(Stream)
	s.poller, err = NewPoller(cfg, source, s.left.count(handle), o)
	return s, err
}

// Follow reads the stream until ctx ends or its options end it, and shows its progress on a
// terminal.
func (s *Stream) Follow(ctx context.Context, stderr *ui.Live, sum *Summary) error {
	err := s.left.explain(s.poller, follow(ctx, s.poller, stderr, sum))
	sum.settled = err == nil
	return err
}

// Rest returns where a run that began at start and ended early can continue.
func (s *Stream) Rest(start time.Time) time.Time { return s.poller.Rest(start) }

// Earliest returns when the earliest record arrived that was read, or zero.
func (s *Stream) Earliest() time.Time { return s.poller.Earliest() }

// NewPoller returns the poller for the type of stream in source.
func NewPoller(cfg aws.Config, source string, handle poll.Handler, o poll.Options) (*poll.Poller, error) {
	a, err := arn.Parse(source)
	if err != nil || a.Service != "kinesis" && a.Service != "dynamodb" {
		return nil, fmt.Errorf("--source-arn is %q; it must be the ARN of a Kinesis or DynamoDB stream", source)
	}
	if a.Region != "" {
		cfg.Region = a.Region // the stream's region, regardless of the targets' regions
	}
	if a.Service == "dynamodb" {
		return poll.NewDynamoDB(dynamodbstreams.NewFromConfig(cfg), source, handle, o)
	}
	return poll.NewKinesis(kinesis.NewFromConfig(cfg), source, handle, o)
}

// poller reads a source.
type poller interface {
	Run(ctx context.Context) error
	Progress() poll.Progress
}

// follow runs p and shows its progress on a terminal.
func follow(ctx context.Context, p poller, stderr *ui.Live, sum *Summary) error {
	err := showing(ctx, stderr, p.Run, func() string {
		_, rows := sum.snapshot()
		return status(p.Progress().Total, rows)
	})
	sum.retried = p.Progress().Total.Retries > 0
	return err
}

// showing does the work, and shows its status on a terminal meanwhile.
func showing(ctx context.Context, stderr *ui.Live, work func(context.Context) error, status func() string) error {
	ctx, stop := context.WithCancel(ctx)
	shown := make(chan struct{})
	go func() {
		defer close(shown)
		stderr.Follow(ctx, time.Second/2, status)
	}()
	err := work(ctx)
	stop()
	<-shown
	return err
}

// leftover counts invocations that delivered only part of their batch. The poller
// follows each with another, unless the run ends first.
type leftover struct{ atomic.Int64 }

func (l *leftover) count(handle poll.Handler) poll.Handler {
	return func(ctx context.Context, event []byte) ([]byte, error) {
		answer, err := handle(ctx, event)
		if err != nil || bytes.Contains(answer, []byte("itemIdentifier")) {
			l.Add(1)
		}
		return answer, err
	}
}

// explain turns err, the result of a run of p, into the error to report. Records that
// failed first and were delivered later are not an error.
func (l *leftover) explain(p *poll.Poller, err error) error {
	total := p.Progress().Total
	shards := l.Load() - total.Retries
	switch {
	case err != nil && total.Batches == 0:
		return err // the stream could not be read
	case err != nil:
		return ui.Failed(err)
	case shards > 0:
		return ui.Failed(fmt.Errorf("interrupted with failed records in %d of the shards; their checkpoints are before these records", shards))
	}
	return nil
}
