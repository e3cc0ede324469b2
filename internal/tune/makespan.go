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
// the total. A lane of an ordered target has one request in flight. Requests of a
// target with a rate begin evenly spaced.
func (v *invocation) seconds(rnd *rand.Rand) float64 {
	scale := v.latencies.CPU.scale(v.memory)
	perByte, perCall := v.perByte()*scale, float64(v.latencies.CPU.PerCall)*scale
	cpu := v.shape.Decode.Seconds()*scale + perCall // plus one call for metrics
	if v.bytes() == 0 {
		cpu = v.shape.CPU.Seconds()*scale + perCall
	}
	lines := make([]line, len(v.shape.Targets))
	for i := range lines {
		lines[i] = v.line(&v.shape.Targets[i])
	}
	var out flight
	now, end := cpu, cpu
	for {
		for started := true; started; {
			started = false
			for i := range lines {
				if len(out) == v.inFlight || !lines[i].ready(now) {
					continue
				}
				k, q := lines[i].next(max(cpu, now))
				latency := v.latencies.Targets[v.shape.Targets[i].Service]
				cpu = max(cpu, now) + perByte*float64(q.Bytes) + perCall
				heap.Push(&out, answerAt{cpu + latency.draw(rnd, q.Bytes), i, k})
				started = true
			}
		}
		if due, ok := nextDue(lines, now); ok && len(out) < v.inFlight && (len(out) == 0 || due < out[0].at) {
			now = due
			continue
		}
		if len(out) == 0 {
			return end
		}
		a := heap.Pop(&out).(answerAt) //nolint:forcetypeassert // the heap holds nothing else
		now = a.at
		end = max(end, now)
		lines[a.target].answered(a.queue)
	}
}

// line holds the requests of a target that are not sent, in queues. The requests of a
// queue go one after another, if ordered.
type line struct {
	queues  [][]Request
	open    []int // queues with a request that may go
	ordered bool
	running int
	slots   int     // requests in flight at most
	pace    float64 // seconds between requests
	due     float64 // when the next one may begin
}

func (v *invocation) line(t *TargetShape) line {
	l := line{ordered: t.Ordered, slots: t.InFlight}
	if t.Rate > 0 { // the invocation before may have made a request just now
		l.pace = 1 / float64(t.Rate)
		l.due = l.pace
	}
	if l.slots == 0 {
		l.slots = max(1, v.inFlight/len(v.shape.Targets))
	}
	rest := t.Requests
	for len(rest) > 0 {
		n := len(rest)
		if t.Ordered && t.Lanes > 1 {
			for n = 1; n < len(rest) && rest[n].Lane == rest[0].Lane; {
				n++
			}
		}
		l.open = append(l.open, len(l.queues))
		l.queues, rest = append(l.queues, rest[:n]), rest[n:]
	}
	if t.Ordered {
		l.slots = min(l.slots, max(1, t.Lanes))
	}
	return l
}

// ready reports whether a request may go.
func (l *line) ready(now float64) bool { return l.free() && l.due <= now }

// free reports whether a request may go when it is due.
func (l *line) free() bool { return len(l.open) > 0 && l.running < l.slots }

// nextDue returns when the first request after now is due that only the rate of its target holds
// up. It reports false if there is none.
func nextDue(lines []line, now float64) (due float64, ok bool) {
	for i := range lines {
		if l := &lines[i]; l.free() && l.due > now && (!ok || l.due < due) {
			due, ok = l.due, true
		}
	}
	return due, ok
}

// next takes the next request, of the queue with this number.
func (l *line) next(now float64) (queue int, q *Request) {
	l.due = now + l.pace
	queue = l.open[0]
	q, l.queues[queue] = &l.queues[queue][0], l.queues[queue][1:]
	if l.ordered || len(l.queues[queue]) == 0 {
		l.open = l.open[1:]
	}
	l.running++
	return queue, q
}

// answered ends a request of a queue.
func (l *line) answered(queue int) {
	l.running--
	if l.ordered && len(l.queues[queue]) > 0 {
		l.open = append(l.open, queue)
	}
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
	at            float64
	target, queue int
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
