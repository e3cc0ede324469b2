package tune

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fanout/lambda/metrics"
)

func options(t *testing.T, targets string) Options {
	t.Helper()
	p, err := LoadPrices("")
	if err != nil {
		t.Fatal(err)
	}
	l, err := LoadLatencies("")
	if err != nil {
		t.Fatal(err)
	}
	s := newSample(t, kinesisEvent(1000, 200, 1000, 1))
	g := DefaultGrid()
	g.BatchSizes, g.Windows, g.Factors = []int{10, 100, 1000}, g.Windows[:2], []int{1, 2, 10}
	g.InFlights, g.Memories = []int{8, 16, 64}, []int{128, 512, 1769}
	m := measure(t, s, targets, MeasureOptions{Factors: g.Factors, Largest: 1000})
	g.Collapses = m.Collapses
	return Options{
		Sample: s, Measurement: m, Load: Load{RecordsPerSecond: 500, Shards: 1}, Prices: p, Latencies: l,
		Grid: g, MaxLag: 2 * time.Second, Metrics: metrics.ModeCloudWatch,
	}
}

const oneQueue = "- {id: a, type: sqs, destination: \"arn:aws:sqs:eu-west-1:123456789012:q\", collapse: none}"

func TestRecommended(t *testing.T) {
	o := options(t, oneQueue)
	r := Simulate(o)
	best := &r.Recommended
	if !best.MeetsGoal || best.Collapse != Configured || r.Simulated != 3*2*3*3*3*2 {
		t.Errorf("%+v of %d", best, r.Simulated)
	}
	for i := range r.results {
		x := &r.results[i]
		if x.Collapse == Configured && x.MeetsGoal && x.MonthlyCost.Total < best.MonthlyCost.Total/1.011 {
			t.Errorf("%+v is cheaper than %+v", x.Setting, best.Setting)
		}
		if x.Steady != nil && x.LagP50 > x.LagP99 {
			t.Errorf("%+v: p50 %g, p99 %g", x.Setting, x.LagP50, x.LagP99)
		}
	}
	c := best.MonthlyCost
	if !near(c.Total, c.Requests+c.Compute+c.Targets+c.Metrics+c.Consumer) || c.Consumer != 0 {
		t.Errorf("cost %+v", c)
	}
	// 500 records a second, ten in an SQS request, for 730 hours. The last request of
	// a batch is not full.
	if full := 50 * monthSeconds * 0.4 / 1e6; c.Targets < full || c.Targets > 1.3*full {
		t.Errorf("targets cost %g, want a little over %g", c.Targets, full)
	}
	if diff := cmp.Diff(r.Recommended, Simulate(o).Recommended); diff != "" {
		t.Error("another time it is another:", diff)
	}
	for _, x := range r.Others {
		if differences(&x.Setting, &best.Setting) != 1 || r.Differs(x.Setting) == "" {
			t.Errorf("%+v differs in %d things", x.Setting, differences(&x.Setting, &best.Setting))
		}
	}
	if r.Differs(best.Setting) != "" {
		t.Error("the recommended setting differs from itself")
	}
}

// More memory, more requests in flight or larger batches never lower the
// throughput.
func TestThroughputIsMonotonic(t *testing.T) {
	r := Simulate(options(t, oneQueue))
	at := func(change func(*Setting)) float64 {
		s := Setting{100, 0, 1, 16, 512, Configured}
		change(&s)
		i := slices.IndexFunc(r.results, func(x Result) bool { return x.Setting == s })
		return r.results[i].Throughput
	}
	for name, ys := range map[string][]float64{
		"batch size": {at(func(s *Setting) { s.BatchSize = 10 }), at(func(*Setting) {}), at(func(s *Setting) { s.BatchSize = 1000 })},
		"in flight":  {at(func(s *Setting) { s.InFlight = 8 }), at(func(*Setting) {}), at(func(s *Setting) { s.InFlight = 64 })},
		"memory":     {at(func(s *Setting) { s.Memory = 128 }), at(func(*Setting) {}), at(func(s *Setting) { s.Memory = 1769 })},
		"factor":     {at(func(*Setting) {}), at(func(s *Setting) { s.Factor = 2 }), at(func(s *Setting) { s.Factor = 10 })},
	} {
		if !slices.IsSorted(ys) {
			t.Errorf("%s: %v", name, ys)
		}
	}
}

