package tune

import (
	"math/rand/v2"
	"sort"
)

// draws is how often each measured size of a batch is simulated.
const draws = 48

// An invocation of many requests is simulated less often: its time hardly varies.
const (
	manyRequests = 5000
	fewest       = 4
)

// point holds the results for batches of one size.
type point struct {
	records  int
	seconds  [draws]float64 // one for each draw of an invocation
	mean     float64        // of seconds
	requests float64
	dollars  float64 // that targets charge
	targets  []amount
}

// amount is what one target takes.
type amount struct {
	requests float64
	units    float64 // that are billed
	dollars  float64
}

// add adds part of another amount.
func (a *amount) add(b amount, part float64) {
	a.requests += b.requests * part
	a.units += b.units * part
	a.dollars += b.dollars * part
}

// curve holds points in ascending order of size. It interpolates between two sizes,
// and extrapolates beyond the last.
type curve []point

// newCurve simulates invocations with each of the shapes.
func newCurve(shapes []Shape, l *Latencies, p *Prices, inFlight, memory int) curve {
	c := make(curve, len(shapes))
	for i := range shapes {
		rnd := rand.New(rand.NewPCG(seed, uint64(i)))
		v := invocation{&shapes[i], l, inFlight, memory}
		c[i].records = shapes[i].Records
		different := min(draws, max(fewest, manyRequests/max(1, shapes[i].requests())))
		for k := range draws {
			if c[i].seconds[k] = c[i].seconds[k%different]; k < different {
				c[i].seconds[k] = v.seconds(rnd)
			}
			c[i].mean += c[i].seconds[k] / draws
		}
		c[i].targets = make([]amount, len(shapes[i].Targets))
		for t := range shapes[i].Targets {
			target := &shapes[i].Targets[t]
			for q := range target.Requests {
				dollars, _ := p.Of(target.Service, &target.Requests[q])
				units, _ := p.units(target.Service, &target.Requests[q])
				c[i].targets[t].add(amount{1, units, dollars}, 1)
				c[i].dollars += dollars
			}
		}
		c[i].requests = float64(shapes[i].requests())
	}
	return c
}

// at returns two points, and the position of a batch of n records between them: 0
// to 1, or more if the batch is larger than the largest measured one.
func (c curve) at(n int) (lo, hi *point, part float64) {
	i := sort.Search(len(c), func(i int) bool { return c[i].records >= n })
	i = min(i, len(c)-1)
	if i == 0 {
		return &c[0], &c[0], 0
	}
	lo, hi = &c[i-1], &c[i]
	return lo, hi, float64(n-lo.records) / float64(hi.records-lo.records)
}

// seconds returns draw k of the time of an invocation with n records.
func (c curve) seconds(n, k int) float64 {
	lo, hi, part := c.at(n)
	return lo.seconds[k]*(1-part) + hi.seconds[k]*part
}

// value returns f for a batch of n records.
func (c curve) value(n int, f func(*point) float64) float64 {
	lo, hi, part := c.at(n)
	return f(lo)*(1-part) + f(hi)*part
}

// amount returns what target i takes of a batch of n records.
func (c curve) amount(n, i int) (a amount) {
	lo, hi, part := c.at(n)
	a.add(lo.targets[i], 1-part)
	a.add(hi.targets[i], part)
	return a
}

func meanOf(p *point) float64     { return p.mean }
func requestsOf(p *point) float64 { return p.requests }
func dollarsOf(p *point) float64  { return p.dollars }
