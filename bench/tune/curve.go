package tune

import (
	"math/rand/v2"
	"sort"
)

// draws is how often each measured size of a batch is simulated.
const draws = 48

// point is what batches of one size take.
type point struct {
	records  int
	seconds  [draws]float64 // of invocations
	mean     float64        // of those
	requests float64
	dollars  float64 // that targets charge
}

// curve is points ascending by size. What lies between two sizes is taken to lie
// between what they take, too.
type curve []point

// newCurve simulates invocations with each of the shapes.
func newCurve(shapes []Shape, l *Latencies, p *Prices, inFlight, memory int) curve {
	c := make(curve, len(shapes))
	for i := range shapes {
		rnd := rand.New(rand.NewPCG(seed, uint64(i))) //nolint:gosec // i is not negative
		v := invocation{&shapes[i], l, inFlight, memory}
		c[i].records = shapes[i].Records
		for k := range draws {
			c[i].seconds[k] = v.seconds(rnd)
			c[i].mean += c[i].seconds[k] / draws
		}
		for t := range shapes[i].Targets {
			target := &shapes[i].Targets[t]
			for q := range target.Requests {
				dollars, _ := p.of(target.Service, &target.Requests[q])
				c[i].dollars += dollars
			}
			c[i].requests += float64(len(target.Requests))
		}
	}
	return c
}

// max is the largest batch that fits into an event.
func (c curve) max() int { return c[len(c)-1].records }

// at returns the points around a batch of n records, and how far it is from the
// first to the second, 0 to 1.
func (c curve) at(n int) (lo, hi *point, part float64) {
	i := sort.Search(len(c), func(i int) bool { return c[i].records >= n })
	switch {
	case i == 0:
		return &c[0], &c[0], 0
	case i == len(c):
		return &c[i-1], &c[i-1], 0
	}
	lo, hi = &c[i-1], &c[i]
	return lo, hi, float64(n-lo.records) / float64(hi.records-lo.records)
}

// seconds returns draw k of the time of an invocation with n records.
func (c curve) seconds(n, k int) float64 {
	lo, hi, part := c.at(n)
	return lo.seconds[k]*(1-part) + hi.seconds[k]*part
}

// value returns what f tells of a batch of n records.
func (c curve) value(n int, f func(*point) float64) float64 {
	lo, hi, part := c.at(n)
	return f(lo)*(1-part) + f(hi)*part
}

func meanOf(p *point) float64     { return p.mean }
func requestsOf(p *point) float64 { return p.requests }
func dollarsOf(p *point) float64  { return p.dollars }
