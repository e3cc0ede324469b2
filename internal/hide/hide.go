// Package hide keeps messages of an SQS queue hidden from other consumers while they are in
// work.
package hide

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

const (
	perCall     = 10 // messages (SQS API, ChangeMessageVisibilityBatch)
	callTimeout = 30 * time.Second
)

// API is the part of *sqs.Client that a [Queue] uses.
type API interface {
	ChangeMessageVisibilityBatch(context.Context, *sqs.ChangeMessageVisibilityBatchInput, ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityBatchOutput, error)
}

// Queue is the queue of the messages.
type Queue struct {
	Client  API
	URL     string
	Options []func(*sqs.Options) // of each call
	Failed  func(error)          // gets the error of a call; nil: errors are ignored
}

// Keep keeps messages in work hidden until stop is called. It renews their visibility timeout d
// when a third of it is over, so two calls in a row may fail. If all fail, messages are
// delivered twice. receipts returns the receipt handles of the messages.
func (q *Queue) Keep(ctx context.Context, d time.Duration, receipts func() []string) (stop func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(d / 3)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				q.Show(ctx, receipts(), d)
			}
		}
	}()
	return func() {
		cancel()
		<-ended
	}
}

// Show makes messages visible after d, whole seconds. If a call fails, its messages become
// visible when their timeout ends.
func (q *Queue) Show(ctx context.Context, receipts []string, d time.Duration) {
	for some := range slices.Chunk(receipts, perCall) {
		if err := q.show(ctx, some, d); err != nil && ctx.Err() == nil && q.Failed != nil {
			q.Failed(err)
		}
	}
}

// show makes one call.
func (q *Queue) show(ctx context.Context, receipts []string, d time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	in := &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: &q.URL}
	for i, receipt := range receipts {
		in.Entries = append(in.Entries, types.ChangeMessageVisibilityBatchRequestEntry{
			Id: aws.String(strconv.Itoa(i)), ReceiptHandle: &receipt, VisibilityTimeout: int32(d / time.Second), //nolint:gosec // at most 12 hours
		})
	}
	_, err := q.Client.ChangeMessageVisibilityBatch(ctx, in, q.Options...)
	return err
}
