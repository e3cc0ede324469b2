package tune

import (
	"fmt"
	"math"
	"slices"
	"strconv"
)

// plot is a chart with its title, note and legend.
type plot struct {
	Title, Note string
	Legend      []string
	Chart       markup
}

func (r *Report) plots() []plot {
	plots := []plot{r.throughputPlot(), r.costPlot(), r.lagPlot()}
	if r.Recommended.Steady != nil {
		plots = append(plots, r.loadPlot())
	}
	return plots
}

func newPlot(title, note string, c *chart) plot {
	c.title = title
	p := plot{Title: title, Note: note, Chart: c.SVG()}
	for _, s := range c.series {
		p.Legend = append(p.Legend, s.name)
	}
	return p
}

// batchSizes returns the simulated batch sizes, their labels, and the index of the
// recommended size.
func (r *Report) batchSizes() (sizes []int, labels []string, here int) {
	for i := range r.results {
		sizes = append(sizes, r.results[i].BatchSize)
	}
	slices.Sort(sizes)
	sizes = slices.Compact(sizes)
	for _, n := range sizes {
		labels = append(labels, thousands(int64(n)))
	}
	return sizes, labels, slices.Index(sizes, r.Recommended.BatchSize)
}

// over returns a value of the settings that differ from s only in batch size; NaN
// if there is none.
func (r *Report) over(s Setting, sizes []int, value func(*Result) float64) []float64 {
	ys := make([]float64, len(sizes))
	for i, n := range sizes {
		ys[i] = math.NaN()
		s.BatchSize = n
		for k := range r.results {
			if r.results[k].Setting == s {
				ys[i] = value(&r.results[k])
			}
		}
	}
	return ys
}

func (r *Report) throughputPlot() plot {
	sizes, labels, here := r.batchSizes()
	c := chart{xs: labels, log: true, mark: here, rule: r.Load.RecordsPerSecond, ruled: "planned load", format: short}
	for _, f := range slices.Compact(slices.Sorted(slices.Values(r.grid.Factors))) {
		s := r.Recommended.Setting
		s.Factor = f
		c.series = append(c.series, series{"factor " + strconv.Itoa(f), r.over(s, sizes, func(x *Result) float64 { return x.Throughput })})
	}
	return newPlot("Throughput over batch size", "Records per second that the function can handle, by parallelization factor", &c)
}

func (r *Report) costPlot() plot {
	sizes, labels, here := r.batchSizes()
	c := chart{xs: labels, bars: true, mark: here, format: dollarsShort}
	for _, part := range []struct {
		name string
		of   func(*Cost) float64
	}{
		{"targets", func(c *Cost) float64 { return c.Targets }},
		{"compute", func(c *Cost) float64 { return c.Compute }},
		{"invocations", func(c *Cost) float64 { return c.Requests }},
		{"metrics", func(c *Cost) float64 { return c.Metrics }},
		{"enhanced fan-out", func(c *Cost) float64 { return c.Consumer }},
	} {
		ys := r.over(r.Recommended.Setting, sizes, func(x *Result) float64 {
			if x.Steady == nil {
				return math.NaN()
			}
			return part.of(&x.MonthlyCost)
		})
		if slices.ContainsFunc(ys, func(y float64) bool { return y > 0 }) {
			c.series = append(c.series, series{part.name, ys})
		}
	}
	return newPlot("Cost over batch size", "US dollars per month for the planned load", &c)
}

func lag99(x *Result) float64 {
	if x.Steady == nil {
		return math.NaN()
	}
	return x.LagP99
}

func (r *Report) lagPlot() plot {
	sizes, labels, here := r.batchSizes()
	c := chart{xs: labels, log: true, mark: here, rule: r.MaxLag, ruled: "goal", format: millisShort}
	for _, w := range slices.Compact(slices.Sorted(slices.Values(r.grid.Windows))) {
		s := r.Recommended.Setting
		s.Window = w
		c.series = append(c.series, series{"window " + w.String(), r.over(s, sizes, lag99)})
	}
	return newPlot("Lag over batch size", "Time in which 99 % of the records are at all targets, by batching window; no point: does not keep up", &c)
}

func (r *Report) loadPlot() plot {
	c := chart{log: true, mark: -1, rule: r.MaxLag, ruled: "goal", format: millisShort, series: []series{{name: "p50"}, {name: "p99"}}}
	for i := range r.loads {
		x := &r.loads[i]
		if x.Steady == nil {
			continue
		}
		c.xs = append(c.xs, short(x.Throughput*x.Utilization))
		c.series[0].ys = append(c.series[0].ys, x.LagP50)
		c.series[1].ys = append(c.series[1].ys, x.LagP99)
		if math.Abs(x.Utilization-r.Recommended.Utilization) < 1e-9 {
			c.mark = len(c.xs) - 1 // the planned load
		}
	}
	return newPlot("Lag over load", fmt.Sprintf("The recommended setting, at 2 %% to 98 %% of its maximum of %s records per second", short(r.Recommended.Throughput)), &c)
}

// short writes a number in few characters.
func short(x float64) string {
	trim := func(x float64, unit string) string {
		if x >= 10 {
			return strconv.FormatFloat(math.Round(x), 'f', 0, 64) + unit
		}
		return strconv.FormatFloat(math.Round(x*10)/10, 'f', -1, 64) + unit
	}
	switch {
	case x >= 1e6:
		return trim(x/1e6, "M")
	case x >= 1e3:
		return trim(x/1e3, "k")
	case x >= 1 || x == 0:
		return trim(x, "")
	}
	return strconv.FormatFloat(x, 'g', 2, 64)
}

func dollarsShort(x float64) string { return "$" + short(x) }

func millisShort(ms float64) string {
	if ms >= 1000 {
		return short(ms/1000) + " s"
	}
	return short(ms) + " ms"
}
