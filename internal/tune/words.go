package tune

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"fanout/lambda/event"
)

// value describes a setting's value in one dimension.
func (d *dimension) value(s *Setting) string {
	switch d.name {
	case "batch size":
		return strconv.Itoa(s.BatchSize)
	case "window":
		return s.Window.String()
	case "factor":
		return strconv.Itoa(s.Factor)
	case "in flight":
		return strconv.Itoa(s.InFlight)
	case "memory":
		return strconv.Itoa(s.Memory) + " MB"
	}
	return s.Collapse
}

// Verdict says in a word or two whether the setting meets the goal.
func (r *Result) Verdict() string {
	verdict := "too slow"
	switch {
	case r.MeetsGoal:
		verdict = "✓"
	case r.KeepsUp:
		verdict = "lag"
	case r.Steady != nil:
		verdict = "over " + Percent(headroom)
	}
	if r.Close {
		verdict += " (close)"
	}
	return verdict
}

// Name labels the first row of the table. A setting that misses the goal is not
// recommended, although none comes closer.
func (r *Report) Name() string {
	switch {
	case r.Recommended.MeetsGoal:
		return "recommended"
	case r.Recommended.KeepsUp:
		return "least lag"
	}
	return "fastest"
}

// A rate from less data than this is a guess.
const (
	fewRecords = 100
	shortTime  = time.Second
)

// basis describes the basis of the figures.
func (t *tuner) basis() []string {
	cpu := &t.Latencies.CPU
	load := "Load: as planned."
	if t.Load.Derived {
		load = fmt.Sprintf("Load: from the arrival times of the sample, which cover %v from %s on.",
			t.Sample.whole.duration().Round(time.Millisecond), time.UnixMilli(t.Sample.whole.first).UTC().Format(time.RFC3339))
	}
	return []string{
		load,
		fmt.Sprintf("Measured on this machine: the number, size and CPU of the requests that the function's own handler makes for batches of the sample, which has %s, up to the HTTP transport. No request left the process.",
			recordsOf(t.Sample.Records())),
		fmt.Sprintf("Modeled: the latencies of services, Lambda and the polling of shards, which are assumptions of %s. CPU time is the measured time × %v, and below one vCPU also × %d MB ÷ memory, plus %v for TLS and system calls of each request. Arrivals are random. Keys are spread evenly, except for the most frequent one. There are no throttling, retries or cold starts.",
			t.Latencies.Date, cpu.Slowdown, cpu.VCPUMB, cpu.PerCall.Duration()),
		fmt.Sprintf("Prices: %s, as of %s, arm64, without free tiers and discounts. The cost leaves out the stream itself and the targets' charges by the hour, for further delivery and for storage. It includes at most one call for metrics in each invocation.",
			t.Prices.Region, t.Prices.Date),
		"The simulation uses memory only to derive CPU; check Max Memory Used in the function's log before you lower it.",
	}
}

// Limits of a Kinesis shard (Kinesis Data Streams quotas).
const (
	shardRecords = 1000
	shardBytes   = 1 << 20
)

// hotKey is the fraction of a shard's records from which one key is worth a note.
const hotKey = 0.1

// notes lists oddities of the load.
func (t *tuner) notes(r *Report) (notes []string) {
	if took := t.Sample.whole.duration(); t.Load.Derived && (t.Sample.Records() < fewRecords || took < shortTime) {
		notes = append(notes, fmt.Sprintf("the rate of %s records per second is a guess, because it comes from %s within %v; set the real rate with --records-per-second",
			Number(t.Load.RecordsPerSecond), recordsOf(t.Sample.Records()), took.Round(time.Millisecond)))
	}
	perShard := t.Load.RecordsPerSecond / float64(t.Load.Shards)
	switch {
	case len(notes) > 0 || t.Sample.Kind != event.Kinesis || perShard <= shardRecords: // a guess is no plan
	case t.hot > hotKey:
		notes = append(notes, fmt.Sprintf("a shard accepts %d records per second, but the load is %s per shard; more shards need more keys", shardRecords, Number(perShard)))
	default:
		notes = append(notes, fmt.Sprintf("a shard accepts %d records per second, but the load is %s per shard; plan with --shards %d",
			shardRecords, Number(perShard), int(math.Ceil(t.Load.RecordsPerSecond/shardRecords))))
	}
	isClose := func(x Result) bool { return x.Close }
	if r.Recommended.Close || slices.ContainsFunc(r.Others, isClose) {
		notes = append(notes, fmt.Sprintf("(close) marks settings within %.0f %% of a limit, where another run may come to another verdict", noise*100))
	}
	if t.hot > hotKey {
		notes = append(notes, fmt.Sprintf("%.0f %% of a shard's records have the same key, and a parallelization factor cannot spread them", t.hot*100))
	}
	if a, err := arn.Parse(t.Sample.Source); err == nil && a.Region != "" && a.Region != t.Prices.Region {
		notes = append(notes, fmt.Sprintf("the stream is in %s, but the prices are for %s; set the prices of your region with --prices", a.Region, t.Prices.Region))
	}
	for _, target := range t.Measurement.Targets {
		service := shapeOf(&target).Service
		if _, ok := t.Prices.Targets[service]; !ok {
			notes = append(notes, fmt.Sprintf("target %s: there is no price for %s, so it counts as free", target.ID, service))
		}
		if _, ok := t.Latencies.Targets[service]; !ok {
			notes = append(notes, fmt.Sprintf("target %s: there is no latency for %s, so it counts as answering at once", target.ID, service))
		}
	}
	if best := t.fastestPoll(); best > t.MaxLag.Seconds() && r.Recommended.KeepsUp && !r.Recommended.MeetsGoal && !t.Enhanced && t.Sample.Kind == event.Kinesis {
		notes = append(notes, "Lambda polls a shard once per second, so some records wait longer than the goal before they are read; try --enhanced-fan-out")
	}
	return notes
}

// fastestPoll returns how long the slowest records wait to be read, in seconds.
func (t *tuner) fastestPoll() float64 { return float64(t.source.Interval + t.source.P50) }

// Number formats a number with three significant digits, or with all digits before
// the point.
func Number(x float64) string {
	switch {
	case x >= 100:
		return thousands(int64(math.Round(x)))
	case x >= 10:
		return strconv.FormatFloat(x, 'f', 1, 64)
	}
	return strconv.FormatFloat(x, 'g', 3, 64)
}

// recordsOf formats a number of records.
func recordsOf(n int) string {
	if n == 1 {
		return "1 record"
	}
	return thousands(int64(n)) + " records"
}

// thousands separates the digits of n by commas.
func thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Dollars formats an amount, with cents where they matter.
func Dollars(x float64) string {
	switch {
	case x >= 1000:
		return "$" + thousands(int64(math.Round(x)))
	case x >= 0.01 || x == 0:
		return fmt.Sprintf("$%.2f", x)
	}
	return fmt.Sprintf("$%.4f", x)
}

// Millis formats a time given in milliseconds.
func Millis(ms float64) string {
	switch {
	case ms >= 10_000:
		return fmt.Sprintf("%.1f s", ms/1000)
	case ms >= 1000:
		return fmt.Sprintf("%.2f s", ms/1000)
	case ms >= 10:
		return fmt.Sprintf("%.0f ms", ms)
	}
	return fmt.Sprintf("%.1f ms", ms)
}
