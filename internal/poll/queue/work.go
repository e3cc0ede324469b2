package queue

import (
	"maps"
	"slices"
	"sync"
	"time"

	"fanout/internal/poll"
)

// work is the messages that the poller has received and neither deleted nor left in the queue.
type work struct {
	mu     sync.Mutex
	freed  *sync.Cond          // a group is no longer busy
	held   map[string]*message // by id
	groups map[string]*group   // of a FIFO queue, by id: of held messages
	failed map[string]failure  // by id: messages that were left in the queue

	received int // calls that brought messages
	total    poll.ShardProgress
}

// group is a message group of a FIFO queue.
type group struct {
	held int  // messages
	busy bool // a batch with messages of the group is being delivered
	left int  // messages that went back to the queue
}

// failure is how a message failed.
type failure struct {
	times int
	last  time.Time
}

func newWork() *work {
	w := &work{held: make(map[string]*message), groups: make(map[string]*group), failed: make(map[string]failure)}
	w.freed = sync.NewCond(&w.mu)
	return w
}

// take takes messages into work, and returns the ones that were not. A message that is in work
// already has a new receipt handle, and only the last one counts (SQS guide, receipt handle).
func (w *work) take(received []*message) (fresh []*message) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, m := range received {
		if old := w.held[m.id]; old != nil {
			old.receipt = m.receipt
			continue
		}
		w.held[m.id] = m
		if m.group != "" {
			g := w.groups[m.group]
			if g == nil {
				g = new(group)
				w.groups[m.group] = g
			}
			g.held++
			m.turn = g.left
		}
		fresh = append(fresh, m)
	}
	if len(fresh) > 0 {
		w.received++
	}
	return fresh
}

// claim waits until no other batch with messages of the batch's groups is being delivered. It
// returns the messages that may be delivered now. The others have to wait in the queue for an
// earlier message of their group, which went back there.
func (w *work) claim(batch []*message) (ready []*message) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for slices.ContainsFunc(batch, func(m *message) bool { return m.group != "" && w.groups[m.group].busy }) {
		w.freed.Wait()
	}
	for _, m := range batch {
		g := w.groups[m.group]
		if g != nil {
			g.busy = true
		}
		if g == nil || m.turn == g.left {
			ready = append(ready, m)
		}
	}
	return ready
}

// settle ends the work on a claimed batch: the messages that are not gone are left in the
// queue.
func (w *work) settle(batch []*message, gone map[*message]bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, m := range batch {
		delete(w.held, m.id)
		g := w.groups[m.group]
		if g == nil {
			continue
		}
		g.busy = false
		if !gone[m] {
			g.left++
		}
		if g.held--; g.held == 0 {
			delete(w.groups, m.group)
		}
	}
	w.freed.Broadcast()
}

// forgetful is the number of failed messages from which on old ones are forgotten, because they
// may have left the queue: with its redrive policy, or to another consumer.
const forgetful = 10_000

// book books the result of an invocation for the messages of its batch. It returns how often the
// message has failed that failed most often.
func (w *work) book(batch []*message, failed func(*message) bool) (acked, most int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.failed) > forgetful {
		maps.DeleteFunc(w.failed, func(_ string, f failure) bool { return time.Since(f.last) > time.Hour })
	}
	w.total.Batches++
	if slices.ContainsFunc(batch, func(m *message) bool { return w.failed[m.id].times > 0 }) {
		w.total.Retries++
	}
	for _, m := range batch {
		if !failed(m) {
			acked++
			delete(w.failed, m.id)
			continue
		}
		f := failure{w.failed[m.id].times + 1, time.Now()}
		w.failed[m.id] = f
		most = max(most, f.times)
	}
	w.total.Records += int64(acked)
	return acked, most
}

// fly books messages that the handler gets, or has got with n below 0.
func (w *work) fly(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.total.InFlight += int64(n)
}

func (w *work) failing() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.failed)
}

// moment is what idleSince compares.
type moment struct{ received, held int }

func (w *work) now() moment {
	w.mu.Lock()
	defer w.mu.Unlock()
	return moment{w.received, len(w.held)}
}

// idleSince reports whether there has been no work since then, so that a call that found the
// queue empty has missed no message that was waiting for another.
func (w *work) idleSince(then moment) bool { return then.held == 0 && w.now() == then }

// receipts returns the receipt handles of messages.
func (w *work) receipts(some []*message) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := make([]string, len(some))
	for i, m := range some {
		all[i] = m.receipt
	}
	return all
}

// inWork returns all messages in work.
func (w *work) inWork() []*message {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Collect(maps.Values(w.held))
}

// progress returns the progress at a time of the service's clock.
func (w *work) progress(now time.Time) poll.Progress {
	w.mu.Lock()
	defer w.mu.Unlock()
	p := poll.Progress{Total: w.total}
	p.Total.Pending = int64(len(w.held))
	for m := range maps.Values(w.held) {
		if !m.sent.IsZero() {
			p.Total.Lag = max(p.Total.Lag, now.Sub(m.sent))
		}
	}
	return p
}
