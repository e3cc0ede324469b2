// Package queue reads an SQS queue as Lambda's event source mapping does. It hands the
// messages to a handler as Lambda events, and deletes the ones that the handler acknowledges.
//
// Several receivers work side by side. A message stays hidden from other consumers while it is
// in work. A message that is not acknowledged is left alone: it comes again when its visibility
// timeout ends, until the queue's redrive policy moves it away (Lambda guide, Using Lambda with
// Amazon SQS). A message may be delivered twice, but none is deleted before it is acknowledged.
//
// A FIFO queue keeps its order: no message is delivered or deleted while an earlier message of
// its group is not.
package queue

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/sourcegraph/conc/pool"
	"go.uber.org/zap"

	"fanout/internal/hide"
	"fanout/internal/poll"
)

// API is the part of *sqs.Client that a [Poller] uses.
type API interface {
	GetQueueAttributes(context.Context, *sqs.GetQueueAttributesInput, ...func(*sqs.Options)) (*sqs.GetQueueAttributesOutput, error)
	ReceiveMessage(context.Context, *sqs.ReceiveMessageInput, ...func(*sqs.Options)) (*sqs.ReceiveMessageOutput, error)
	DeleteMessageBatch(context.Context, *sqs.DeleteMessageBatchInput, ...func(*sqs.Options)) (*sqs.DeleteMessageBatchOutput, error)
	hide.API
}

// Options say how a [Poller] reads and delivers.
type Options struct {
	BatchSize   int           // messages in an event, 1 to 10,000, of a FIFO queue to 10; 0: 10
	Concurrency int           // invocations at a time; 0: 5
	Timeout     time.Duration // of one invocation; 0: 30 s

	// Once ends the run when the queue gives no more messages.
	Once bool

	// GiveUp ends the run with an error when a message has failed that many times; 0: never.
	GiveUp int

	Log *zap.Logger // nil: no log
}

const (
	perCall = 10 // messages (SQS API, ReceiveMessage and the batches)

	MaxBatchSize       = 10_000 // Lambda's limit on event source mappings
	MaxFIFOBatchSize   = 10     // likewise of FIFO queues
	DefaultBatchSize   = 10     // Lambda's default
	DefaultConcurrency = 5      // the number of batches that Lambda begins with
	defaultTimeout     = 30 * time.Second

	// callTimeout bounds a call. The longest waits 20 seconds for a message.
	callTimeout = 30 * time.Second

	// minVisibility leaves time to renew the visibility of messages, whatever the queue's
	// timeout is.
	minVisibility = 10 * time.Second

	permissions = "sqs:GetQueueAttributes, sqs:ReceiveMessage, sqs:DeleteMessage and sqs:ChangeMessageVisibility, and kms:Decrypt if it is encrypted"
)

// IsFIFO reports whether the ARN or URL of a queue is that of a FIFO queue.
func IsFIFO(queue string) bool { return strings.HasSuffix(queue, ".fifo") }

// check returns o with its defaults, or an error with every fault.
func (o Options) check(fifo bool) (Options, error) {
	var faults []error
	most := MaxBatchSize
	if fifo {
		most = MaxFIFOBatchSize
	}
	if o.BatchSize < 0 || o.BatchSize > most {
		faults = append(faults, fmt.Errorf("the option BatchSize is %d; it must be 1 to %d", o.BatchSize, most))
	}
	if o.Concurrency < 0 {
		faults = append(faults, fmt.Errorf("the option Concurrency is %d; it must be 1 or more", o.Concurrency))
	}
	if o.Timeout < 0 {
		faults = append(faults, fmt.Errorf("the option Timeout is %v; it must be longer than 0", o.Timeout))
	}
	if o.BatchSize == 0 {
		o.BatchSize = DefaultBatchSize
	}
	if o.Concurrency == 0 {
		o.Concurrency = DefaultConcurrency
	}
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	if o.Log == nil {
		o.Log = zap.NewNop()
	}
	return o, errors.Join(faults...)
}

// Poller reads one queue. Make it with [New].
type Poller struct {
	client   API
	arn, url string
	region   string
	fifo     bool
	handle   poll.Handler
	opts     Options
	log      *poll.Warner
	clock    poll.Clock // of the service

	visibility time.Duration // of a message that is received
	hidden     hide.Queue
	work       *work
}

