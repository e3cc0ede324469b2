package http

import (
	"context"
	"fmt"
	nethttp "net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"fanout/engine"
)

// clock is a transport that keeps the time of each request.
type clock struct {
	mu    sync.Mutex
	times []time.Time
	fails int // requests that fail first
}

func (c *clock) RoundTrip(r *nethttp.Request) (*nethttp.Response, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.times = append(c.times, time.Now())
	if len(c.times) <= c.fails {
		return reply(r, 500, "", nil), nil
	}
	return reply(r, 204, "", nil), nil
}

// runs numbers the runs of tests, because limiters outlast the time of a test.
var runs atomic.Int64

// paced returns a target whose requests end in c.
func paced(t *testing.T, c *clock, id, url string, perSecond int) engine.Target {
	t.Helper()
	sink, err := New(url, Options{RateLimit: perSecond})
	if err != nil {
		t.Fatal(err)
	}
	sink.client.Transport = c
	return engine.Target{ID: id, Sink: sink}
}

func records(n int) []engine.Record {
	all := make([]engine.Record, n)
	for i := range all {
		all[i] = record("{}")
		all[i].Seq = fmt.Sprint(i)
	}
	return all
}

// run delivers records to targets.
func run(t *testing.T, timeout time.Duration, recs []engine.Record, targets ...engine.Target) *engine.Report {
	t.Helper()
	plan, err := engine.NewPlan(engine.Options{}, targets...)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	return plan.Run(ctx, recs)
}

// Targets with the same URL and limit share it, and no second has more requests than it says.
func TestRateLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &clock{fails: 7}
		url := fmt.Sprintf("https://limited%d.example.com/", runs.Add(1))
		r := run(t, time.Minute, records(40), paced(t, c, "a", url, 10), paced(t, c, "b", url, 10))
		for _, target := range r.Targets {
			if target.Delivered != 40 {
				t.Errorf("%s: %d delivered: %v", target.ID, target.Delivered, target.Failures)
			}
		}
		for i := range c.times {
			if i >= 10 && c.times[i].Sub(c.times[i-10]) < time.Second-time.Microsecond { // the limiter computes with floats
				t.Errorf("request %d is the 11th in %v", i, c.times[i].Sub(c.times[i-10]))
			}
		}
		if took := c.times[len(c.times)-1].Sub(c.times[0]); len(c.times) != 87 || took > 12*time.Second {
			t.Errorf("%d requests in %v", len(c.times), took)
		}
	})
}

// Another URL, or another limit, has an allowance of its own.
func TestRateLimitsApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := new(clock)
		began := time.Now()
		url := fmt.Sprintf("https://apart%d.example.com/", runs.Add(1))
		r := run(t, time.Minute, records(5), paced(t, c, "a", url+"a", 1), paced(t, c, "b", url+"b", 1), paced(t, c, "c", url+"a", 2))
		if took := time.Since(began); took != 4*time.Second || len(c.times) != 15 || r.Targets[0].Delivered != 5 {
			t.Errorf("%d requests in %v", len(c.times), took)
		}
	})
}

// Records whose turn comes after the deadline fail at once, and may be sent again.
func TestRateLimitAndDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := new(clock)
		began := time.Now()
		r := run(t, 5500*time.Millisecond, records(100), paced(t, c, "a", fmt.Sprintf("https://late%d.example.com/", runs.Add(1)), 1)).Targets[0]
		if r.Delivered != 6 || r.Failed != 94 || r.Requests != 6 || r.Retries != 0 || time.Since(began) >= 5500*time.Millisecond {
			t.Errorf("%d delivered, %d failed after %d requests and %v", r.Delivered, r.Failed, r.Requests, time.Since(began))
		}
		for _, f := range r.Failures {
			if engine.ClassOf(f.Err) != engine.Retryable {
				t.Errorf("%v of class %v", f.Err, engine.ClassOf(f.Err))
			}
		}
	})
}
