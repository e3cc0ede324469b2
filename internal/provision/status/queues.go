package status

import (
	"context"
	"slices"
	"strconv"
	"time"

	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"fanout/internal/awserr"
	"fanout/sinks"
	"fanout/sinks/sqs"
	"fanout/sinks/sqs/setup"
)

// QueuesAPI is the part of a client of SQS that a Reader needs.
type QueuesAPI interface {
	GetQueueAttributes(context.Context, *awssqs.GetQueueAttributesInput, ...func(*awssqs.Options)) (*awssqs.GetQueueAttributesOutput, error)
}

// maxQueueTime bounds the time to read queues.
const maxQueueTime = 10 * time.Second

// queueHost makes a client call the host of a queue.
func queueHost(d *sinks.Destination) func(*awssqs.Options) { return setup.Host(d) }

// queue is a queue of records that were not delivered.
type queue struct {
	name string // as redrive takes it
	held int    // records
	err  error
}

// readQueues reads how many records wait in the queues for failures: the function's, and those
// of active targets.
func (d *reading) readQueues(ctx context.Context) {
	names := []string{d.options.OnFailure}
	for i := range d.Sources {
		for k := range d.Sources[i].Targets {
			if t := &d.Sources[i].Targets[k]; t.Condition != Inactive {
				names = append(names, t.queue)
			}
		}
	}
	ctx, cancel := context.WithTimeout(ctx, maxQueueTime) // a queue's host may be silent from here
	defer cancel()
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		if name == "" {
			continue
		}
		held, err := d.held(ctx, name)
		d.queues = append(d.queues, queue{name, held, err})
		d.unknown("records in the failures queue "+name, err)
	}
}

// held returns the number of messages in a queue.
func (d *reading) held(ctx context.Context, name string) (int, error) {
	at, err := sqs.Parse(name)
	if err != nil {
		return 0, err
	}
	url := at.URL()
	out, err := d.Queues(&at).GetQueueAttributes(ctx, &awssqs.GetQueueAttributesInput{
		QueueUrl: &url, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameApproximateNumberOfMessages},
	})
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(out.Attributes[string(types.QueueAttributeNameApproximateNumberOfMessages)])
}

// judgeQueues judges the queues for failures.
func (d *reading) judgeQueues() {
	for i := range d.queues {
		q := &d.queues[i]
		subject := "failures queue " + q.name
		switch {
		case awserr.IsMissing(q.err):
			d.problem(Attention, subject, "run "+d.command("doctor"), "the queue does not exist")
		case q.err != nil:
			d.problem(Unclear, subject, ask(q.err), "it cannot be read: %s", why(q.err))
		case q.held == 1:
			d.problem(Attention, subject, "when the cause is mended, "+d.redriveFrom(q.name), "1 record waits in it")
		case q.held > 0:
			d.problem(Attention, subject, "when the cause is mended, "+d.redriveFrom(q.name), "%d records wait in it", q.held)
		}
	}
}
