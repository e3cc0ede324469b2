package metrics

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/sourcegraph/conc/panics"
)

const (
	// patience bounds how long Publish waits for a send to end. It waits once for each
	// send.
	patience = 2 * time.Millisecond

	// callTimeout bounds one call.
	callTimeout = 10 * time.Second

	// interval is the time between sends. CloudWatch bills each call, and aggregates by the
	// minute.
	interval = time.Second

	// The pause in sending after a failure doubles with each further failure.
	firstPause = time.Second
	maxPause   = time.Minute

	// flushPause is the wait before Flush sends once more. It is short, because the
	// function has only 400 ms when its process ends.
	flushPause = 100 * time.Millisecond
)

// CloudWatch sends metrics with PutMetricData. It sends an invocation's metrics while the
// next invocation handles its records. Its memory is bounded.
type CloudWatch struct {
	client    Client
	namespace string

	mu       sync.Mutex
	held     tally
	sending  []*send // sends in progress: one started by Begin, and parallel ones of Flush
	failures int     // consecutive failures
	pause    time.Time
	faults   faults
}

// send is one transmission, of one or more calls.
type send struct {
	done chan struct{} // closed when it has ended

	// Read these only after done is closed.
	err  error // why it ended early
	kept bool  // metrics that CloudWatch did not accept may be sent later

	// Guarded by CloudWatch.mu.
	waited bool     // an invocation has already waited for it
	rest   []*entry // entries not yet sent
}

// NewCloudWatch returns a CloudWatch that sends through client.
func NewCloudWatch(client Client, namespace string) *CloudWatch {
	return &CloudWatch{client: client, namespace: namespace}
}

// Begin starts to send the metrics of earlier invocations, at most once per interval.
func (c *CloudWatch) Begin(ctx context.Context) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.sending) == 0 && !time.Now().Before(c.pause) {
		c.start(context.WithoutCancel(ctx)) // the send may outlive the invocation
	}
}

// Publish keeps the counts of inv for the next Begin or Flush.
func (c *CloudWatch) Publish(ctx context.Context, inv Invocation) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held.add(&inv)
	if len(c.sending) > 0 && !c.sending[0].waited {
		s := c.sending[0]
		s.waited = true
		c.mu.Unlock()
		wait(ctx, s, patience)
		c.mu.Lock()
	}
	if n := c.held.lost; n > 0 {
		c.held.lost = 0
		c.faults.add(fmt.Errorf("%d metric values are lost, because too many are waiting for CloudWatch", n))
	}
	return c.faults.report()
}

// Flush sends the pending metrics, in parallel with a send in progress, which may hang. It
// waits for its own send first and then for the other. It resends once the metrics that
// CloudWatch did not accept. Its error says which metrics could not be sent.
func (c *CloudWatch) Flush(ctx context.Context) error {
	var failed error // the error of Flush's last send
	for again := true; ; {
		c.mu.Lock()
		own := c.start(ctx)
		sending := slices.Clone(c.sending)
		c.mu.Unlock()
		if len(sending) == 0 {
			return nil
		}
		if own != nil {
			if !await(ctx, own.done) {
				return late(ctx, failed)
			}
			failed = own.err
			if own.kept && again {
				if !await(ctx, time.After(flushPause)) {
					return late(ctx, failed)
				}
				again = false
				continue
			}
		}
		for _, s := range sending {
			if !await(ctx, s.done) {
				return late(ctx, failed)
			}
		}
		if failed != nil {
			return failed
		}
	}
}

// await waits until done is closed or delivers a value. It reports false if ctx ends first.
func await[T any](ctx context.Context, done <-chan T) bool {
	select {
	case <-done:
		return true
	case <-ctx.Done():
		return false
	}
}

// late returns an error saying that ctx ended before all was sent, and why a send failed
// earlier, if one did.
func late(ctx context.Context, failed error) error {
	if failed != nil {
		return fmt.Errorf("the last metrics were not sent in time: %w; %w", ctx.Err(), failed)
	}
	return fmt.Errorf("the last metrics were not sent in time: %w", ctx.Err())
}

// wait returns when s ends, or after d.
func wait(ctx context.Context, s *send, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-s.done:
	case <-t.C:
	case <-ctx.Done():
	}
}

// start starts to send the pending entries and the unsent entries of sends in progress. It
// returns nil if there are none. c.mu must be held.
func (c *CloudWatch) start(ctx context.Context) *send {
	var entries []*entry
	for _, s := range c.sending {
		entries, s.rest = append(entries, s.rest...), nil
	}
	entries = append(entries, c.held.entries...)
	if len(entries) == 0 {
		return nil
	}
	s := &send{done: make(chan struct{}), rest: entries}
	c.held, c.sending, c.pause = tally{lost: c.held.lost}, append(c.sending, s), time.Now().Add(interval)
	go func() {
		defer close(s.done)
		var kept []*entry
		kept, s.err = c.put(ctx, s, entries)
		s.kept = len(kept) > 0
		c.ended(s, kept)
	}()
	return s
}

// put sends the entries of s in as many calls as needed. If a call fails, put returns the
// entries of that call that may be sent later.
func (c *CloudWatch) put(ctx context.Context, s *send, entries []*entry) (again []*entry, err error) {
	for len(entries) > 0 {
		n := fit(entries)
		if !c.claim(s, n) {
			return nil, nil
		}
		switch f, err := c.call(ctx, entries[:n]); f {
		case taken:
			entries = entries[n:]
		case kept:
			return entries[:n], fmt.Errorf("CloudWatch did not accept metrics, which are sent again later: %w", err)
		case refused:
			return nil, fmt.Errorf("CloudWatch refused %d metrics, which are lost: %w", n, err)
		default:
			return nil, fmt.Errorf("CloudWatch did not confirm %d metrics, which are not sent again: %w", n, err)
		}
	}
	return nil, nil
}

// claim takes the next n entries from s.rest. It reports false if another send has taken
// them.
func (c *CloudWatch) claim(s *send, n int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(s.rest) == 0 {
		return false
	}
	s.rest = s.rest[n:]
	return true
}

// call sends entries that fit one request.
func (c *CloudWatch) call(ctx context.Context, entries []*entry) (fate, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	data := make([]types.MetricDatum, len(entries))
	for i, e := range entries {
		data[i] = e.datum()
	}
	var a attempt
	var err error
	if p := panics.Try(func() { err = c.client.PutMetricData(a.watch(ctx), c.namespace, data) }); p != nil {
		err = fmt.Errorf("the client panicked: %v", p.Value)
	}
	return a.fate(err), err
}

// ended requeues the unsent entries of s and the kept entries of its last call, and
// schedules the next send.
func (c *CloudWatch) ended(s *send, kept []*entry) {
	c.mu.Lock()
	kept, s.rest = slices.Concat(kept, s.rest), nil
	c.mu.Unlock()
	var left tally
	left.merge(kept) // merge may be slow, so it runs before an invocation can wait for the lock
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sending = slices.DeleteFunc(c.sending, func(o *send) bool { return o == s })
	if s.err == nil {
		c.failures = 0
		return
	}
	c.faults.add(s.err)
	pause := min(firstPause<<min(c.failures, 6), maxPause)
	c.failures++
	c.pause = time.Now().Add(pause/2 + rand.N(pause/2)) // jitter, because other processes failed at the same time
	left.merge(c.held.entries)
	left.lost += c.held.lost
	c.held = left
}
