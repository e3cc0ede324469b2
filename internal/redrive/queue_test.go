package redrive

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// fakeQueue is a standard queue: it returns messages in any order, sometimes twice,
// and its calls fail at random.
type fakeQueue struct {
	mu       sync.Mutex
	rnd      *rand.Rand
	trouble  bool // calls fail
	messages []*fakeMessage
	deletes  func(m *fakeMessage) // called on each deletion
	calls    map[string]int
}

type fakeMessage struct {
	id, body string
	receipts int
	hidden   time.Time
	gone     bool
}

var errBroken = errors.New("it broke")

func (q *fakeQueue) fails(call string) bool {
	if q.calls == nil {
		q.calls = make(map[string]int)
	}
	q.calls[call]++
	return q.trouble && q.rnd.IntN(8) == 0
}

func (q *fakeQueue) ReceiveMessage(ctx context.Context, in *sqs.ReceiveMessageInput, _ ...func(*sqs.Options)) (*sqs.ReceiveMessageOutput, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.fails("receive") {
		return nil, errBroken
	}
	out := new(sqs.ReceiveMessageOutput)
	for _, i := range q.rnd.Perm(len(q.messages)) {
		m := q.messages[i]
		early := q.trouble && q.rnd.IntN(30) == 0
		if m.gone || time.Now().Before(m.hidden) && !early || len(out.Messages) == int(in.MaxNumberOfMessages) {
			continue
		}
		m.hidden = time.Now().Add(time.Duration(in.VisibilityTimeout) * time.Second)
		m.receipts++
		out.Messages = append(out.Messages, types.Message{MessageId: &m.id, Body: &m.body, ReceiptHandle: aws.String(fmt.Sprint(m.id, "/", m.receipts))})
	}
	if len(out.Messages) == 0 {
		q.mu.Unlock()
		defer q.mu.Lock()
		select {
		case <-time.After(time.Duration(in.WaitTimeSeconds) * time.Second):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return out, nil
}

func (q *fakeQueue) find(receipt string) *fakeMessage {
	for _, m := range q.messages {
		if fmt.Sprint(m.id, "/", m.receipts) == receipt {
			return m
		}
	}
	return nil
}

func (q *fakeQueue) DeleteMessageBatch(_ context.Context, in *sqs.DeleteMessageBatchInput, _ ...func(*sqs.Options)) (*sqs.DeleteMessageBatchOutput, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.fails("delete") {
		return nil, errBroken
	}
	out := new(sqs.DeleteMessageBatchOutput)
	for _, e := range in.Entries {
		m := q.find(*e.ReceiptHandle)
		switch {
		case q.trouble && q.rnd.IntN(5) == 0: // the answer does not mention the entry
		case m == nil || q.trouble && q.rnd.IntN(5) == 0:
			out.Failed = append(out.Failed, types.BatchResultErrorEntry{Id: e.Id, Code: aws.String("ReceiptHandleIsInvalid"), Message: aws.String("refused")})
		default:
			m.gone = true
			if q.deletes != nil {
				q.deletes(m)
			}
			out.Successful = append(out.Successful, types.DeleteMessageBatchResultEntry{Id: e.Id})
		}
	}
	return out, nil
}

func (q *fakeQueue) ChangeMessageVisibilityBatch(_ context.Context, in *sqs.ChangeMessageVisibilityBatchInput, _ ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityBatchOutput, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.fails("visibility") {
		return nil, errBroken
	}
	for _, e := range in.Entries {
		if m := q.find(*e.ReceiptHandle); m != nil {
			m.hidden = time.Now().Add(time.Duration(e.VisibilityTimeout) * time.Second)
		}
	}
	return new(sqs.ChangeMessageVisibilityBatchOutput), nil
}

// put adds n messages to the queue, some with several letters or none.
func (q *fakeQueue) put(n int) {
	for i := range n {
		body := letter("t", fmt.Sprint(i))
		switch i % 10 {
		case 3:
			body = `{"Records":[` + body + "," + letter("t", fmt.Sprint(i, "5")) + `]}`
		case 7:
			body = "no letter"
		}
		q.messages = append(q.messages, &fakeMessage{id: fmt.Sprint("m", i), body: body})
	}
}

func (q *fakeQueue) left() (n int) {
	for _, m := range q.messages {
		if !m.gone {
			n++
		}
	}
	return n
}

// Under any fault, a message is deleted only if all its letters are done, and a
// message that stays is visible again after the run.
func TestRunModel(t *testing.T) {
	for seed := range uint64(300) {
		synctest.Test(t, func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(seed, 1))
			done := make(map[string]bool) // by sequence number
			fake := &fakeQueue{rnd: rand.New(rand.NewPCG(seed, 2)), trouble: true}
			fake.put(1 + rnd.IntN(60))
			fake.deletes = func(m *fakeMessage) {
				for _, l := range text(m.body, 0) {
					if l.Err != nil || !done[l.Sequence] {
						t.Errorf("seed %d: message %s was deleted although %s was not delivered", seed, m.id, l.Sequence)
					}
				}
			}
			for runs := 0; ; runs++ {
				if runs == 8 {
					fake.trouble = false // the service recovers
				}
				q := &Queue{Client: fake, URL: "queue", Max: rnd.IntN(2) * 15}
				before := fake.left()
				counts, err := q.Run(t.Context(), func(_ context.Context, letters []*Letter) error {
					time.Sleep(time.Duration(rnd.IntN(300)) * time.Second)
					for _, l := range letters {
						if l.Err == nil && (!fake.trouble || rnd.IntN(3) > 0) {
							l.Done = true
							done[l.Sequence] = true
						}
					}
					if fake.trouble && rnd.IntN(20) == 0 {
						return errBroken
					}
					return nil
				})
				if counts.Deleted != before-fake.left() {
					t.Errorf("seed %d: %d deleted of %d, and %d are left", seed, counts.Deleted, before, fake.left())
				}
				if err == nil && counts.Deleted+counts.Kept != counts.Received {
					t.Errorf("seed %d: the counts do not add up: %+v", seed, counts)
				}
				if err != nil && !fake.trouble {
					t.Errorf("seed %d: %v", seed, err)
				}
				if !fake.trouble {
					for _, m := range fake.messages {
						if !m.gone && m.hidden.After(time.Now()) && q.Max == 0 {
							t.Errorf("seed %d: message %s stays, and nobody sees it", seed, m.id)
						}
					}
				}
				time.Sleep(invisible)
				if !fake.trouble && q.Max == 0 {
					break
				}
			}
			for _, m := range fake.messages {
				if m.gone == (m.body == "no letter") {
					t.Errorf("seed %d: message %s: deleted is %v", seed, m.id, m.gone)
				}
			}
		})
	}
}

