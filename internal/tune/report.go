package tune

import (
	"fmt"
	"math"
	"slices"
	"time"

	"fanout/lambda/metrics"
)

// Report is the result of a simulation.
type Report struct {
	Source      string         `json:"source"`
	Load        Load           `json:"load"`
	MaxLag      float64        `json:"maxLagMilliseconds"`
	Metrics     metrics.Mode   `json:"metrics"`
	Enhanced    bool           `json:"enhancedFanOut"`
	Simulated   int            `json:"simulated"` // settings
	Recommended Result         `json:"recommended"`
	Why         []string       `json:"why"`
	Reasons     []Reason       `json:"reasons"`  // one for each value of the recommended setting
	Commands    []string       `json:"commands"` // that apply it
	Others      []Result       `json:"others"`   // they differ from the recommended one in one dimension
	Targets     []TargetResult `json:"targets"`  // of the recommended setting, as configured and with a change
	Measured    []Measured     `json:"measured"`
	Basis       []string       `json:"basis"` // origin of the figures: measured or modeled, and the date of the prices
	Notes       []string       `json:"notes,omitempty"`

	collapsing []string // ids of targets that collapse

	results []Result
	loads   []Result // of the recommended setting, by load
	prices  *Prices
	grid    Grid
}

// Measured is the measurement of one batch size, with the recommended collapse.
type Measured struct {
	Records      int     `json:"records"`
	CPU          float64 `json:"cpuMilliseconds"` // on a core here
	CPUPerRecord float64 `json:"cpuMicrosecondsPerRecord"`
	Requests     int     `json:"requests"`
	Bytes        int     `json:"bytes"` // of the requests
}

// report builds a Report from results.
func (t *tuner) report(results []Result) *Report {
	r := &Report{
		Source: t.Sample.Source, Load: t.Load, MaxLag: float64(t.MaxLag.Milliseconds()), Metrics: t.Metrics,
		Enhanced: t.Enhanced, Simulated: len(results), results: results, prices: t.Prices, grid: t.Grid,
	}
	first := slices.DeleteFunc(slices.Clone(results), func(x Result) bool { return x.Collapse != t.Grid.Collapses[0] })
	r.Recommended = *best(first)
	r.Others = r.neighbors()
	for _, s := range t.Measurement.curve(&r.Recommended.Setting) {
		m := Measured{Records: s.Records, CPU: s.CPU.Seconds() * 1000, CPUPerRecord: s.CPU.Seconds() * 1e6 / float64(s.Records)}
		for i := range s.Targets {
			m.Requests += len(s.Targets[i].Requests)
			for k := range s.Targets[i].Requests {
				m.Bytes += s.Targets[i].Requests[k].Bytes
			}
		}
		r.Measured = append(r.Measured, m)
	}
	for i := range t.Measurement.Targets {
		if x := &t.Measurement.Targets[i]; Collapses(x) {
			r.collapsing = append(r.collapsing, x.ID)
		}
	}
	r.loads = t.byLoad(&r.Recommended)
	r.Targets = t.targets(&r.Recommended)
	r.Why = r.why(t.MaxLag, t.hot)
	r.Reasons, r.Commands = r.reasons(), r.commands(t.Function)
	r.Basis = t.basis()
	r.Notes = append(slices.Clone(t.Measurement.Notes), t.notes(r)...)
	return r
}

// neighbors returns the results that differ from the recommended one in one
// dimension.
func (r *Report) neighbors() (others []Result) {
	for _, d := range dimensions {
		for i := range r.results {
			if x := &r.results[i]; d.differs(&x.Setting, &r.Recommended.Setting) && differences(&x.Setting, &r.Recommended.Setting) == 1 {
				others = append(others, *x)
			}
		}
	}
	return others
}

// dimension is one part of a setting.
type dimension struct {
	name    string
	differs func(a, b *Setting) bool
}

const collapseDimension = "collapse"

var dimensions = []dimension{
	{"batch size", func(a, b *Setting) bool { return a.BatchSize != b.BatchSize }},
	{"window", func(a, b *Setting) bool { return a.Window != b.Window }},
	{"factor", func(a, b *Setting) bool { return a.Factor != b.Factor }},
	{"in flight", func(a, b *Setting) bool { return a.InFlight != b.InFlight }},
	{"memory", func(a, b *Setting) bool { return a.Memory != b.Memory }},
	{collapseDimension, func(a, b *Setting) bool { return a.Collapse != b.Collapse }},
}

