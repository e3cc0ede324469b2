package tune

import (
	"math"
	"math/rand/v2"
	"slices"
)

// seed makes random values the same each time and for every setting, so that only
// the settings make results differ.
const seed = 20_061_018

// lane is one of the parallel batches of a shard. It handles its records one batch
// after another.
type lane struct {
	rate   float64 // records a second
	source Latency // time for records to come from the stream
	invoke Latency // time until the function runs
	batch  int     // most records in a batch
	window float64 // seconds
	curve  curve
}

// laneResult holds the results of a lane, per second unless noted.
type laneResult struct {
	invocations float64
	billed      float64 // seconds of the function
	requests    float64
	dollars     float64 // of targets
	targets     []amount
	batch       float64 // records in an invocation, on average
	duration    float64 // seconds of an invocation, on average
	p50, p99    float64 // seconds from the arrival of a record to the last acknowledgement
}

const (
	lanePoints  = 3000 // arrivals to simulate
	laneBatches = 120  // fewest invocations to simulate
)

// run simulates the lane. Records arrive at random and become visible with the next
// read of the shard. A batch begins when the lane is free and a record is visible.
// It goes out when it is full, or when the window ends. Without a window it goes at
// once, with the visible records (Lambda developer guide, "Batching behavior").
func (l *lane) run() laneResult {
	rnd := rand.New(rand.NewPCG(seed, seed))
	weight, n := l.grain()
	arrived, visible := l.arrivals(rnd, weight, n)
	full := max(1, l.batch/weight)
	lags := make([]float64, 0, n)
	r := laneResult{targets: make([]amount, len(l.curve[0].targets))}
	free, count := 0.0, 0.0
	for i := 0; i < n; count++ {
		begin := max(free, visible[i])
		start := begin
		if l.window > 0 {
			start = begin + l.window
			if k := i + full - 1; k < n && visible[k] < start {
				start = max(begin, visible[k])
			}
		}
		end := i + 1
		for end < n && end-i < full && visible[end] <= start {
			end++
		}
		records := min(l.batch, (end-i)*weight)
		took := l.curve.seconds(records, rnd.IntN(draws))
		free = start + l.invoke.draw(rnd, 0) + took
		for ; i < end; i++ {
			lags = append(lags, free-arrived[i])
		}
		r.billed += math.Ceil(took*1000) / 1000 // Lambda pricing: rounded up to 1 ms
		r.duration += took
		r.requests += l.curve.value(records, requestsOf)
		r.dollars += l.curve.value(records, dollarsOf)
		for t := range r.targets {
			r.targets[t].add(l.curve.amount(records, t), 1)
		}
	}
	seconds := float64(n*weight) / l.rate
	r.invocations, r.batch, r.duration = count/seconds, float64(n*weight)/count, r.duration/count
	r.billed, r.requests, r.dollars = r.billed/seconds, r.requests/seconds, r.dollars/seconds
	for t := range r.targets {
		a := &r.targets[t]
		*a = amount{a.requests / seconds, a.units / seconds, a.dollars / seconds}
	}
	slices.Sort(lags)
	r.p50, r.p99 = quantile(lags, 0.5), quantile(lags, 0.99)
	return r
}

// grain returns how many records one arrival stands for, and the number of
// arrivals. They are few enough for a quick simulation, and give enough invocations
// for good statistics.
func (l *lane) grain() (weight, n int) {
	each := min(float64(l.batch), max(1, l.rate*(float64(l.source.Interval)+l.window)))
	records := max(lanePoints, laneBatches*each)
	weight = max(1, min(int(records/lanePoints), int(each/8)))
	return weight, int(records) / weight
}

// arrivals draws the arrival times of records, and the times at which they become
// visible to the function.
func (l *lane) arrivals(rnd *rand.Rand, weight, n int) (arrived, visible []float64) {
	arrived, visible = make([]float64, n), make([]float64, n)
	now, read, seen := 0.0, -1.0, 0.0
	for i := range n {
		now += gap(rnd, weight) / l.rate
		arrived[i] = now
		if interval := float64(l.source.Interval); interval > 0 {
			if tick := math.Ceil(now/interval) * interval; tick > read {
				read = tick
				seen = max(seen, tick+l.source.draw(rnd, 0))
			}
		} else {
			seen = max(seen, now+l.source.draw(rnd, 0))
		}
		visible[i] = seen
	}
	return arrived, visible
}

// gap draws the time in which weight records arrive, at one a second. It is the sum
// of exponential times, or for many records its normal approximation.
func gap(rnd *rand.Rand, weight int) float64 {
	if weight > 16 {
		w := float64(weight)
		return max(0, w+math.Sqrt(w)*rnd.NormFloat64())
	}
	sum := 0.0
	for range weight {
		sum += rnd.ExpFloat64()
	}
	return sum
}

// quantile returns the value that the given part of the sorted values does not
// exceed.
func quantile(sorted []float64, part float64) float64 {
	return sorted[min(len(sorted)-1, int(math.Ceil(part*float64(len(sorted))))-1)]
}

// capacity returns how many records a second the lane can handle if every batch is
// full.
func (l *lane) capacity() float64 {
	return float64(l.batch) / (l.invoke.mean() + l.curve.value(l.batch, meanOf))
}
