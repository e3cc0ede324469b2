package redrive

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"fanout/engine/plain"
	"fanout/internal/hide"
)

const (
	// invisible is how long a received message is hidden from other consumers. It is
	// renewed while the message is in work.
	invisible = 2 * time.Minute

	perCall = 10 // messages in one call (SQS API, ReceiveMessage and the batches)

	// A window is delivered together, so that its letters can be sorted.
	windowMessages = 1000
	windowBytes    = 32 << 20

	// stale is how many answers in a row may bring no new message before the queue
	// counts as empty.
	stale = 10

	deletions = 3 // attempts
)

// API is the part of *sqs.Client that a Queue uses.
type API interface {
	ReceiveMessage(context.Context, *sqs.ReceiveMessageInput, ...func(*sqs.Options)) (*sqs.ReceiveMessageOutput, error)
	DeleteMessageBatch(context.Context, *sqs.DeleteMessageBatchInput, ...func(*sqs.Options)) (*sqs.DeleteMessageBatchOutput, error)
	hide.API
}

// Queue is an SQS queue of envelopes.
type Queue struct {
	Client API
	URL    string
	Watch  bool // go on when the queue is empty
	Max    int  // messages to try; 0: all
	Keep   bool // delete nothing
	Window int  // messages that are delivered together; 0: as many as can be

	mu   sync.Mutex
	held map[string]string // receipt handles of messages in work, by message id
	kept map[string]string // receipt handles of messages left in the queue
}

// Counts are the results for messages.
type Counts struct {
	Received int `json:"received"`
	Deleted  int `json:"deleted"`
	Kept     int `json:"kept"` // they stay in the queue
}

// message is a message and its letters.
type message struct {
	id, receipt string
	letters     []Letter
	bytes       int
}

// Run receives messages and hands their letters to handle. handle sets Done on each
// delivered letter, and returns an error only if it makes no sense to go on. Run
// deletes messages whose letters are all done, and leaves the others in the queue.
// It returns when the queue is empty or ctx ends. Letters handed over by then are
// finished.
func (q *Queue) Run(ctx context.Context, handle func(context.Context, []*Letter) error) (c Counts, err error) {
	q.held, q.kept = make(map[string]string), make(map[string]string)
	after := context.WithoutCancel(ctx)
	hidden := &hide.Queue{Client: q.Client, URL: q.URL}
	stop := hidden.Keep(ctx, invisible, q.inWork)
	defer func() {
		stop()
		q.release(after, hidden)
	}()
	tried := make(map[string]bool)
	for ctx.Err() == nil && (q.Max == 0 || c.Received < q.Max) {
		window, err := q.gather(ctx, q.left(c.Received), tried)
		if len(window) == 0 {
			if err != nil || !q.Watch {
				return c, err
			}
			continue
		}
		c.Received += len(window)
		var letters []*Letter
		for i := range window {
			for k := range window[i].letters {
				letters = append(letters, &window[i].letters[k])
			}
		}
		failed := handle(after, letters)
		deleted, undeleted := q.settle(after, window)
		c.Deleted += deleted
		c.Kept = len(q.kept)
		if err := errors.Join(err, failed, undeleted); err != nil {
			return c, err
		}
	}
	return c, nil
}

// left returns how many messages the next window may have.
func (q *Queue) left(received int) int {
	most := windowMessages
	if q.Window > 0 {
		most = min(most, q.Window)
	}
	if q.Max > 0 {
		most = min(most, q.Max-received)
	}
	return most
}