// New returns a Poller of the queue with the given ARN and URL. The client's own retries are
// not used. The error lists every fault.
func New(client API, queueARN, url string, h poll.Handler, o Options) (*Poller, error) {
	a, err := arn.Parse(queueARN)
	opts, faults := o.check(IsFIFO(queueARN))
	if err != nil || a.Service != "sqs" || a.Resource == "" {
		faults = errors.Join(faults, fmt.Errorf("%q is not the ARN of a queue, such as arn:aws:sqs:eu-west-1:123456789012:name", queueARN))
	}
	if faults != nil {
		return nil, faults
	}
	p := &Poller{
		client: client, arn: queueARN, url: url, region: a.Region, fifo: IsFIFO(queueARN), handle: h, opts: opts,
		log: poll.NewWarner(opts.Log.With(zap.String("queue", queueARN))), work: newWork(),
	}
	p.hidden = hide.Queue{Client: client, URL: url, Options: []func(*sqs.Options){once}, Failed: func(err error) {
		p.log.Warn("messages in work could not be kept hidden; they may be delivered twice", zap.Error(err))
	}}
	return p, nil
}

// Run reads and delivers until ctx ends, or, with Options.Once, until the queue gives no more
// messages. It then finishes the invocations in progress and returns nil. Run returns an error
// if the queue cannot be read and no retry can help, or if a message was given up
// (Options.GiveUp). Only one Run at a time is allowed.
func (p *Poller) Run(ctx context.Context) error {
	if err := p.begin(ctx); err != nil || ctx.Err() != nil {
		return err
	}
	defer p.hidden.Keep(ctx, p.visibility, func() []string { return p.work.receipts(p.work.inWork()) })()
	receivers := pool.New().WithContext(ctx).WithCancelOnError().WithFirstError()
	for range p.opts.Concurrency {
		receivers.Go(p.receiveAndDeliver)
	}
	return receivers.Wait()
}

// firstTries is how often the first call may fail with an error that may heal. If a queue was
// never reached, a wrong setting is more likely than an outage.
const firstTries = 5

// begin reads the queue's visibility timeout. It returns no error if ctx ends.
func (p *Poller) begin(ctx context.Context) error {
	for tries := 1; ; tries++ {
		timeout, err := p.timeout(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err == nil:
			p.visibility = max(timeout, minVisibility)
			return nil
		}
		if err := p.permanent(err); err != nil {
			return err
		}
		if tries >= firstTries && !poll.Busy(err) {
			return fmt.Errorf("the queue %s could not be read; check the network, the endpoint and the credentials: %w", p.arn, err)
		}
		p.log.Warn("the queue could not be read; trying again", zap.Error(err), zap.Int("failures", tries))
		poll.Sleep(ctx, poll.Backoff(tries))
	}
}

// permanent returns the error that ends the run if a retry cannot help, or nil.
func (p *Poller) permanent(err error) error { return poll.Permanent("queue "+p.arn, permissions, err) }

// receiveAndDeliver receives batches and delivers them, until ctx ends or, with
// Options.Once, the queue is empty. Its error ends the run.
func (p *Poller) receiveAndDeliver(ctx context.Context) error {
	for failures := 0; ctx.Err() == nil; {
		before := p.work.now()
		begin := time.Now()
		batch, err := p.gather(ctx)
		switch {
		case err != nil:
			if ctx.Err() != nil {
				return nil
			}
			if err := p.permanent(err); err != nil {
				return err
			}
			failures++
			p.log.Warn("the queue could not be read; trying again", zap.Error(err), zap.Int("failures", failures))
			poll.Sleep(ctx, poll.Backoff(failures))
			continue
		case len(batch) == 0 && p.opts.Once && p.work.idleSince(before):
			return nil
		case len(batch) == 0:
			poll.Sleep(ctx, time.Until(begin.Add(minInterval)))
			continue
		}
		acked, err := p.deliver(ctx, batch)
		if err != nil {
			return err
		}
		if failures++; acked > 0 {
			failures = 0
			continue
		}
		poll.Sleep(ctx, poll.Backoff(failures))
	}
	return nil
}

// Progress returns how far the poller has come. It is safe for concurrent use with Run.
func (p *Poller) Progress() poll.Progress { return p.work.progress(p.clock.Now()) }

// Failed returns the number of messages that failed last time, and are in the queue as far as
// is known.
func (p *Poller) Failed() int { return p.work.failing() }
