package engine

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// everySecond is a pace of one request a second.
type everySecond struct {
	next  chan time.Time // of the next request
	waits int
}

func newEverySecond() *everySecond {
	p := &everySecond{next: make(chan time.Time, 1)}
	p.next <- time.Now()
	return p
}

func (p *everySecond) Wait(ctx context.Context) error {
	at := <-p.next
	if stop, ok := ctx.Deadline(); ok && at.After(stop) {
		p.next <- at
		return errors.New("there is no time")
	}
	p.waits++
	p.next <- at.Add(time.Second)
	sleep(ctx, time.Until(at))
	return ctx.Err()
}

// pacedSink fails its first requests.
type pacedSink struct {
	Sink
	pace  *everySecond
	fails int
	sent  chan time.Time
}

func (s *pacedSink) Limits() Limits { return Limits{Records: 1, Pace: s.pace.Wait} }

func (s *pacedSink) Sizer() func(*Record) int { return nil }

func (s *pacedSink) Send(context.Context, []Record) Outcome {
	s.sent <- time.Now()
	if len(s.sent) <= s.fails {
		return Failed(Errorf(Retryable, "not yet"))
	}
	return Outcome{}
}

func TestPace(t *testing.T) {
	for _, tt := range []struct {
		name               string
		records, fails     int
		timeout            time.Duration
		delivered, waits   int
		requests, attempts int
	}{
		{"each request waits", 5, 0, time.Minute, 5, 5, 5, 0},
		{"a repeated request too", 1, 3, time.Minute, 1, 4, 4, 3},
		{"more waits than attempts", 20, 0, time.Minute, 20, 20, 20, 0},
		{"no time for all", 10, 0, 3500 * time.Millisecond, 4, 4, 4, 0},
	} {
		for _, ordered := range []bool{false, true} {
			t.Run(tt.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					began := time.Now()
					pace := newEverySecond()
					sink := &pacedSink{pace: pace, fails: tt.fails, sent: make(chan time.Time, 100)}
					plan, err := NewPlan(Options{}, Target{ID: "t", Sink: sink, Ordered: ordered, InFlight: 4})
					if err != nil {
						t.Fatal(err)
					}
					ctx, cancel := context.WithTimeout(t.Context(), tt.timeout)
					defer cancel()
					recs := make([]Record, tt.records)
					for i := range recs {
						recs[i] = Record{Key: "k", Lane: "l", Seq: string(rune('a' + i)), Data: Bytes([]byte("data"))}
					}
					got := plan.Run(ctx, recs).Targets[0]
					if got.Delivered != tt.delivered || got.Failed != tt.records-tt.delivered || pace.waits != tt.waits || got.Requests != tt.requests || got.Retries != tt.attempts {
						t.Errorf("got %+v after %d waits", got, pace.waits)
					}
					if got.Failed > 0 {
						if why := got.Failures[0].Err.Error(); !strings.Contains(why, "rate of requests left no time") {
							t.Errorf("failed with %q", why)
						}
						if took := time.Since(began); took >= tt.timeout {
							t.Errorf("it waited %v for a request that cannot be sent", took)
						}
					}
					close(sink.sent)
					for n := 0; n < tt.waits; n++ {
						if at := (<-sink.sent).Sub(began); at != time.Duration(n)*time.Second {
							t.Errorf("request %d was sent after %v", n, at)
						}
					}
				})
			})
		}
	}
}
