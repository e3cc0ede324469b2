package tune

import (
	"cmp"
	"math"
	"runtime"
	"slices"
	"time"

	"github.com/sourcegraph/conc/pool"

	"fanout/lambda/event"
	"fanout/lambda/metrics"
)

// Options are the inputs of a simulation.
type Options struct {
	Sample      *Sample
	Measurement *Measurement
	Load        Load
	Prices      *Prices
	Latencies   *Latencies
	Grid        Grid
	MaxLag      time.Duration // goal: 99 % of the records have at most this lag
	Metrics     metrics.Mode  // of the function
	Enhanced    bool          // the mapping has enhanced fan-out
	Function    string        // named by the commands that apply the setting; "": fanout
}

// Result is the outcome of a setting. Times are in milliseconds.
type Result struct {
	Setting
	WindowSeconds int     `json:"windowSeconds"`
	Throughput    float64 `json:"maxRecordsPerSecond"` // capacity, for the whole stream
	Utilization   float64 `json:"utilization"`         // the load as a fraction of the capacity
	KeepsUp       bool    `json:"keepsUp"`             // with room to catch up after a stop
	MeetsGoal     bool    `json:"meetsGoal"`
	Close         bool    `json:"close"` // near a limit, so another measurement may decide otherwise
	*Steady               // nil: records arrive faster than they are handled, so the lag grows
}

// Steady describes a setting that keeps up with its load.
type Steady struct {
	LagP50      float64 `json:"lagP50Milliseconds"` // from the arrival of a record at the stream to its acknowledgement by all targets
	LagP99      float64 `json:"lagP99Milliseconds"`
	Batch       float64 `json:"recordsPerInvocation"`
	Duration    float64 `json:"invocationMilliseconds"`
	Invocations float64 `json:"invocationsPerSecond"`
	Requests    float64 `json:"requestsPerSecond"` // to all targets
	Concurrency float64 `json:"concurrency"`       // invocations at one time, on average
	MonthlyCost Cost    `json:"monthlyCost"`
}

// headroom is the highest load, as a fraction of capacity. A stream that stood
// still for a minute then catches up in four.
const headroom = 0.8

// noise is how far two measurements of the same sample differ, as a fraction.
const noise = 0.05

// isNear reports whether x is so close to a limit that noise may put it on the other side.
func isNear(x, limit float64) bool { return math.Abs(x-limit) <= noise*limit }

// tuner simulates settings.
type tuner struct {
	Options
	RecordBytes float64
	source      Latency
	hot         float64 // fraction of a shard's records with its most frequent key
	curves      map[curveKey]curve
}

// curveKey holds everything that affects the time of an invocation.
type curveKey struct {
	Variant
	inFlight, memory int
}

// Simulate tries every setting of the grid, and ranks them.
func Simulate(o Options) *Report {
	t := &tuner{Options: o, RecordBytes: o.Sample.RecordBytes(), hot: o.Sample.hotKey(), curves: make(map[curveKey]curve)}
	t.source = o.Latencies.Sources["kinesis"]
	switch {
	case o.Sample.Kind == event.DynamoDB:
		t.source = o.Latencies.Sources["dynamodb"]
	case o.Enhanced:
		t.source = o.Latencies.Sources[enhanced]
	}
	settings := o.Grid.settings(o.Sample.MaxBatch())
	t.draw(settings)
	results := make([]Result, len(settings))
	workers := pool.New().WithMaxGoroutines(runtime.GOMAXPROCS(0))
	for i := range settings {
		workers.Go(func() { results[i] = t.result(settings[i], t.Load.RecordsPerSecond) })
	}
	workers.Wait()
	return t.report(results)
}

// draw simulates the invocations of all settings.
func (t *tuner) draw(settings []Setting) {
	var keys []curveKey
	seen := make(map[curveKey]bool)
	for i := range settings {
		if k := t.key(&settings[i]); !seen[k] {
			seen[k] = true
			keys = append(keys, k)
		}
	}
	curves := make([]curve, len(keys))
	workers := pool.New().WithMaxGoroutines(runtime.GOMAXPROCS(0))
	for i, k := range keys {
		workers.Go(func() {
			curves[i] = newCurve(t.Measurement.Curves[k.Variant], t.Latencies, t.Prices, k.inFlight, k.memory)
		})
	}
	workers.Wait()
	for i, k := range keys {
		t.curves[k] = curves[i]
	}
}

