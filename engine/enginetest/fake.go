package enginetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"fanout/engine"
)

// Sink is a scripted engine.Sink that remembers the accepted records. The zero Sink
// accepts everything.
type Sink struct {
	Bounds engine.Limits
	Size   func(r *engine.Record) int // sizes a record; nil: its data alone

	// Script decides about one record of one request; nil accepts. It may sleep or
	// panic. A non-nil error refuses that record alone.
	Script func(a Attempt) error

	// Whole decides about a whole request before Script; nil passes the request on to
	// Script.
	Whole func(ctx context.Context, batch []engine.Record) error

	mu       sync.Mutex
	attempts map[string]int
	accepted []engine.Record
	takenBy  []int // by accepted record: its request
	requests [][]engine.Record
	flying   int
	peak     int
}

// Attempt is one record of one request.
type Attempt struct {
	Record  engine.Record
	Request int // 1 for the sink's first request
	Index   int // in the request
	Attempt int // 1 the first time the record is sent
}

// Limits returns s.Bounds.
func (s *Sink) Limits() engine.Limits { return s.Bounds }

// Sizer returns s.Size.
func (s *Sink) Sizer() func(r *engine.Record) int { return s.Size }

// Send follows the script.
func (s *Sink) Send(ctx context.Context, batch []engine.Record) (o engine.Outcome) {
	request, attempts := s.begin(batch)
	defer s.end()
	if s.Whole != nil {
		if err := s.Whole(ctx, batch); err != nil {
			return engine.Failed(err)
		}
	}
	for i, r := range batch {
		if s.Script != nil {
			if err := s.Script(Attempt{r, request, i, attempts[i]}); err != nil {
				o.Fail(i, err)
				continue
			}
		}
		s.mu.Lock()
		s.accepted, s.takenBy = append(s.accepted, r), append(s.takenBy, request)
		s.mu.Unlock()
	}
	return o
}

func (s *Sink) begin(batch []engine.Record) (request int, attempts []int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flying++
	s.peak = max(s.peak, s.flying)
	s.requests = append(s.requests, append([]engine.Record(nil), batch...))
	if s.attempts == nil {
		s.attempts = make(map[string]int)
	}
	attempts = make([]int, len(batch))
	for i := range batch {
		id := ID(&batch[i])
		s.attempts[id]++
		attempts[i] = s.attempts[id]
	}
	return len(s.requests), attempts
}

func (s *Sink) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flying--
}

// Accepted returns the records accepted so far, in order.
func (s *Sink) Accepted() []engine.Record {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]engine.Record(nil), s.accepted...)
}

// RequestOf returns the request that took record i of Accepted.
func (s *Sink) RequestOf(i int) []engine.Record {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests[s.takenBy[i]-1]
}

// Requests returns the requests made so far, in the order they began.
func (s *Sink) Requests() [][]engine.Record {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([][]engine.Record(nil), s.requests...)
}

// Peak returns the most requests that were in flight at once.
func (s *Sink) Peak() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.peak
}

// ID identifies a record by its origin and its data.
func ID(r *engine.Record) string {
	return fmt.Sprintf("%q %q %d %q", r.Lane, r.Seq, r.Sub, r.Data.Bytes())
}

// FailTimes returns a script that refuses each matching record n times with err.
func FailTimes(n int, err error, match func(r *engine.Record) bool) func(Attempt) error {
	return func(a Attempt) error {
		if a.Attempt <= n && match(&a.Record) {
			return err
		}
		return nil
	}
}

// Delay returns a Whole that takes d, or fails if ctx ends first.
func Delay(d time.Duration) func(context.Context, []engine.Record) error {
	return func(ctx context.Context, _ []engine.Record) error {
		select {
		case <-time.After(d):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Errors of each class for scripts.
var (
	ErrRetryable = engine.Errorf(engine.Retryable, "the script says: try again")
	ErrThrottled = engine.Errorf(engine.Throttled, "the script says: slow down")
	ErrTooLarge  = engine.Errorf(engine.TooLarge, "the script says: too large")
	ErrPermanent = engine.Errorf(engine.Permanent, "the script says: never")
	ErrPlain     = errors.New("the script says: an error without a class")
)
