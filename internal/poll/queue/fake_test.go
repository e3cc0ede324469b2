package queue

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"
)

const (
	standardARN = "arn:aws:sqs:eu-west-1:123456789012:orders"
	fifoARN     = "arn:aws:sqs:eu-west-1:123456789012:orders.fifo"
	url         = "https://sqs.eu-west-1.amazonaws.com/123456789012/orders"
)

// The SDK's client implements the interface.
var _ API = (*sqs.Client)(nil)

// fakeQueue is a queue in memory. A FIFO queue gives no message of a group while another one
// of it is in flight.
type fakeQueue struct {
	fifo    bool
	timeout int // seconds; the queue's visibility timeout

	// before decides about a call: an error before it has an effect, or one that hides its
	// answer. op is receive, delete, renew or look.
	before func(op string) (refused, lost error)
	// entry decides about an entry of a batch; an error refuses it.
	entry func(op string) error
	// twice reports whether a standard queue gives a message that is in flight.
	twice func() bool
	// deleting is told of every message that is deleted.
	deleting func(*fakeMessage)

	unlocked bool // gives messages of a group in any case
	lying    bool // confirms every second deletion without deleting
	loses    bool // forgets messages that it gives
	doubles  bool // gives a message a new id each time

	mu       sync.Mutex
	messages []*fakeMessage
	calls    map[string]int
	receipts int
}

type fakeMessage struct {
	id, group string
	place     int // in the group, or the queue
	receipt   string
	times     int       // received
	hidden    time.Time // until then
}

func newFakeQueue(fifo bool) *fakeQueue {
	return &fakeQueue{
		fifo: fifo, timeout: 30, calls: make(map[string]int),
		before: func(string) (error, error) { return nil, nil }, entry: func(string) error { return nil },
		twice: func() bool { return false }, deleting: func(*fakeMessage) {},
	}
}

func (f *fakeQueue) arn() string {
	if f.fifo {
		return fifoARN
	}
	return standardARN
}

// put adds a message to a group.
func (f *fakeQueue) put(group string, place int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.messages = append(f.messages, &fakeMessage{id: fmt.Sprintf("%s-%d", group, place), group: group, place: place})
}

func (f *fakeQueue) len() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.messages)
}

func (f *fakeQueue) count(op string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls[op]
}

// call makes a call, with its faults. It holds the lock during the effect.
func (f *fakeQueue) call(op string, effect func()) error {
	refused, lost := f.before(op)
	if refused != nil {
		return refused
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls[op]++
	effect()
	return lost
}

func (f *fakeQueue) GetQueueAttributes(context.Context, *sqs.GetQueueAttributesInput, ...func(*sqs.Options)) (*sqs.GetQueueAttributesOutput, error) {
	err := f.call("look", func() {})
	return &sqs.GetQueueAttributesOutput{Attributes: map[string]string{"VisibilityTimeout": strconv.Itoa(f.timeout)}}, err
}

func (f *fakeQueue) ReceiveMessage(ctx context.Context, in *sqs.ReceiveMessageInput, _ ...func(*sqs.Options)) (*sqs.ReceiveMessageOutput, error) {
	until := time.Now().Add(time.Duration(in.WaitTimeSeconds) * time.Second)
	for {
		out := new(sqs.ReceiveMessageOutput)
		err := f.call("receive", func() {
			out.Messages = f.take(int(in.MaxNumberOfMessages), time.Duration(in.VisibilityTimeout)*time.Second)
		})
		if err != nil {
			return nil, err
		}
		if len(out.Messages) > 0 || !time.Now().Before(until) {
			return out, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(time.Second):
		}
	}
}

// take gives up to n messages.
func (f *fakeQueue) take(n int, hidden time.Duration) (all []types.Message) {
	now := time.Now()
	locked := make(map[string]bool)
	for _, m := range f.messages {
		if f.fifo && !f.unlocked && now.Before(m.hidden) {
			locked[m.group] = true
		}
	}
	for _, m := range slices.Clone(f.messages) {
		if len(all) == n {
			break
		}
		if now.Before(m.hidden) && (f.fifo || !f.twice()) || locked[m.group] {
			continue
		}
		f.receipts++
		m.receipt, m.hidden = fmt.Sprint("receipt-", f.receipts), now.Add(hidden)
		m.times++
		if f.doubles {
			m.id = m.receipt
		}
		if f.loses {
			f.messages = slices.DeleteFunc(f.messages, func(other *fakeMessage) bool { return other == m })
		}
		attributes := map[string]string{"SentTimestamp": "1763842500000", "ApproximateReceiveCount": strconv.Itoa(m.times)}
		if f.fifo {
			attributes["MessageGroupId"] = m.group
		}
		all = append(all, types.Message{
			MessageId: aws.String(m.id), ReceiptHandle: aws.String(m.receipt), Body: aws.String(fmt.Sprintf("%s %d", m.group, m.place)), Attributes: attributes,
			MessageAttributes: map[string]types.MessageAttributeValue{"team": {DataType: aws.String("String"), StringValue: aws.String("a")}},
		})
	}
	return all
}

// find returns the place of the message that a receipt handle still stands for, -1 if there
// is none.
func (f *fakeQueue) find(receipt string) int {
	return slices.IndexFunc(f.messages, func(m *fakeMessage) bool {
		return m.receipt == receipt && (!f.fifo || time.Now().Before(m.hidden))
	})
}

func (f *fakeQueue) DeleteMessageBatch(_ context.Context, in *sqs.DeleteMessageBatchInput, _ ...func(*sqs.Options)) (*sqs.DeleteMessageBatchOutput, error) {
	out := new(sqs.DeleteMessageBatchOutput)
	err := f.call("delete", func() {
		for _, e := range in.Entries {
			i, refused := f.find(*e.ReceiptHandle), f.entry("delete")
			switch {
			case refused != nil || i < 0 && f.fifo:
				out.Failed = append(out.Failed, types.BatchResultErrorEntry{Id: e.Id, Code: aws.String("InternalError"), Message: aws.String("try again")})
				continue
			case i >= 0 && f.lying && f.receipts%2 == 0:
			case i >= 0:
				f.deleting(f.messages[i])
				f.messages = slices.Delete(f.messages, i, i+1)
			}
			out.Successful = append(out.Successful, types.DeleteMessageBatchResultEntry{Id: e.Id})
		}
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (f *fakeQueue) ChangeMessageVisibilityBatch(_ context.Context, in *sqs.ChangeMessageVisibilityBatchInput, _ ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityBatchOutput, error) {
	err := f.call("renew", func() {
		for _, e := range in.Entries {
			if i := f.find(*e.ReceiptHandle); i >= 0 && time.Now().Before(f.messages[i].hidden) && f.entry("renew") == nil {
				f.messages[i].hidden = time.Now().Add(time.Duration(e.VisibilityTimeout) * time.Second)
			}
		}
	})
	return new(sqs.ChangeMessageVisibilityBatchOutput), err
}

func apiError(code string) error {
	return &smithy.GenericAPIError{Code: code, Message: "the service's words"}
}

var errLost = errors.New("connection reset")
