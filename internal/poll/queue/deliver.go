package queue

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"go.uber.org/zap"

	"fanout/engine/plain"
	"fanout/internal/poll"
)

// deliver hands a batch to the handler, in events that Lambda could pass to a function, and
// deletes what it acknowledges. It returns how many messages that were. Once ctx has ended,
// it begins no further event, and makes the messages that it has not begun visible again.
func (p *Poller) deliver(ctx context.Context, batch []*message) (acked int, err error) {
	ready := p.work.claim(batch)
	gone := make(map[*message]bool)
	defer func() { p.work.settle(batch, gone) }()
	blocked := make(map[string]bool) // groups with a message that is still in the queue
	after := context.WithoutCancel(ctx)
	for rest := ready; len(rest) > 0; {
		if ctx.Err() != nil || err != nil {
			p.hidden.Show(after, p.work.receipts(rest), 0)
			return acked, err
		}
		n := poll.Fit(rest, p.opts.BatchSize)
		var part []*message
		for _, m := range rest[:n] {
			if !blocked[m.group] {
				part = append(part, m)
			}
		}
		rest = rest[n:]
		if len(part) == 0 {
			continue
		}
		var done []*message
		if done, err = p.invoke(ctx, part); len(done) > 0 {
			acked += len(done)
			p.delete(after, done, gone)
		}
		for _, m := range part {
			if m.group != "" && !gone[m] {
				blocked[m.group] = true
			}
		}
	}
	return acked, err
}

// invoke calls the handler once and returns the messages that may be deleted: it acknowledged
// them and all earlier ones of their group. An error ends the run.
func (p *Poller) invoke(ctx context.Context, part []*message) (done []*message, err error) {
	p.work.fly(len(part))
	answer, cause := p.handle.Call(ctx, poll.Event(part), p.opts.Timeout)
	p.work.fly(-len(part))
	failed, cause := failedIn(part, answer, cause)
	blocked := make(map[string]bool)
	for _, m := range part {
		if failed[m.id] || m.group != "" && blocked[m.group] {
			failed[m.id], blocked[m.group] = true, true
			continue
		}
		done = append(done, m)
	}
	_, most := p.work.book(part, func(m *message) bool { return failed[m.id] })
	if cause != nil {
		p.log.Warn("messages were not delivered; they come again when their visibility timeout ends",
			zap.Error(cause), zap.Int("messages", len(failed)), zap.Int("failures", most))
	}
	if p.opts.GiveUp > 0 && most >= p.opts.GiveUp {
		return done, fmt.Errorf("a message of the queue %s was tried %d times and not delivered; it stays in the queue", p.arn, most)
	}
	return done, nil
}

// failedIn returns the ids of the messages that an invocation failed, and why. As with Lambda,
// an answer that names anything other than messages of the batch acknowledges none.
func failedIn(part []*message, answer []byte, cause error) (map[string]bool, error) {
	failed := make(map[string]bool)
	var ids []string
	if cause == nil {
		ids, cause = poll.Failed(answer)
	}
	for _, id := range ids {
		failed[id] = true
		if !slices.ContainsFunc(part, func(m *message) bool { return m.id == id }) {
			cause = poll.ErrNotInBatch
		}
	}
	switch {
	case cause != nil:
		clear(failed)
		for _, m := range part {
			failed[m.id] = true
		}
	case len(failed) > 0:
		cause = poll.Partly(len(part)-len(failed), len(part))
	}
	return failed, cause
}

// deletions is how many calls in a row may delete nothing before the messages are left.
const deletions = 5

// delete deletes messages, and adds the ones that the queue confirms to gone. Messages of one
// group go one after the other: should one come again, all later ones do.
func (p *Poller) delete(ctx context.Context, done []*message, gone map[*message]bool) {
	for failures := 0; len(done) > 0; {
		some := heads(done)
		cause := p.deleteBatch(ctx, some, gone)
		before := len(done)
		done = slices.DeleteFunc(done, func(m *message) bool { return gone[m] })
		if len(done) < before {
			failures = 0
			continue
		}
		if failures++; failures == deletions {
			p.log.Warn("delivered messages could not be deleted, so they will be delivered again", zap.Error(cause), zap.Int("messages", len(done)))
			return
		}
		poll.Sleep(ctx, poll.Backoff(failures))
	}
}

// heads returns the messages for one call: in a FIFO queue, only the first of each group.
func heads(all []*message) (some []*message) {
	seen := make(map[string]bool)
	for _, m := range all {
		if m.group != "" && seen[m.group] {
			continue
		}
		seen[m.group] = true
		if some = append(some, m); len(some) == perCall {
			break
		}
	}
	return some
}

// deleteBatch makes one call. Its error says why messages were not deleted.
func (p *Poller) deleteBatch(ctx context.Context, some []*message, gone map[*message]bool) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	in := &sqs.DeleteMessageBatchInput{QueueUrl: &p.url}
	for i, receipt := range p.work.receipts(some) {
		in.Entries = append(in.Entries, types.DeleteMessageBatchRequestEntry{Id: aws.String(entry(i)), ReceiptHandle: &receipt})
	}
	out, err := p.client.DeleteMessageBatch(ctx, in, once)
	if err != nil {
		return err
	}
	confirmed := make(map[string]bool)
	for _, e := range out.Successful {
		confirmed[aws.ToString(e.Id)] = true
	}
	for i, m := range some {
		if confirmed[entry(i)] {
			gone[m] = true
		}
	}
	for _, e := range out.Failed {
		err = fmt.Errorf("%s (%s)", plain.Line(aws.ToString(e.Message)), plain.Line(aws.ToString(e.Code)))
	}
	return err
}

// entry is the id of an entry in a call.
func entry(i int) string { return fmt.Sprint(i) }
