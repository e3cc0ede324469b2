package tune

import (
	"container/heap"
	"math/rand/v2"
)

// invocation is what one invocation is made of, as far as its time goes.
type invocation struct {
	shape     *Shape
	latencies *Latencies
	inFlight  int // requests in flight over all targets
	memory    int // MB
}

// seconds draws how long the invocation takes. The CPU is a single one: first it
// decodes, then it makes one request after another, each of which then waits for
// its answer. A request holds its slot from when it is being made, as in the
// engine: one of the target's (its own bound, or an even share) and one of all. An
// ordered target has one request in flight, as a batch is of one shard.
func (v *invocation) seconds(rnd *rand.Rand) float64 {
	scale := v.latencies.CPU.scale(v.memory)
	perByte, perCall := v.perByte()*scale, float64(v.latencies.CPU.PerCall)*scale
	cpu := v.shape.Decode.Seconds()*scale + perCall // a call of the metrics, too
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

// slots is how many requests a target has in flight at most.
func (v *invocation) slots(t *TargetShape) int {
	switch {
	case t.Ordered:
		return 1
	case t.InFlight > 0:
		return t.InFlight
	}
	return max(1, v.inFlight/len(v.shape.Targets))
}

// bytes is the size of all requests.
func (v *invocation) bytes() (n int) {
	for i := range v.shape.Targets {
		for k := range v.shape.Targets[i].Requests {
			n += v.shape.Targets[i].Requests[k].Bytes
		}
	}
	return n
}

// perByte is the CPU, in seconds, that making requests takes for each byte of them.
func (v *invocation) perByte() float64 {
	n := v.bytes()
	if n == 0 {
		return 0
	}
	return (v.shape.CPU - v.shape.Decode).Seconds() / float64(n)
}

// answerAt is when the answer to a request of a target comes.
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
