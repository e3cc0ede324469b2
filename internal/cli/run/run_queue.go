package run

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"go.uber.org/zap"

	"fanout/internal/cli/ui"
	"fanout/internal/poll/queue"
	"fanout/lambda"
	"fanout/sinks/sqs"
)

// isQueue reports whether a source is an SQS queue.
func isQueue(source string) bool { return strings.Contains(source, ":sqs:") }

// runQueue reads a queue until it is interrupted, or with --once until it is empty.
func (f *runFlags) runQueue(ctx context.Context, h *lambda.Handler, cfg aws.Config, log *zap.Logger, stderr *ui.Live, sum *Summary) error {
	at, err := sqs.Parse(f.sourceARN)
	if err != nil {
		return fmt.Errorf("--source-arn: %w", err)
	}
	cfg.Region = at.Region // the queue's region, regardless of the targets' regions
	o := f.poll.queueOptions()
	o.Timeout, o.Log = f.Timeout, log
	q, err := queue.New(awssqs.NewFromConfig(cfg), f.sourceARN, at.URL(), h.Invoke, o)
	if err != nil {
		return err
	}
	if err := f.checkSource(ctx, h, stderr, sum); err != nil {
		return err
	}
	ctx, stop := ui.UntilInterrupted(ctx, stderr)
	defer stop()
	err = follow(ctx, q, stderr, sum)
	failed := q.Failed()
	sum.settled = err == nil && failed == 0
	switch {
	case err != nil && q.Progress().Total.Batches == 0:
		return err // the queue could not be read
	case err != nil:
		return ui.Failed(err)
	case failed > 0:
		return ui.Failed(fmt.Errorf("%s failed and stay in the queue; they come again when their visibility timeout ends, until the queue's redrive policy moves them", ui.Count(failed, "message")))
	}
	return nil
}
