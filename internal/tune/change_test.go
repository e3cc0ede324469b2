package tune

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// The report shows what aggregate and lanes would win: with aggregate a twentieth of the calls and
// of the billed units, with lanes more throughput.
func TestChangesOfTargets(t *testing.T) {
	o := options(t, "- {id: copy, type: kinesis, destination: a, parallel: false}\n"+oneQueue)
	r := Simulate(o)
	var names []string
	by := make(map[string]TargetResult)
	for _, x := range r.Targets {
		names = append(names, x.ID+" "+x.Name())
		by[x.ID+x.With] = x
	}
	if got, want := strings.Join(names, ", "), "copy as is, copy aggregate: true, copy lanes: 16, a as is"; got != want {
		t.Fatalf("%s; want %s", got, want)
	}
	plain, aggregate := by["copy"], by["copyaggregate: true"]
	if plain.UnitBytes != 25_600 || !near(plain.Units, 1e6) || aggregate.Units == 0 || aggregate.Calls == 0 || aggregate.MonthlyCost >= plain.MonthlyCost {
		t.Errorf("plain %+v, aggregate %+v", plain, aggregate)
	}
	cost := 0.0
	for _, x := range r.Targets {
		if x.With == "" {
			cost += x.MonthlyCost
		}
	}
	if !near(cost, r.Recommended.MonthlyCost.Targets) {
		t.Errorf("the targets cost %g in sum; want %g", cost, r.Recommended.MonthlyCost.Targets)
	}
	if text := strings.Join(r.Why, "\n"); !strings.Contains(text, "Target copy with aggregate: true would cost ") || !strings.Contains(text, "must unpack") {
		t.Error(text)
	}
}

// A request waits for those before it in its lane, and no other.
func TestLanesOfRequests(t *testing.T) {
	shape := TargetShape{Service: "sqs", Ordered: true, Lanes: 16, Requests: requests(5)}
	for i, k := range []keys{{[]string{"a"}, "1"}, {[]string{"b", "c"}, "2"}, {[]string{"a"}, "4"}, {[]string{"c"}, "5"}, {[]string{"d"}, "3"}} {
		shape.keys = append(shape.keys, k)
		shape.Requests[i].Bytes = i
	}
	shape.sortLanes()
	var lanes, order []int
	for _, q := range shape.Requests {
		lanes, order = append(lanes, q.Lane), append(order, q.Bytes)
	}
	if got := [2][5]int{[5]int(lanes), [5]int(order)}; got != [2][5]int{{0, 0, 1, 1, 2}, {0, 2, 1, 3, 4}} {
		t.Errorf("lanes and requests: %v", got)
	}
	l := Latencies{Targets: map[string]Latency{"sqs": steady(20 * ms)}, CPU: CPUModel{VCPUMB: 1769, Slowdown: 1}}
	for lanes, want := range map[int]float64{1: 0.100, 2: 0.060, 16: 0.040} {
		shape.Lanes = lanes
		v := invocation{&Shape{Targets: []TargetShape{shape}}, &l, 32, 1769}
		if got := v.seconds(rand.New(rand.NewPCG(1, 2))); !near(got, want) {
			t.Errorf("%d lanes: %g s; want %g", lanes, got, want)
		}
	}
}

// Each value has a reason, and the commands name it.
func TestReasonsAndCommands(t *testing.T) {
	o := options(t, oneQueue)
	o.Function = "it's"
	r := Simulate(o)
	for i, x := range r.Reasons {
		if x.Name != dimensions[i].name || x.Value == "" || x.Why == "" {
			t.Errorf("%+v", x)
		}
	}
	s := r.Recommended
	want := []string{
		`fanout deploy --function 'it'\''s' --memory ` + dimensions[4].value(&s.Setting)[:3] + ` --env FANOUT_IN_FLIGHT=` + dimensions[3].value(&s.Setting),
		`fanout hook --function 'it'\''s' --source-arn ` + orders + ` --batch-size ` + dimensions[0].value(&s.Setting) + ` --batching-window `,
	}
	if len(r.Commands) != 2 || r.Commands[0] != want[0] || !strings.HasPrefix(r.Commands[1], want[1]) {
		t.Errorf("%q; want %q", r.Commands, want)
	}
	o.Grid.Collapses = []string{"JSON"}
	if r := Simulate(o); len(r.Commands) != 3 || !strings.HasSuffix(r.Commands[2], " --id a --collapse JSON") {
		t.Errorf("%q", r.Commands)
	}
}

// An axis is logarithmic only where values differ much.
func TestAxisFits(t *testing.T) {
	for _, tt := range []struct {
		lo, hi float64
		log    bool
	}{{1100, 2000, false}, {1100, 8000, false}, {1100, 20_000, true}, {900, 1100, false}, {1, 1000, true}} {
		c := chart{xs: []string{"a", "b"}, log: true, series: []series{{"s", []float64{tt.lo, tt.hi}}}}
		if s := c.scaleOf(); s.log != tt.log {
			t.Errorf("%g to %g: logarithmic %v", tt.lo, tt.hi, s.log)
		}
	}
}