// gather receives new messages until there are enough or no more. With Watch it
// also receives messages that were left and come back.
func (q *Queue) gather(ctx context.Context, most int, tried map[string]bool) (window []message, err error) {
	wait, bytes, old := int32(1), 0, 0
	if q.Watch {
		wait = 20 // the longest (SQS guide, long polling)
	}
	for len(window) < most && bytes < windowBytes && old < stale {
		out, err := q.Client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
			QueueUrl: &q.URL, MaxNumberOfMessages: int32(min(perCall, most-len(window))), //nolint:gosec // at most 10
			WaitTimeSeconds: wait, VisibilityTimeout: int32(invisible / time.Second),
		})
		if err != nil && ctx.Err() == nil {
			return window, fmt.Errorf("the queue cannot be read: %w", err)
		}
		if err != nil || len(out.Messages) == 0 {
			return window, nil
		}
		wait = 1
		old++
		for i := range out.Messages {
			m := receive(&out.Messages[i])
			if q.again(m) {
				continue
			}
			if tried[m.id] && !q.Watch {
				q.keep(m)
				continue
			}
			tried[m.id], old = true, 0
			q.hold(m)
			window, bytes = append(window, m), bytes+m.bytes
		}
	}
	return window, nil
}

// receive reads a message.
func receive(in *types.Message) message {
	body := aws.ToString(in.Body)
	return message{aws.ToString(in.MessageId), aws.ToString(in.ReceiptHandle), text(body, 0), len(body)}
}

// again reports whether m is in work already: queues may deliver twice. Only the
// last receipt handle counts.
func (q *Queue) again(m message) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	_, ok := q.held[m.id]
	if ok {
		q.held[m.id] = m.receipt
	}
	return ok
}

func (q *Queue) hold(m message) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.held[m.id] = m.receipt
	delete(q.kept, m.id)
}

func (q *Queue) keep(m message) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if last, ok := q.held[m.id]; ok {
		m.receipt = last
	}
	delete(q.held, m.id)
	q.kept[m.id] = m.receipt
}

// settle deletes the messages whose letters are all done, and leaves the others.
// Its error covers the messages that it could not delete: they come again.
func (q *Queue) settle(ctx context.Context, window []message) (deleted int, err error) {
	var done []message
	for _, m := range window {
		if q.Keep || slices.ContainsFunc(m.letters, func(l Letter) bool { return !l.Done }) {
			q.keep(m)
		} else {
			done = append(done, m)
		}
	}
	for try := 0; len(done) > 0 && try < deletions; try++ {
		var rest []message
		for some := range slices.Chunk(done, perCall) {
			left, failed := q.delete(ctx, some)
			if failed != nil {
				err = failed
			}
			deleted += len(some) - len(left)
			rest = append(rest, left...)
		}
		done = rest
	}
	if len(done) == 0 {
		return deleted, nil
	}
	for _, m := range done {
		q.keep(m)
	}
	return deleted, fmt.Errorf("%d of the messages with delivered records could not be deleted, so their records would be delivered again: %w", len(done), err)
}

// delete makes one call and returns the messages that are not deleted.
func (q *Queue) delete(ctx context.Context, some []message) (left []message, err error) {
	in := &sqs.DeleteMessageBatchInput{QueueUrl: &q.URL}
	q.mu.Lock()
	for i, m := range some {
		in.Entries = append(in.Entries, types.DeleteMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), ReceiptHandle: aws.String(q.held[m.id])})
	}
	q.mu.Unlock()
	out, err := q.Client.DeleteMessageBatch(ctx, in)
	if err != nil {
		return some, err
	}
	gone := make(map[string]bool)
	err = errors.New("the queue did not confirm the deletion")
	for _, e := range out.Successful {
		gone[aws.ToString(e.Id)] = true
	}
	for _, e := range out.Failed {
		err = fmt.Errorf("%s (%s)", plain.Line(aws.ToString(e.Message)), plain.Line(aws.ToString(e.Code)))
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	for i, m := range some {
		if gone[strconv.Itoa(i)] {
			delete(q.held, m.id)
		} else {
			left = append(left, m)
		}
	}
	return left, err
}

// inWork returns the receipt handles of messages in work.
func (q *Queue) inWork() []string {
	q.mu.Lock()
	defer q.mu.Unlock()
	return slices.Collect(maps.Values(q.held))
}

// release makes the remaining messages visible at once.
func (q *Queue) release(ctx context.Context, hidden *hide.Queue) {
	maps.Copy(q.kept, q.held)
	hidden.Show(ctx, slices.Collect(maps.Values(q.kept)), 0)
}
