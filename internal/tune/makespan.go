package tune

import (
	"container/heap"
	"math/rand/v2"
)

// invocation holds everything that determines the time of one invocation.
type invocation struct {
	shape     *Shape
	latencies *Latencies
	inFlight  int // requests in flight over all targets
	memory    int // MB
}

// seconds draws how long the invocation takes. There is one CPU. First it decodes,
// then it makes one request after another, and each request waits for its answer.
// As in the engine, a request holds two slots while it is made and until its
// answer: one of its target (the target's own bound, or an even share) and one of
// the total. An ordered target has one request in flight, because a batch belongs
// to one shard.
func (v *invocation) seconds(rnd *rand.Rand) float64 {
	scale := v.latencies.CPU.scale(v.memory)
	perByte, perCall := v.perByte()*scale, float64(v.latencies.CPU.PerCall)*scale
	cpu := v.shape.Decode.Seconds()*scale + perCall // plus one call for metrics
	if v.bytes() == 0 {
		cpu = v.shape.CPU.Seconds()*scale + perCall
	}
	next := make([]int, len(v.shape.Targets))    // request of each target
	running := make([]int, len(v.shape.Targets)) // requests of each target
	var out flight
	now, end := cpu, cpu
	for {
		for started := true; started; {
			started = false
			for i := range v.shape.Targets {
				t := &v.shape.Targets[i]
				if next[i] == len(t.Requests) || running[i] == v.slots(t) || len(out) == v.inFlight {
					continue
				}
				q := &t.Requests[next[i]]
				latency := v.latencies.Targets[t.Service]
				cpu = max(cpu, now) + perByte*float64(q.Bytes) + perCall
				heap.Push(&out, answerAt{cpu + latency.draw(rnd, q.Bytes), i})
				next[i]++
				running[i]++
				started = true
			}
		}
		if len(out) == 0 {
			return end
		}
		a := heap.Pop(&out).(answerAt) //nolint:forcetypeassert // the heap holds nothing else
		now = a.at
		end = max(end, now)
		running[a.target]--
	}
}

// slots returns the most requests that a target has in flight.
func (v *invocation) slots(t *TargetShape) int {
	switch {
	case t.Ordered:
		return 1
	case t.InFlight > 0:
		return t.InFlight
	}
	return max(1, v.inFlight/len(v.shape.Targets))
}

// bytes returns the total size of all requests.
func (v *invocation) bytes() (n int) {
	for i := range v.shape.Targets {
		for k := range v.shape.Targets[i].Requests {
			n += v.shape.Targets[i].Requests[k].Bytes
		}
	}
	return n
}

// perByte returns the CPU seconds per byte for making requests.
func (v *invocation) perByte() float64 {
	n := v.bytes()
	if n == 0 {
		return 0
	}
	return (v.shape.CPU - v.shape.Decode).Seconds() / float64(n)
}

// answerAt is the time of the answer to a request of a target.
type answerAt struct {
	at     float64
	target int
}

// flight is a heap of the answers to come.
type flight []answerAt

func (a flight) Len() int           { return len(a) }
func (a flight) Less(i, j int) bool { return a[i].at < a[j].at }
func (a flight) Swap(i, j int)      { a[i], a[j] = a[j], a[i] }
func (a *flight) Push(x any)        { *a = append(*a, x.(answerAt)) } //nolint:forcetypeassert // by heap.Push alone
func (a *flight) Pop() any {
	old := *a
	last := old[len(old)-1]
	*a = old[:len(old)-1]
	return last
}