func TestGoalOutOfReach(t *testing.T) {
	o := options(t, oneQueue)
	o.MaxLag = 100 * time.Millisecond
	r := Simulate(o)
	if r.Recommended.MeetsGoal || !r.Recommended.KeepsUp || r.Recommended.Verdict() != "lag" {
		t.Errorf("%+v", r.Recommended)
	}
	if text := strings.Join(append(r.Why, r.Notes...), "\n"); !strings.Contains(text, "comes closest") || !strings.Contains(text, "--enhanced-fan-out") {
		t.Error(text)
	}
	o.Enhanced, o.MaxLag = true, time.Second
	if r := Simulate(o); !r.Recommended.MeetsGoal || r.Recommended.MonthlyCost.Consumer < 730*0.015 {
		t.Errorf("with enhanced fan-out: %+v", r.Recommended)
	}
	o.Load.RecordsPerSecond = 1e9
	r = Simulate(o)
	if r.Recommended.Steady != nil || r.Recommended.Verdict() != "too slow" {
		t.Errorf("%+v", r.Recommended)
	}
	if text := strings.Join(append(r.Why, r.Notes...), "\n"); !strings.Contains(text, "The best one handles "+Number(r.most())) || !strings.Contains(text, "--shards 1000000") {
		t.Error(text)
	}
	var page bytes.Buffer
	if err := r.WriteHTML(&page); err != nil || !strings.Contains(page.String(), "does not keep up") {
		t.Error(err)
	}
}

// A key of half the records stays in one lane.
func TestHotKeyBoundsThroughput(t *testing.T) {
	o := options(t, oneQueue)
	o.Sample = newSample(t, kinesisEvent(1000, 200, 2, 1))
	r := Simulate(o)
	at := func(factor int) float64 {
		s := Setting{100, 0, factor, 16, 512, Configured}
		return r.results[slices.IndexFunc(r.results, func(x Result) bool { return x.Setting == s })].Throughput
	}
	if !near(at(2), 2*at(1)) || !near(at(10), at(2)) {
		t.Errorf("factor 1: %g, 2: %g, 10: %g", at(1), at(2), at(10))
	}
	if !strings.Contains(strings.Join(r.Notes, "\n"), "50 % of a shard's records have the same key") {
		t.Error(r.Notes)
	}
}

func TestWhatMetricsCost(t *testing.T) {
	o := options(t, oneQueue)
	cost := make(map[metrics.Mode]float64)
	for _, m := range []metrics.Mode{metrics.ModeCloudWatch, metrics.ModeEMF, metrics.ModeNone} {
		o.Metrics = m
		tu := tuner{Options: o, RecordBytes: 1}
		cost[m] = tu.cost(&laneResult{invocations: 1}, 1, 128).Metrics
	}
	own := float64(o.Measurement.Metrics.Metrics) * 0.30
	if !near(cost[metrics.ModeCloudWatch], own+monthSeconds/1e6*10) ||
		!near(cost[metrics.ModeEMF], own+monthSeconds*float64(o.Measurement.Metrics.LogBytes)/(1<<30)*0.5) || cost[metrics.ModeNone] != 0 {
		t.Error(cost)
	}
}

func TestUnknownServiceIsNoted(t *testing.T) {
	o := options(t, oneQueue)
	delete(o.Prices.Targets, "sqs")
	delete(o.Latencies.Targets, "sqs")
	if text := strings.Join(Simulate(o).Notes, "\n"); !strings.Contains(text, "counts as free") || !strings.Contains(text, "answering at once") || !strings.Contains(text, "in eu-west-1, but the prices are for us-east-1") {
		t.Error(text)
	}
}

func TestGridIsChecked(t *testing.T) {
	good := DefaultGrid()
	if err := good.Check(); err != nil {
		t.Error(err)
	}
	for want, spoil := range map[string]func(*Grid){
		"--batch-size has 10001":          func(g *Grid) { g.BatchSizes = []int{10_001} },
		"--parallelization-factor has 11": func(g *Grid) { g.Factors = []int{11} },
		"--in-flight has 0":               func(g *Grid) { g.InFlights = []int{0} },
		"--memory has 64":                 func(g *Grid) { g.Memories = []int{64} },
		"--memory has no values":          func(g *Grid) { g.Memories = nil },
		"--window has 1.5s":               func(g *Grid) { g.Windows = []time.Duration{1500 * ms} },
		"--window has no values":          func(g *Grid) { g.Windows = nil },
		"--collapse has \"zip\"":          func(g *Grid) { g.Collapses = []string{"zip"} },
	} {
		g := DefaultGrid()
		spoil(&g)
		if err := g.Check(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v; want %q", err, want)
		}
	}
}

