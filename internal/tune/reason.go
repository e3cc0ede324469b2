package tune

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Reason says why the recommended setting has a value and not another.
type Reason struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	Why   string `json:"why,omitempty"`
}

// reasons returns a reason for each dimension.
func (r *Report) reasons() (all []Reason) {
	for _, d := range dimensions {
		var parts []string
		for _, x := range r.beside(&d) {
			parts = append(parts, d.value(&x.Setting)+" "+r.compare(x))
		}
		all = append(all, Reason{d.name, d.value(&r.Recommended.Setting), strings.Join(parts, "; ")})
	}
	return all
}

// beside returns the settings with the next value below and above in a dimension, or for
// collapse with each other one.
func (r *Report) beside(d *dimension) (all []*Result) {
	var below, above *Result
	passed := false
	for i := range r.results {
		x := &r.results[i]
		switch {
		case differences(&x.Setting, &r.Recommended.Setting) == 0:
			passed = true
		case !d.differs(&x.Setting, &r.Recommended.Setting) || differences(&x.Setting, &r.Recommended.Setting) > 1:
		case d.name == collapseDimension:
			all = append(all, x)
		case !passed:
			below = x
		case above == nil:
			above = x
		}
	}
	for _, x := range []*Result{below, above} {
		if x != nil {
			all = append(all, x)
		}
	}
	return all
}

// compare says in a few words why x is not recommended.
func (r *Report) compare(x *Result) string {
	best := &r.Recommended
	switch {
	case best.Steady == nil:
		return fmt.Sprintf("handles %s records/s at most", Number(x.Throughput))
	case x.Steady == nil:
		return "does not keep up"
	case !x.KeepsUp && best.KeepsUp:
		return "would be " + Percent(x.Utilization) + " in use, over " + Percent(headroom)
	case !x.MeetsGoal && best.MeetsGoal:
		return "has a lag of " + Millis(x.LagP99)
	}
	text := ""
	switch more := x.MonthlyCost.Total - best.MonthlyCost.Total; {
	case math.Abs(more) <= 0.01*best.MonthlyCost.Total:
		text = "costs about the same"
	case more > 0:
		text = "costs " + Dollars(more) + " more"
	default:
		text = "costs " + Dollars(-more) + " less"
	}
	switch {
	case x.Close && !best.Close:
		text += ", but is close to a limit"
	case math.Abs(x.LagP99-best.LagP99) > 0.05*best.LagP99:
		text += ", lag " + Millis(x.LagP99)
	}
	return text
}

// gains names the changes of targets that clearly lower their charges or raise the throughput.
func (r *Report) gains() (text []string) {
	const cheaper, faster = 1.1, 1.25
	var as *TargetResult
	for i := range r.Targets {
		x := &r.Targets[i]
		if x.With == "" {
			as = x
			continue
		}
		var parts []string
		if as.MonthlyCost > x.MonthlyCost*cheaper && x.LagP99 > 0 && as.LagP99 > 0 {
			parts = append(parts, fmt.Sprintf("cost %s per month instead of %s", Dollars(x.MonthlyCost), Dollars(as.MonthlyCost)))
		}
		if x.Throughput > as.Throughput*faster {
			parts = append(parts, fmt.Sprintf("let the function take %s records per second instead of %s", Number(x.Throughput), Number(as.Throughput)))
		}
		if len(parts) > 0 {
			s := fmt.Sprintf("Target %s with %s would %s.", x.ID, x.With, strings.Join(parts, ", and "))
			if x.With == withAggregate {
				s += " Its readers must unpack aggregates."
			}
			text = append(text, s)
		}
	}
	return text
}

// commands returns the commands that apply the recommended setting.
func (r *Report) commands(function string) []string {
	s := &r.Recommended.Setting
	function, source := word(cmp.Or(function, "fanout")), word(r.Source)
	all := []string{
		fmt.Sprintf("fanout deploy --function %s --memory %d --env FANOUT_IN_FLIGHT=%d", function, s.Memory, s.InFlight),
		fmt.Sprintf("fanout hook --function %s --source-arn %s --batch-size %d --batching-window %d --parallelization-factor %d",
			function, source, s.BatchSize, int(s.Window.Seconds()), s.Factor),
	}
	if s.Collapse == Configured {
		return all
	}
	for _, id := range r.collapsing {
		all = append(all, fmt.Sprintf("fanout update --function %s --source-arn %s --id %s --collapse %s", function, source, word(id), s.Collapse))
	}
	return all
}

// word returns text as one word of a shell.
func word(text string) string {
	plain := func(c rune) bool {
		return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("-_./:@", c)
	}
	if text != "" && !strings.ContainsFunc(text, func(c rune) bool { return !plain(c) }) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// Percent formats a fraction.
func Percent(x float64) string {
	switch {
	case x >= 10:
		return "over 999 %"
	case x > 0 && x < 0.01:
		return "under 1 %"
	}
	return strconv.FormatFloat(100*x, 'f', 0, 64) + " %"
}