func differences(a, b *Setting) (n int) {
	for _, d := range dimensions {
		if d.differs(a, b) {
			n++
		}
	}
	return n
}

// Differs names the dimension in which s differs from the recommended setting, or
// returns "" if there is none.
func (r *Report) Differs(s Setting) string {
	for _, d := range dimensions {
		if d.differs(&s, &r.Recommended.Setting) {
			return d.name
		}
	}
	return ""
}

// loadSteps are fractions of a setting's capacity.
var loadSteps = []float64{0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98}

// byLoad simulates a setting with other loads, up to its capacity. The planned load
// is one of them.
func (t *tuner) byLoad(r *Result) (all []Result) {
	steps := slices.Clone(loadSteps)
	if r.Utilization < 1 {
		steps = slices.DeleteFunc(steps, func(part float64) bool { return math.Abs(part-r.Utilization) < 0.01 })
		steps = append(steps, r.Utilization)
		slices.Sort(steps)
	}
	for _, part := range steps {
		all = append(all, t.result(r.Setting, part*r.Throughput))
	}
	return all
}

// why explains the recommended setting.
func (r *Report) why(maxLag time.Duration, hot float64) (text []string) {
	add := func(format string, args ...any) { text = append(text, fmt.Sprintf(format, args...)) }
	best := &r.Recommended
	all, meet, keep := 0, 0, 0 // with the recommended collapse: only these compete
	for i := range r.results {
		x := &r.results[i]
		if x.Collapse != best.Collapse {
			continue
		}
		all++
		if x.MeetsGoal {
			meet++
		}
		if x.KeepsUp {
			keep++
		}
	}
	with := "settings"
	if all < len(r.results) {
		with += " with collapse " + best.Collapse
	}
	switch {
	case best.MeetsGoal:
		add("%d of %d %s keep up with %s records per second at 80 %% use or less, and deliver 99 %% of them within %v. None of them is more than 1 %% cheaper than this one, which costs %s per month.",
			meet, all, with, Number(r.Load.RecordsPerSecond), maxLag, Dollars(best.MonthlyCost.Total))
	case best.KeepsUp:
		add("No setting delivers 99 %% of the records within %v. Of the %d of %d %s that keep up with %s records per second at 80 %% use or less, this one comes closest, with %s.",
			maxLag, keep, all, with, Number(r.Load.RecordsPerSecond), Millis(best.LagP99))
	default:
		advice := "More shards would help."
		if hot > hotKey {
			advice = "More shards help little, because one key has many of the records."
		}
		add("No setting keeps up with %s records per second at 80 %% use or less. The best one handles %s; this one is the simplest setting close to that, with %s. %s",
			Number(r.Load.RecordsPerSecond), Number(r.most()), Number(best.Throughput), advice)
	}
	switch x := r.otherCollapse(); {
	case x == nil:
	case best.MeetsGoal:
		add("With collapse %s instead of %s it costs %s per month, and receivers get messages of another form.", x.Collapse, best.Collapse, Dollars(x.MonthlyCost.Total))
	default:
		add("With collapse %s instead of %s it meets the goal, at %s per month.", x.Collapse, best.Collapse, Dollars(x.MonthlyCost.Total))
	}
	return append(text, r.gains()...)
}

// most is the highest throughput of a setting with the recommended collapse.
func (r *Report) most() (most float64) {
	for i := range r.results {
		if r.results[i].Collapse == r.Recommended.Collapse {
			most = max(most, r.results[i].Throughput)
		}
	}
	return most
}

// otherCollapse returns the cheapest setting that meets the goal and differs from the
// recommended one in the collapse alone. It returns nil if that is no better: the recommended
// one meets the goal too, and costs at most 1 % more.
func (r *Report) otherCollapse() (cheapest *Result) {
	best := &r.Recommended
	for i := range r.Others {
		x := &r.Others[i]
		if !x.MeetsGoal || x.Collapse == best.Collapse || best.MeetsGoal && x.MonthlyCost.Total >= best.MonthlyCost.Total/1.01 {
			continue
		}
		if cheapest == nil || x.MonthlyCost.Total < cheapest.MonthlyCost.Total {
			cheapest = x
		}
	}
	return cheapest
}