// Batches that do not fit into an event are simulated once.
func TestSettingsThatCannotBeHad(t *testing.T) {
	g := Grid{BatchSizes: []int{1000, 10, 100}, Windows: []time.Duration{0}, Factors: []int{1}, InFlights: []int{8}, Memories: []int{128}, Collapses: []string{Configured}}
	if got := g.settings(60); len(got) != 2 || got[1].BatchSize != 100 {
		t.Errorf("%+v", got)
	}
}

// The page loads nothing, its plots are well-formed, and it names the basis of its
// figures.
func TestPage(t *testing.T) {
	r := Simulate(options(t, oneQueue))
	r.Source = `<script>alert(1)</script>`
	var b bytes.Buffer
	if err := r.WriteHTML(&b); err != nil {
		t.Fatal(err)
	}
	page := b.String()
	for _, bad := range []string{"<script", "<link", "<img", "<iframe", "@import", "url(", " src=", "NaN", "ZgotmplZ", "%!"} {
		if strings.Contains(page, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	for _, want := range []string{
		"prefers-color-scheme: dark", "max-width: 560px", `class="value"`, "fanout hook --function fanout ", "billed units", "Throughput over batch size", "Cost over batch size", "Lag over batch size", "Lag over load",
		"Measured on this machine", "Modeled", "as of 2026-09", "us-east-1", Dollars(r.Recommended.MonthlyCost.Total),
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %q", want)
		}
	}
	plots := regexp.MustCompile(`(?s)<svg.*?</svg>`).FindAllString(page, -1)
	if len(plots) != 8 { // each for wide and for narrow screens
		t.Errorf("%d plots", len(plots))
	}
	for _, p := range plots {
		for d := xml.NewDecoder(strings.NewReader(p)); ; {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatal(err)
			}
		}
	}
	if n := strings.Count(page, "<tr class=\"best\">"); n != 1 {
		t.Errorf("%d recommended rows", n)
	}
	if err := r.WriteHTML(full{}); err == nil {
		t.Error("a full disk goes unnoticed")
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("full") }

func TestReportIsJSON(t *testing.T) {
	data, err := json.Marshal(Simulate(options(t, oneQueue)))
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Recommended struct {
			BatchSize          int
			LagP99Milliseconds float64
			MonthlyCost        Cost
		}
	}
	if err := json.Unmarshal(data, &got); err != nil || got.Recommended.BatchSize == 0 || got.Recommended.LagP99Milliseconds == 0 || got.Recommended.MonthlyCost.Total == 0 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestScales(t *testing.T) {
	if s := linearScale(4913); s.hi != 5000 || !cmp.Equal(s.ticks, []float64{0, 1000, 2000, 3000, 4000, 5000}) {
		t.Errorf("%+v", s)
	}
	if s := logScale(1408, 30_000); s.lo != 1000 || s.hi != 50_000 || len(s.ticks) != 6 {
		t.Errorf("%+v", s)
	}
	if s := logScale(1408, 493_444); s.lo != 1000 || s.hi != 1e6 || len(s.ticks) != 4 {
		t.Errorf("%+v", s)
	}
	empty := chart{xs: []string{"a"}, mark: -1, log: true, format: short, series: []series{{"none", []float64{math.NaN()}}}}
	if svg := string(empty.SVG()); strings.Contains(svg, "NaN") || strings.Contains(svg, "Inf") {
		t.Error(svg)
	}
}

func TestFigures(t *testing.T) {
	for got, want := range map[string]string{
		Number(49_344): "49,344", Number(28.06): "28.1", Number(8.0667): "8.07", Number(1e6): "1,000,000",
		Dollars(2252.56): "$2,253", Dollars(396.04): "$396.04", Dollars(0.004): "$0.0040", Dollars(0): "$0.00",
		Millis(9.99): "10.0 ms", Millis(623.4): "623 ms", Millis(1130): "1.13 s", Millis(12_345): "12.3 s",
		short(1.5e6): "1.5M", short(54_283): "54k", short(1_400): "1.4k", short(7): "7", short(0.25): "0.25",
		millisShort(250): "250 ms", millisShort(2500): "2.5 s", dollarsShort(4913): "$4.9k",
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestGuessedRate(t *testing.T) {
	o := options(t, oneQueue)
	o.Sample = newSample(t, kinesisEvent(8, 200, 1000, 1))
	load, err := o.Sample.Load(0, 0)
	if err != nil {
		t.Fatal(err)
	}
	o.Load = load
	notes := strings.Join(Simulate(o).Notes, "\n")
	if !strings.Contains(notes, "is a guess, because it comes from 8 records within ") {
		t.Error(notes)
	}
	o.Load = Load{RecordsPerSecond: 500, Shards: 1}
	if notes := strings.Join(Simulate(o).Notes, "\n"); strings.Contains(notes, "is a guess") {
		t.Error(notes)
	}
}

// A setting near a limit is recommended only if no other one meets the goal, and the
// planned load is a point of the plot.
func TestClose(t *testing.T) {
	result := func(cost float64, nearLimit bool) Result {
		return Result{KeepsUp: true, MeetsGoal: true, Close: nearLimit, Throughput: 1, Steady: &Steady{LagP99: 1, MonthlyCost: Cost{Total: cost}}}
	}
	if got := best([]Result{result(1, true), result(2, false), result(3, false)}); got.MonthlyCost.Total != 2 {
		t.Errorf("cost %g", got.MonthlyCost.Total)
	}
	if got := best([]Result{result(1, true), result(2, true)}); got.MonthlyCost.Total != 1 || got.Verdict() != "✓ (close)" {
		t.Errorf("cost %g, %s", got.MonthlyCost.Total, got.Verdict())
	}
	for load, near := range map[float64]bool{headroom: true, headroom * 0.97: true, headroom * 1.04: true, headroom / 2: false, 0.99: false} {
		if isNear(load, headroom) != near {
			t.Errorf("%g of what it can do: near is %v", load, !near)
		}
	}
	o := options(t, oneQueue)
	o.Load.RecordsPerSecond = 123
	r := Simulate(o)
	if !slices.ContainsFunc(r.loads, func(x Result) bool { return x.Utilization == r.Recommended.Utilization }) {
		t.Error("the planned load is not simulated")
	}
}

func TestNameOfTheFirstRow(t *testing.T) {
	for want, r := range map[string]Result{"recommended": {KeepsUp: true, MeetsGoal: true}, "least lag": {KeepsUp: true}, "fastest": {}} {
		if got := (&Report{Recommended: r}).Name(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// A report that misses the goal says how much more another setting can do, and which
// collapse would meet the goal.
func TestWhyNamesTheOtherCollapse(t *testing.T) {
	here := Result{Setting: Setting{BatchSize: 100, Collapse: "none"}, Throughput: 312}
	larger, json := here, here
	larger.Memory, larger.Throughput = 512, 326
	json.Collapse, json.Throughput, json.MeetsGoal = "JSON", 462, true
	json.Steady = &Steady{MonthlyCost: Cost{Total: 332}}
	r := Report{Load: Load{RecordsPerSecond: 286}, Recommended: here, Others: []Result{larger, json}, results: []Result{here, larger, json}}
	text := strings.Join(r.why(time.Second, 0), "\n")
	for _, want := range []string{"The best one handles 326;", "close to that, with 312.", "With collapse JSON instead of none it meets the goal, at $332.00 per month."} {
		if !strings.Contains(text, want) {
			t.Errorf("%q lacks %q", text, want)
		}
	}
	r.Recommended.MeetsGoal, r.Recommended.Steady = true, json.Steady
	if text := strings.Join(r.why(time.Second, 0), "\n"); strings.Contains(text, "With collapse") {
		t.Error(text)
	}
	// Another collapse that is cheaper does not compete, so the text does not deny it.
	r.Recommended.Steady = &Steady{MonthlyCost: Cost{Total: 400}}
	r.results[0] = r.Recommended
	text = strings.Join(r.why(time.Second, 0), "\n")
	for _, want := range []string{"1 of 2 settings with collapse none keep up", "None of them is more than", "With collapse JSON instead of none it costs $332.00 per month"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q lacks %q", text, want)
		}
	}
}
