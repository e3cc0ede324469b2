package tune

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// steady is a constant latency.
func steady(d time.Duration) Latency {
	return Latency{P50: Seconds(d.Seconds()), P99: Seconds(d.Seconds())}
}

const ms = time.Millisecond

// requests returns n requests of one record of 1,000 bytes.
func requests(n int) (all []Request) {
	for range n {
		all = append(all, Request{Bytes: 1000, Sizes: []int{1000}})
	}
	return all
}

// Times computed by hand: a call takes 20 ms.
func TestInvocationTime(t *testing.T) {
	for _, tt := range []struct {
		name     string
		shape    Shape
		inFlight int
		memory   int
		perCall  time.Duration
		want     time.Duration
	}{
		{"one request", Shape{Targets: []TargetShape{{Service: "sqs", Requests: requests(1)}}}, 8, 1769, 0, 20 * ms},
		{"as many as in flight", Shape{Targets: []TargetShape{{Service: "sqs", Requests: requests(8)}}}, 8, 1769, 0, 20 * ms},
		{"one more", Shape{Targets: []TargetShape{{Service: "sqs", Requests: requests(9)}}}, 8, 1769, 0, 40 * ms},
		{"in order", Shape{Targets: []TargetShape{{Service: "sqs", Ordered: true, Requests: requests(3)}}}, 8, 1769, 0, 60 * ms},
		{"its own bound", Shape{Targets: []TargetShape{{Service: "sqs", InFlight: 2, Requests: requests(4)}}}, 8, 1769, 0, 40 * ms},
		{"even shares", Shape{Targets: []TargetShape{{Service: "sqs", Requests: requests(4)}, {Service: "sqs", Requests: requests(8)}}}, 8, 1769, 0, 40 * ms},
		{"a share is one at least, and the bound on all holds", Shape{Targets: []TargetShape{
			{Service: "sqs", Requests: requests(1)}, {Service: "sqs", Requests: requests(1)}, {Service: "sqs", Requests: requests(1)}}}, 2, 1769, 0, 40 * ms},
		{"decoding comes first", Shape{CPU: 5 * ms, Decode: 5 * ms, Targets: []TargetShape{{Service: "sqs", Requests: requests(1)}}}, 8, 1769, 0, 25 * ms},
		{"half a vCPU, twice the CPU", Shape{CPU: 6 * ms, Decode: 5 * ms, Targets: []TargetShape{{Service: "sqs", Requests: requests(1)}}}, 8, 885, 0, 20*ms + 12*ms - 6*ms*1/885},
		{"requests are made one after another, and wait beside each other", Shape{CPU: 9 * ms, Decode: 5 * ms, Targets: []TargetShape{{Service: "sqs", Requests: requests(4)}}}, 8, 1769, 0, 29 * ms},
		{"a call costs CPU, that of the metrics too", Shape{Targets: []TargetShape{{Service: "sqs", Requests: requests(2)}}}, 8, 1769, ms, 23 * ms},
		{"bytes take time", Shape{Targets: []TargetShape{{Service: "slow", Requests: []Request{{Bytes: 1 << 20, Sizes: []int{1 << 20}}}}}}, 8, 1769, 0, 120 * ms},
		{"nothing to send", Shape{CPU: 7 * ms, Decode: 5 * ms, Targets: []TargetShape{{Service: "sqs"}}}, 8, 1769, 0, 7 * ms},
		{"a rate", Shape{Targets: []TargetShape{{Service: "sqs", Rate: 100, Requests: requests(4)}}}, 8, 1769, 0, 60 * ms},
		{"a rate that the order is slower than", Shape{Targets: []TargetShape{{Service: "sqs", Ordered: true, Rate: 100, Requests: requests(3)}}}, 8, 1769, 0, 70 * ms},
		{"a rate that requests in flight are slower than", Shape{Targets: []TargetShape{{Service: "sqs", InFlight: 1, Rate: 100, Requests: requests(3)}}}, 8, 1769, 0, 70 * ms},
		{"a rate is of its target alone", Shape{Targets: []TargetShape{{Service: "sqs", Rate: 20, Requests: requests(1)}, {Service: "sqs", Requests: requests(8)}}}, 2, 1769, 0, 160 * ms},
		{"no latency known", Shape{Targets: []TargetShape{{Service: "?", Requests: requests(3)}}}, 8, 1769, 0, 0},
	} {
		slow := steady(20 * ms)
		slow.PerMiB = 0.1
		l := Latencies{
			Targets: map[string]Latency{"sqs": steady(20 * ms), "slow": slow},
			CPU:     CPUModel{VCPUMB: 1769, Slowdown: 1, PerCall: Seconds(tt.perCall.Seconds())},
		}
		v := invocation{&tt.shape, &l, tt.inFlight, tt.memory}
		if got := v.seconds(rand.New(rand.NewPCG(1, 2))); math.Abs(got-tt.want.Seconds()) > 10e-6 {
			t.Errorf("%s: %.3f ms, want %v", tt.name, got*1000, tt.want)
		}
	}
}

// Drawn values have the given percentiles.
func TestLatencyIsLogNormal(t *testing.T) {
	l := Latency{P50: 0.010, P99: 0.080}
	rnd := rand.New(rand.NewPCG(1, 2))
	all := make([]float64, 100_000)
	sum := 0.0
	for i := range all {
		all[i] = l.draw(rnd, 0)
		sum += all[i]
	}
	slices.Sort(all)
	for _, q := range []struct{ part, want float64 }{{0.5, 0.010}, {0.99, 0.080}} {
		if got := quantile(all, q.part); math.Abs(got/q.want-1) > 0.03 {
			t.Errorf("p%g is %g, want %g", q.part*100, got, q.want)
		}
	}
	if got := sum / float64(len(all)); math.Abs(got/l.mean()-1) > 0.03 {
		t.Errorf("the mean is %g, want %g", got, l.mean())
	}
}
