package bench

import (
	"fmt"
	"regexp"
	"runtime/metrics"
	"sync"
	"testing"
	"time"

	"fanout/lambda/target"
)

// allocations returns the number of objects that the process has allocated so far.
func allocations() uint64 {
	samples := []metrics.Sample{{Name: "/gc/heap/allocs:objects"}, {Name: "/gc/heap/tiny/allocs:objects"}}
	metrics.Read(samples)
	return samples[0].Value.Uint64() + samples[1].Value.Uint64()
}

func BenchmarkWorkload(b *testing.B) {
	for _, w := range Workloads() {
		b.Run("workload="+w.Name, func(b *testing.B) { measure(b, &w) })
	}
}

// sweep measures a workload for each value of a parameter.
func sweep[T any](b *testing.B, name string, values []T, workload func(T) Workload) {
	for _, v := range values {
		b.Run(fmt.Sprintf("%s=%v", name, v), func(b *testing.B) {
			w := workload(v)
			measure(b, &w)
		})
	}
}

// small is W2k with one target of any type.
func small(target Target) Workload {
	return Workload{Records: 10_000, Event: smallEvent(), Targets: []Target{target}}
}

func smallEvent() []byte { return Workloads()[1].Event }

// BenchmarkBatch measures the cost of small requests.
func BenchmarkBatch(b *testing.B) {
	sweep(b, "batch", []int{10, 50, 100, 250, 500}, func(n int) Workload {
		return small(Target{"kinesis", Attributes{"batchRecords": n}})
	})
}

// BenchmarkInFlight measures how much requests of 20 ms overlap.
func BenchmarkInFlight(b *testing.B) {
	sweep(b, "inflight", []int{1, 2, 4, 8, 16, 32}, func(n int) Workload {
		w := small(Target{"kinesis", Attributes{"inFlight": n}})
		w.Latency = Latency
		return w
	})
}

// BenchmarkLatency measures the share of a call's latency that an event waits for.
func BenchmarkLatency(b *testing.B) {
	sweep(b, "latency", []time.Duration{0, 5 * time.Millisecond, 20 * time.Millisecond, 80 * time.Millisecond}, func(d time.Duration) Workload {
		w := small(Target{Type: "kinesis"})
		w.Latency = d
		return w
	})
}

func BenchmarkCollapse(b *testing.B) {
	sweep(b, "collapse", []string{"none", "JSON", "concat", "concat-b64"}, func(mode string) Workload {
		return small(Target{"sqs", Attributes{"collapse": mode}})
	})
}

// BenchmarkTargets measures how much work targets share.
func BenchmarkTargets(b *testing.B) {
	sweep(b, "targets", []int{1, 2, 3, 5, 9, 14, 20}, func(n int) Workload {
		return Workload{Records: 500, Event: Workloads()[0].Event, Targets: Copies(n)}
	})
}

// BenchmarkRecords shows that the work grows linearly with the records.
func BenchmarkRecords(b *testing.B) {
	sweep(b, "records", []int{100, 300, 1000, 3000, 10_000}, func(n int) Workload {
		return Workload{Records: n, Event: Kinesis(n, 200, 1000), Targets: Copies(1)}
	})
}

// BenchmarkOrder measures the cost of order: a request holds each key at most once.
func BenchmarkOrder(b *testing.B) {
	for _, ordered := range []bool{false, true} {
		b.Run(fmt.Sprintf("ordered=%v", ordered), func(b *testing.B) {
			sweep(b, "keys", []int{10, 100, 10_000}, func(keys int) Workload {
				return Workload{Records: 10_000, Event: Kinesis(10_000, 200, keys),
					Targets: []Target{{"kinesis", Attributes{"parallel": !ordered}}}}
			})
		})
	}
}

// newImage is an image in an event.
var newImage = regexp.MustCompile(`"NewImage":(.*?),"SequenceNumber"`)

// changesEvent is W4's event with an old image beside each new one.
var changesEvent = sync.OnceValue(func() []byte {
	return newImage.ReplaceAll(dynamodbEvent(1000), []byte(`"NewImage":$1,"OldImage":$1,"SequenceNumber"`))
})

// changes is 1,000 changes of a table to a delivery stream.
func changes(with Attributes) Workload {
	return Workload{Records: 1000, Event: changesEvent(), Targets: []Target{{"firehose", with}}}
}

// BenchmarkView measures the parts of a change that a target may get.
func BenchmarkView(b *testing.B) {
	for _, plain := range []bool{false, true} {
		b.Run(fmt.Sprintf("convertDDB=%v", plain), func(b *testing.B) {
			sweep(b, "view", target.Views, func(view string) Workload {
				return changes(Attributes{"convertDDB": plain, "view": view})
			})
		})
	}
}

// BenchmarkEnvelope measures envelopes of changes, and of records of 200 B.
func BenchmarkEnvelope(b *testing.B) {
	b.Run("source=dynamodb", func(b *testing.B) {
		sweep(b, "envelope", target.Envelopes, func(form string) Workload {
			return changes(Attributes{"convertDDB": true, "envelope": form})
		})
	})
	b.Run("source=kinesis", func(b *testing.B) {
		sweep(b, "envelope", []string{"none", "cloudevents"}, func(form string) Workload {
			return small(Target{"firehose", Attributes{"envelope": form}})
		})
	})
}
