package tune

import (
	"fmt"
	"html"
	"math"
	"slices"
	"strings"
)

// chart is a plot over evenly spaced values, such as batch sizes that each grow by
// about the same factor.
type chart struct {
	xs     []string
	series []series
	bars   bool    // stacked; otherwise lines
	log    bool    // of the y axis
	rule   float64 // a horizontal line; 0: none
	ruled  string  // its label
	mark   int     // index in xs of the recommended value; -1: none
	format func(float64) string
	title  string
	frame  frame
}

// series holds the values of one quantity; NaN where it has none.
type series struct {
	name string
	ys   []float64
}

// frame is the size of a plot in its own units, in which text has 12.
type frame struct{ width, height, left, right, top, bottom float64 }

// The page shows wide plots, or narrow ones on a telephone, where the text of a wide one would
// be too small.
var (
	wide   = frame{640, 340, 72, 14, 14, 34}
	narrow = frame{340, 280, 56, 8, 14, 34}
)

// scale places values on the y axis.
type scale struct {
	lo, hi float64
	log    bool
	ticks  []float64
	frame  frame
}

func (s *scale) y(v float64) float64 {
	lo, hi := s.lo, s.hi
	if s.log {
		v, lo, hi = math.Log(max(v, s.lo)), math.Log(lo), math.Log(hi)
	}
	f := &s.frame
	return f.top + (f.height-f.top-f.bottom)*(1-(v-lo)/(hi-lo))
}

// scaleOf returns a scale that holds all values of c.
func (c *chart) scaleOf() scale {
	lo, hi := math.Inf(1), 0.0
	for i := range c.xs {
		sum := 0.0
		for _, s := range c.series {
			if v := s.ys[i]; !math.IsNaN(v) {
				sum += v
				lo, hi = min(lo, v), max(hi, v)
			}
		}
		if c.bars {
			hi = max(hi, sum)
		}
	}
	if c.rule > 0 {
		lo, hi = min(lo, c.rule), max(hi, c.rule)
	}
	if hi == 0 {
		lo, hi = 1, 1 // nothing to show
	}
	if c.log && hi > 8*lo { // otherwise a logarithmic axis shows less than a linear one
		return logScale(lo, hi)
	}
	return linearScale(hi * 1.04)
}

func linearScale(hi float64) scale {
	step := math.Pow(10, math.Floor(math.Log10(hi/4)))
	for _, f := range []float64{1, 2, 2.5, 5, 10} {
		if hi/(step*f) <= 5 {
			step *= f
			break
		}
	}
	s := scale{hi: math.Ceil(hi/step) * step}
	for v := 0.0; v <= s.hi*1.0001; v += step {
		s.ticks = append(s.ticks, v)
	}
	return s
}

// logScale begins and ends at 1, 2 or 5 times a power of ten.
func logScale(lo, hi float64) scale {
	s := scale{log: true}
	steps := []float64{1, 2, 5}
	if hi > 200*lo {
		steps = steps[:1]
	}
	for power := math.Pow(10, math.Floor(math.Log10(lo))); s.hi == 0; power *= 10 {
		for _, f := range steps {
			switch v := power * f; {
			case s.hi > 0: // it ended
			case v <= lo*1.0001:
				s.lo, s.ticks = v, []float64{v}
			default:
				if s.ticks = append(s.ticks, v); v >= hi {
					s.hi = v
				}
			}
		}
	}
	return s
}

// x returns the position of value i of xs.
func (c *chart) x(i int) float64 {
	slot := (c.frame.width - c.frame.left - c.frame.right) / float64(len(c.xs))
	return c.frame.left + slot*(float64(i)+0.5)
}

// SVG draws the chart twice, for wide and for narrow screens. Colors come from the classes s0,
// s1, … of the page.
func (c *chart) SVG() markup {
	w, n := *c, *c
	w.frame, n.frame = wide, narrow
	return markup(w.draw("wide") + n.draw("narrow"))
}