// Other consumers do not get messages in work.
func TestRunRenews(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := &fakeQueue{rnd: rand.New(rand.NewPCG(1, 1))}
		fake.put(3)
		counts, err := (&Queue{Client: fake}).Run(t.Context(), func(_ context.Context, letters []*Letter) error {
			for range 100 {
				time.Sleep(invisible / 2)
				fake.mu.Lock()
				for _, m := range fake.messages {
					if !m.hidden.After(time.Now()) {
						t.Errorf("message %s is visible while it is worked on", m.id)
					}
				}
				fake.mu.Unlock()
			}
			for _, l := range letters {
				l.Done = true
			}
			return nil
		})
		if err != nil || counts != (Counts{Received: 3, Deleted: 3}) {
			t.Errorf("%+v, %v", counts, err)
		}
	})
}

// With Watch, Run handles new messages, retries failed ones when they come back,
// and ends with its context after the work in progress.
func TestRunWatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := &fakeQueue{rnd: rand.New(rand.NewPCG(1, 1))}
		ctx, stop := context.WithCancel(t.Context())
		tries := 0
		go func() {
			time.Sleep(time.Hour)
			fake.mu.Lock()
			fake.put(1)
			fake.mu.Unlock()
			time.Sleep(time.Hour)
			stop()
		}()
		counts, err := (&Queue{Client: fake, Watch: true}).Run(ctx, func(ctx context.Context, letters []*Letter) error {
			tries++
			letters[0].Done = tries == 3
			return ctx.Err()
		})
		if err != nil || tries != 3 || counts != (Counts{Received: 3, Deleted: 1}) {
			t.Errorf("%d tries, %+v, %v", tries, counts, err)
		}
	})
}

func TestRunKeeps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := &fakeQueue{rnd: rand.New(rand.NewPCG(1, 1))}
		fake.put(3)
		counts, err := (&Queue{Client: fake, Keep: true}).Run(t.Context(), func(_ context.Context, letters []*Letter) error {
			for _, l := range letters {
				l.Done = true
			}
			return nil
		})
		if err != nil || counts != (Counts{Received: 3, Kept: 3}) || fake.left() != 3 || fake.calls["delete"] > 0 {
			t.Errorf("%+v, %v; %d are left", counts, err, fake.left())
		}
	})
}

// Run reports messages that it could not delete, because they would be delivered
// again.
func TestRunCannotDelete(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := &undeletable{fakeQueue{rnd: rand.New(rand.NewPCG(1, 1))}}
		fake.put(3)
		counts, err := (&Queue{Client: fake}).Run(t.Context(), func(_ context.Context, letters []*Letter) error {
			for _, l := range letters {
				l.Done = true
			}
			return nil
		})
		if err == nil || !strings.HasPrefix(err.Error(), "3 of the messages with delivered records could not be deleted") || counts != (Counts{Received: 3, Kept: 3}) {
			t.Errorf("%+v, %v", counts, err)
		}
	})
}

type undeletable struct{ fakeQueue }

func (*undeletable) DeleteMessageBatch(context.Context, *sqs.DeleteMessageBatchInput, ...func(*sqs.Options)) (*sqs.DeleteMessageBatchOutput, error) {
	return new(sqs.DeleteMessageBatchOutput), nil
}
