package tune

import (
	_ "embed"
	"fmt"
	"html"
	"io"
	"strconv"
	"strings"
)

//go:embed report.css
var style string

// markup is text in HTML.
type markup string

// page builds a page. It is not of html/template: that looks up methods by name, so the
// linker would keep every exported method in the binary, half of its size.
type page struct{ strings.Builder }

// add adds a format with its arguments. Texts among them are escaped.
func (p *page) add(format string, args ...any) {
	for i, a := range args {
		switch a := a.(type) {
		case markup: // stays
		case fmt.Stringer:
			args[i] = html.EscapeString(a.String())
		case string:
			args[i] = html.EscapeString(a)
		}
	}
	fmt.Fprintf(p, format, args...)
}

// WriteHTML writes the report as one page that loads nothing else. Its error is the
// error of w.
func (r *Report) WriteHTML(w io.Writer) error {
	var p page
	p.add(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>fanout tune: %s</title>
<style>
%s</style>
</head>
<body>
<main>
`, r.Source, markup(style))
	r.addHeader(&p)
	r.addRecommended(&p)
	r.addTargets(&p)
	r.addPlots(&p)
	r.addSettings(&p)
	r.addBasis(&p)
	p.add("</main>\n</body>\n</html>\n")
	_, err := io.WriteString(w, p.String())
	return err
}

func (r *Report) addHeader(p *page) {
	verdict, class := "meets the goal", "tag"
	switch best := &r.Recommended; {
	case best.MeetsGoal:
	case best.KeepsUp:
		verdict, class = "misses the goal", "tag bad"
	default:
		verdict, class = "does not keep up", "tag bad"
	}
	p.add("<header>\n<h1>Settings for %s records per second<span class=\"%s\">%s</span></h1>\n",
		Number(r.Load.RecordsPerSecond), class, verdict)
	rate := "rate as planned"
	if r.Load.Derived {
		rate = "rate of the sample"
	}
	shards := "shards"
	if r.Load.Shards == 1 {
		shards = "shard"
	}
	p.add(`<p class="source">%s · %d %s · %s · goal: 99&nbsp;%% within %s`, r.Source, r.Load.Shards, shards, rate, Millis(r.MaxLag))
	if r.Enhanced {
		p.add(" · enhanced fan-out")
	}
	p.add("</p>\n</header>\n")
}

func (r *Report) addRecommended(p *page) {
	p.add("\n<section class=\"card\" id=\"recommended\">\n<h2>Recommended</h2>\n<div class=\"settings\">")
	for _, why := range r.Reasons {
		p.add("\n<div><span>%s</span><b>%s</b>", why.Name, why.Value)
		if why.Why != "" {
			p.add("<p>%s</p>", why.Why)
		}
		p.add("</div>")
	}
	p.add("\n</div>\n<div class=\"figures\">\n")
	r.addFigures(p)
	p.add("</div>\n")
	p.addList(`<ul id="why">`, r.Why)
	if len(r.Commands) > 0 {
		p.add("\n<h3>Apply it</h3>\n<pre>")
		for _, c := range r.Commands {
			p.add("%s\n", c)
		}
		p.add("</pre>")
	}
	p.add("\n</section>\n")
}

func (r *Report) addFigures(p *page) {
	figure := func(value, of string) { p.add("<div><b>%s</b><span>%s</span></div>\n", value, of) }
	best := &r.Recommended
	if s := best.Steady; s != nil {
		figure(Dollars(s.MonthlyCost.Total), "per month")
		figure(Millis(s.LagP99), "lag, 99\u00a0% of the records")
		figure(Millis(s.LagP50), "lag, half of the records")
	}
	figure(Number(best.Throughput), "records per second at most")
	figure(Percent(best.Utilization), "of that in use; at most 80\u00a0% keeps up")
	if s := best.Steady; s != nil {
		figure(Number(s.Requests), "requests per second to targets")
		figure(Number(s.Invocations), "invocations per second, of "+Number(s.Batch)+" records and "+Millis(s.Duration))
	}
}

func (r *Report) addTargets(p *page) {
	p.addTable("targets", "Targets", "Each target with the recommended setting, as it is configured and with one change. Calls and billed units are for a million records, costs are the target's own charges.",
		"target", "calls/M", "billed units/M", "max records/s", "lag p99", "$/month", "")
	for i := range r.Targets {
		t := &r.Targets[i]
		if t.With == "" {
			p.add(`<tr class="first"><td><b>%s</b></td>`, t.ID)
		} else {
			p.add(`<tr><td><span class="soft">with</span> %s</td>`, t.With)
		}
		lag, cost := "grows", ""
		if t.LagP99 > 0 {
			lag, cost = Millis(t.LagP99), Dollars(t.MonthlyCost)
		}
		p.addCells(Number(t.Calls), t.Billed(), Number(t.Throughput), lag, cost, "")
		p.add("</tr>\n")
	}
	p.endTable()
}

func (r *Report) addPlots(p *page) {
	p.add("\n<div class=\"plots\">")
	for _, plot := range r.plots() {
		p.add("\n<section class=\"card\">\n<h2>%s</h2>\n<p class=\"note\">%s</p>\n<div class=\"legend\">", plot.Title, plot.Note)
		for i, name := range plot.Legend {
			p.add(`<span><i class="s%d"></i>%s</span>`, i, name)
		}
		p.add("</div>\n%s\n</section>", plot.Chart)
	}
	p.add("\n</div>\n")
}

func (r *Report) addSettings(p *page) {
	p.addTable("settings", "Settings that differ in one value",
		strconv.Itoa(r.Simulated)+" settings were simulated. These settings differ from the recommended one in one value.",
		"", "batch", "window", "factor", "in flight", "memory", "collapse", "max records/s", "use", "lag p50", "lag p99", "requests/s", "$/month", "goal")
	p.add(`<tr class="best"><td>%s</td>`, r.Name())
	p.addSetting(&r.Recommended)
	last := ""
	for i := range r.Others {
		o := &r.Others[i]
		if name := r.Differs(o.Setting); name != last {
			p.add(`<tr class="first"><td>%s</td>`, name)
			last = name
		} else {
			p.add("<tr><td></td>")
		}
		p.addSetting(o)
	}
	p.endTable()
	p.addTable("measured", "Measured batches", "Measured with the function's own handler, on one core of this machine. The requests are for all targets.",
		"records", "CPU", "CPU a record", "requests", "bytes", "")
	for _, m := range r.Measured {
		p.add("<tr>")
		p.addCells(strconv.Itoa(m.Records), Millis(m.CPU), strconv.FormatFloat(m.CPUPerRecord, 'f', 1, 64)+" µs", strconv.Itoa(m.Requests), strconv.Itoa(m.Bytes), "")
		p.add("</tr>\n")
	}
	p.endTable()
}

// addSetting adds a row behind its first cell.
func (p *page) addSetting(x *Result) {
	s := &x.Setting
	p.addCells(strconv.Itoa(s.BatchSize), s.Window.String(), strconv.Itoa(s.Factor), strconv.Itoa(s.InFlight),
		strconv.Itoa(s.Memory)+" MB", s.Collapse, Number(x.Throughput), Percent(x.Utilization))
	if x.Steady != nil {
		p.addCells(Millis(x.LagP50), Millis(x.LagP99), Number(x.Requests), Dollars(x.MonthlyCost.Total))
	} else {
		p.addCells("grows", "grows", "", "")
	}
	class := "no"
	if x.MeetsGoal {
		class = "yes"
	}
	p.add("<td class=\"%s\">%s</td></tr>\n", class, x.Verdict())
}

func (r *Report) addBasis(p *page) {
	p.add("\n<section class=\"card\" id=\"basis\">\n<h2>Assumptions</h2>\n")
	p.addList("<ul>", r.Basis)
	if len(r.Notes) > 0 {
		p.add("\n<h2 style=\"margin-top:18px\">Notes</h2>\n")
		p.addList("<ul>", r.Notes)
	}
	p.add("\n<p class=\"note\" style=\"margin-top:14px\">Sources of the prices: <a href=\"%s\">Lambda</a>, <a href=\"%s\">CloudWatch</a>, <a href=\"%s\">enhanced fan-out</a>; the prices file names the sources for targets.</p>\n</section>\n",
		r.prices.Lambda.Source, r.prices.CloudWatch.Source, r.prices.Consumer.Source)
}

func (p *page) addList(start markup, items []string) {
	p.add("%s", start)
	for _, item := range items {
		p.add("\n<li>%s</li>", item)
	}
	p.add("\n</ul>")
}

// addTable adds a card with the head of a table. endTable ends both.
func (p *page) addTable(id, title, note string, columns ...string) {
	p.add("\n<section class=\"card\" id=\"%s\">\n<h2>%s</h2>\n<p class=\"note\">%s</p>\n<div class=\"scroll\"><table>\n<thead><tr>", id, title, note)
	for _, c := range columns {
		p.add("<th>%s</th>", c)
	}
	p.add("</tr></thead>\n<tbody>\n")
}

func (p *page) endTable() { p.add("</tbody>\n</table></div>\n</section>\n") }

func (p *page) addCells(values ...string) {
	for _, v := range values {
		p.add("<td>%s</td>", v)
	}
}