func (c *chart) draw(class string) string {
	var b strings.Builder
	out := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	s, f := c.scaleOf(), c.frame
	s.frame = f
	slot := (f.width - f.left - f.right) / float64(len(c.xs))
	out(`<svg class="%s" viewBox="0 0 %g %g" role="img" aria-label="%s">`, class, f.width, f.height, esc(c.title))
	if c.mark >= 0 {
		out(`<rect class="mark" x="%.1f" y="%g" width="%.1f" height="%.1f" rx="6"/>`, c.x(c.mark)-slot/2, f.top, slot, f.height-f.top-f.bottom)
	}
	for _, v := range s.ticks {
		out(`<line class="grid" x1="%g" x2="%g" y1="%.1f" y2="%.1f"/>`, f.left, f.width-f.right, s.y(v), s.y(v))
		out(`<text class="tick" x="%g" y="%.1f" text-anchor="end">%s</text>`, f.left-10, s.y(v)+4, esc(c.format(v)))
	}
	for i, x := range c.xs {
		if slot < 36 && (i-max(c.mark, 0))%2 != 0 {
			continue // there is no room for each
		}
		out(`<text class="tick%s" x="%.1f" y="%g" text-anchor="middle">%s</text>`, map[bool]string{true: " here"}[i == c.mark], c.x(i), f.height-12, esc(x))
	}
	if c.bars {
		c.stack(out, &s, slot)
	} else {
		c.lines(out, &s)
	}
	if !c.bars {
		c.values(out, &s)
	}
	if c.rule > 0 {
		y := s.y(c.rule)
		out(`<line class="rule" x1="%g" x2="%g" y1="%.1f" y2="%.1f"/>`, f.left, f.width-f.right, y, y)
		at, anchor := f.width-f.right-4, "end"
		if c.crowded(&s, y) {
			at, anchor = f.left+4, "start"
		}
		out(`<text class="ruled" x="%g" y="%.1f" text-anchor="%s">%s</text>`, at, y-6, anchor, esc(c.ruled))
	}
	out(`</svg>`)
	return b.String()
}

// crowded reports whether a line ends where the label of the rule would be.
func (c *chart) crowded(s *scale, y float64) bool {
	return slices.ContainsFunc(c.series, func(of series) bool {
		last := of.ys[len(of.ys)-1]
		return math.Abs(s.y(last)-(y-8)) < 16
	})
}

// stack draws stacked bars.
func (c *chart) stack(out func(string, ...any), s *scale, slot float64) {
	for i, x := range c.xs {
		sum := 0.0
		for k, of := range c.series {
			v := of.ys[i]
			if math.IsNaN(v) || v <= 0 {
				continue
			}
			top, bottom := s.y(sum+v), s.y(sum)
			sum += v
			out(`<rect class="bar s%d" x="%.1f" y="%.2f" width="%.1f" height="%.2f"><title>%s, %s: %s</title></rect>`,
				k, c.x(i)-slot*0.31, top, slot*0.62, max(0, bottom-top), esc(x), esc(of.name), esc(c.format(v)))
		}
		switch {
		case sum > 0:
			out(`<text class="total" x="%.1f" y="%.1f" text-anchor="middle">%s</text>`, c.x(i), s.y(sum)-6, esc(c.format(sum)))
		default:
			out(`<text class="none" x="%.1f" y="%.1f" text-anchor="middle">too slow</text>`, c.x(i), s.y(0)-8)
		}
	}
}

// lines draws a line with points for each series.
func (c *chart) lines(out func(string, ...any), s *scale) {
	for k, of := range c.series {
		var path strings.Builder
		pen := "M"
		for i, v := range of.ys {
			if math.IsNaN(v) {
				pen = "M"
				continue
			}
			fmt.Fprintf(&path, "%s%.1f %.1f", pen, c.x(i), s.y(v))
			pen = "L"
		}
		out(`<path class="line s%d" d="%s"/>`, k, path.String())
		for i, v := range of.ys {
			if !math.IsNaN(v) {
				out(`<circle class="dot s%d" cx="%.1f" cy="%.1f" r="3.4"><title>%s, %s: %s</title></circle>`, k, c.x(i), s.y(v), esc(c.xs[i]), esc(of.name), esc(c.format(v)))
			}
		}
	}
}

// values writes the value of each series beside its point at the mark, unless another value is
// there already.
func (c *chart) values(out func(string, ...any), s *scale) {
	if c.mark < 0 {
		return
	}
	x, anchor := c.x(c.mark)+7, "start"
	if c.mark > len(c.xs)*2/3 {
		x, anchor = c.x(c.mark)-7, "end"
	}
	var taken []float64
	for _, of := range c.series {
		v := of.ys[c.mark]
		if math.IsNaN(v) {
			continue
		}
		y := s.y(v) - 6
		if slices.ContainsFunc(taken, func(other float64) bool { return math.Abs(other-y) < 13 }) {
			continue
		}
		taken = append(taken, y)
		out(`<text class="value" x="%.1f" y="%.1f" text-anchor="%s">%s</text>`, x, y, anchor, esc(c.format(v)))
	}
}

func esc(s string) string { return html.EscapeString(s) }
