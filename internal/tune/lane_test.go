package tune

import (
	"math"
	"reflect"
	"testing"
)

// flat is a curve in which all invocations take the same time, with one request of
// one dollar.
func flat(seconds float64) curve {
	p := point{records: 1, mean: seconds, requests: 1, dollars: 1}
	for i := range p.seconds {
		p.seconds[i] = seconds
	}
	last := p
	last.records = 10_000
	return curve{p, last}
}

// Results for one shard and one target at 20 ms a call, computed by hand.
func TestLaneByHand(t *testing.T) {
	t.Run("capacity", func(t *testing.T) {
		l := lane{batch: 100, invoke: steady(0), curve: flat(0.020)}
		if got := l.capacity(); !near(got, 5000) {
			t.Errorf("%g records a second, want 100 in 20 ms", got)
		}
		l.invoke = steady(5 * ms)
		if got := l.capacity(); !near(got, 4000) {
			t.Errorf("%g records a second, want 100 in 25 ms", got)
		}
	})
	t.Run("pushed, one by one", func(t *testing.T) {
		l := lane{rate: 0.1, batch: 1, source: steady(70 * ms), invoke: steady(10 * ms), curve: flat(0.020)}
		r := l.run()
		if math.Abs(r.p50-0.100) > 1e-6 || math.Abs(r.batch-1) > 1e-6 || math.Abs(r.invocations-0.1) > 1e-6 {
			t.Errorf("lag %g, batch %g, %g a second; want 100 ms, 1, 0.1", r.p50, r.batch, r.invocations)
		}
		if !near(r.billed, 0.1*0.020) || !near(r.requests, 0.1) || !near(r.dollars, 0.1) {
			t.Errorf("billed %g, requests %g, dollars %g", r.billed, r.requests, r.dollars)
		}
	})
	t.Run("polled every second", func(t *testing.T) {
		source := Latency{Interval: 1}
		l := lane{rate: 100, batch: 1000, source: source, invoke: steady(0), curve: flat(0.020)}
		r := l.run()
		// A record waits up to one second, in the median half of that.
		if math.Abs(r.p50-0.52) > 0.02 || math.Abs(r.p99-1.01) > 0.02 || math.Abs(r.batch-100) > 3 {
			t.Errorf("p50 %g, p99 %g, batch %g; want 0.52, 1.01, 100", r.p50, r.p99, r.batch)
		}
	})
	t.Run("a window fills batches", func(t *testing.T) {
		l := lane{rate: 100, batch: 10_000, source: steady(0), invoke: steady(0), window: 5, curve: flat(0.020)}
		r := l.run()
		if math.Abs(r.batch-502) > 10 || math.Abs(r.p99-5.0) > 0.1 {
			t.Errorf("batch %g, p99 %g; want those of 5 s, and 5 s", r.batch, r.p99)
		}
		l.batch = 100 // full after a second
		if r := l.run(); math.Abs(r.batch-100) > 1 || math.Abs(r.p99-1.1) > 0.2 {
			t.Errorf("batch %g, p99 %g; want 100, about 1 s", r.batch, r.p99)
		}
	})
	t.Run("billed by whole milliseconds", func(t *testing.T) {
		l := lane{rate: 1, batch: 1, source: steady(0), invoke: steady(0), curve: flat(0.0001)}
		if r := l.run(); !near(r.billed, 0.001) {
			t.Errorf("billed %g s a second, want 1 ms", r.billed)
		}
	})
}

// These properties hold for any figures.
func TestLaneIsMonotonic(t *testing.T) {
	base := lane{rate: 200, batch: 500, source: Latency{P50: 0.015, P99: 0.08, Interval: 1}, invoke: Latency{P50: 0.01, P99: 0.05}, curve: flat(0.030)}
	t.Run("more load, no less lag", func(t *testing.T) {
		last := 0.0
		for _, part := range []float64{0.3, 0.6, 0.9, 0.97} {
			l := base
			l.batch = 10
			l.rate = part * l.capacity()
			if r := l.run(); r.p99 < last*0.98 {
				t.Errorf("at %g of the capacity the lag is %g, and less before: %g", part, r.p99, last)
			} else {
				last = r.p99
			}
		}
	})
	t.Run("a longer window, larger batches, fewer invocations", func(t *testing.T) {
		batch, invocations := 0.0, math.Inf(1)
		for _, w := range []float64{0, 1, 2, 5} {
			l := base
			l.batch, l.window = 10_000, w
			r := l.run()
			if r.batch < batch || r.invocations > invocations {
				t.Errorf("window %g: batch %g, %g invocations a second; before: %g and %g", w, r.batch, r.invocations, batch, invocations)
			}
			batch, invocations = r.batch, r.invocations
		}
	})
	t.Run("the same each time", func(t *testing.T) {
		if a, b := base.run(), base.run(); !reflect.DeepEqual(a, b) {
			t.Errorf("%v and %v", a, b)
		}
	})
}

func TestCurve(t *testing.T) {
	c := curve{{records: 10, requests: 1}, {records: 20, requests: 3}, {records: 40, requests: 4}}
	for n, want := range map[int]float64{1: 1, 10: 1, 15: 2, 20: 3, 30: 3.5, 40: 4, 60: 5} {
		if got := c.value(n, requestsOf); !near(got, want) {
			t.Errorf("%d records: %g, want %g", n, got, want)
		}
	}
	if got := c[:1].value(60, requestsOf); !near(got, 1) {
		t.Errorf("of one point: %g", got)
	}
}