func (t *tuner) key(s *Setting) curveKey {
	v := Variant{s.Collapse, 1}
	if t.Measurement.Ordered {
		v.Factor = s.Factor
	}
	return curveKey{v, s.InFlight, s.Memory}
}

// result simulates one setting at perSecond records a second. Lag and throughput
// are the values of the lane with the most frequent key. Cost covers all lanes.
func (t *tuner) result(s Setting, perSecond float64) Result {
	r, _ := t.simulate(t.curves[t.key(&s)], s, perSecond)
	return r
}

// simulate is result for invocations that take as long as c says. It also returns the result
// of an average lane, or nil if records arrive faster than they are handled.
func (t *tuner) simulate(c curve, s Setting, perSecond float64) (Result, *laneResult) {
	lanes := float64(t.Load.Shards * s.Factor)
	share := max(1/float64(s.Factor), t.hot)
	l := lane{
		rate: perSecond / float64(t.Load.Shards) * share, source: t.source, invoke: t.Latencies.Invoke,
		batch: min(s.BatchSize, t.Sample.MaxBatch()), window: s.Window.Seconds(), curve: c,
	}
	r := Result{Setting: s, WindowSeconds: int(s.Window / time.Second)}
	r.Throughput = l.capacity() / share * float64(t.Load.Shards)
	r.Utilization = perSecond / r.Throughput
	r.KeepsUp = r.Utilization <= headroom
	r.Close = isNear(r.Utilization, headroom)
	if r.Utilization >= 1 {
		return r, nil
	}
	hot := l.run()
	all := hot
	if l.rate *= 1 / float64(s.Factor) / share; share > 1/float64(s.Factor) {
		all = l.run()
	}
	r.Steady = &Steady{
		LagP50: hot.p50 * 1000, LagP99: hot.p99 * 1000,
		Batch: all.batch, Duration: all.duration * 1000,
		Invocations: all.invocations * lanes, Requests: all.requests * lanes, Concurrency: all.billed * lanes,
		MonthlyCost: t.cost(&all, lanes, s.Memory),
	}
	r.Close = r.Close || r.KeepsUp && isNear(r.LagP99, float64(t.MaxLag.Milliseconds()))
	r.MeetsGoal = r.KeepsUp && r.LagP99 <= float64(t.MaxLag.Milliseconds())
	return r, &all
}

// best returns the recommended setting. Among settings that clearly meet the goal
// it takes the cheapest. Among costs within one percent it takes the least lag, and
// among similar lags the simplest setting. If none meets the goal, lag comes before
// cost. If none keeps up, it takes the simplest setting within a twentieth of the
// highest throughput.
func best(results []Result) *Result {
	near := func(all []*Result, within float64, of func(*Result) float64) []*Result {
		least := of(slices.MinFunc(all, func(a, b *Result) int { return cmp.Compare(of(a), of(b)) }))
		return slices.DeleteFunc(slices.Clone(all), func(r *Result) bool { return of(r) > least*within })
	}
	lag := func(r *Result) float64 { return r.LagP99 }
	cost := func(r *Result) float64 { return r.MonthlyCost.Total }
	pick := func(ok func(*Result) bool) (some []*Result) {
		for i := range results {
			if ok(&results[i]) {
				some = append(some, &results[i])
			}
		}
		return some
	}
	some := pick(func(r *Result) bool { return r.MeetsGoal && !r.Close })
	if len(some) == 0 {
		some = pick(func(r *Result) bool { return r.MeetsGoal })
	}
	switch {
	case len(some) > 0:
		some = near(near(some, 1.01, cost), 1.05, lag)
	default:
		if some = pick(func(r *Result) bool { return r.KeepsUp }); len(some) > 0 {
			some = near(near(some, 1.05, lag), 1.01, cost)
		} else {
			some = near(pick(func(*Result) bool { return true }), 1.05, func(r *Result) float64 { return 1 / r.Throughput })
		}
	}
	return slices.MinFunc(some, func(a, b *Result) int { return simpler(&a.Setting, &b.Setting) })
}
