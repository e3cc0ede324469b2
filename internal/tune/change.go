package tune

import (
	"slices"
	"strconv"

	"fanout/sinks"
)

// Change is another configuration of one target, and the batches that it makes.
type Change struct {
	Target int    // index in Measurement.Targets
	With   string // such as "aggregate: true"

	set    func(*sinks.Spec)
	curves map[int][]Shape // by parallelization factor; 1 stands for all, unless Ordered
}

const withAggregate = "aggregate: true"

// triedLanes is the value of lanes that is tried.
const triedLanes = 16

// maxChanges bounds the time of a measurement with many targets.
const maxChanges = 20

// changesOf returns the changes that may make targets faster or cheaper, and keep the order that
// they have.
func changesOf(specs []sinks.Spec) (all []Change) {
	for i := range specs {
		t := &specs[i]
		if t.Type.Aggregate && !t.Aggregate {
			all = append(all, Change{Target: i, With: withAggregate, set: func(t *sinks.Spec) { t.Aggregate = true }})
		}
		if merges := t.Aggregate || t.Collapse != sinks.CollapseNone; !t.Parallel && t.Lanes <= 1 && !merges {
			all = append(all, Change{Target: i, With: "lanes: " + strconv.Itoa(triedLanes), set: func(t *sinks.Spec) { t.Lanes = triedLanes }})
		}
	}
	return all[:min(len(all), maxChanges)]
}

// apply returns specs with the change.
func (c *Change) apply(specs []sinks.Spec) []sinks.Spec {
	changed := slices.Clone(specs)
	c.set(&changed[c.Target])
	return changed
}

// TargetResult is what a target takes of the recommended setting, as it is configured or with a
// change. The rest of the setting stays.
type TargetResult struct {
	ID          string  `json:"id"`
	Service     string  `json:"service"`
	With        string  `json:"with,omitempty"` // the change; "": as configured
	Calls       float64 `json:"callsPerMillionRecords"`
	Units       float64 `json:"billedUnitsPerMillionRecords,omitempty"`
	UnitBytes   int     `json:"billedUnitBytes,omitempty"`
	MonthlyCost float64 `json:"monthlyCost"` // the target's own charges
	Throughput  float64 `json:"maxRecordsPerSecond"`
	LagP99      float64 `json:"lagP99Milliseconds,omitempty"` // 0: grows
}

// Name is the change, or says that there is none.
func (t *TargetResult) Name() string {
	if t.With == "" {
		return "as is"
	}
	return t.With
}

// Billed formats the units that a million records are billed as, such as 8,300 × 25 KB.
func (t *TargetResult) Billed() string {
	switch {
	case t.Units == 0:
		return "—"
	case t.UnitBytes == 0:
		return Number(t.Units)
	}
	return Number(t.Units) + " × " + strconv.Itoa(t.UnitBytes>>10) + " KB"
}

// targets returns the results of all targets with the setting r, and with each change.
func (t *tuner) targets(r *Result) (all []TargetResult) {
	m := t.Measurement
	for i := range m.Targets {
		all = append(all, t.target(i, "", t.curves[t.key(&r.Setting)], r))
		for k := range m.Changes {
			c := &m.Changes[k]
			if c.Target != i {
				continue
			}
			factor := 1
			if m.Ordered {
				factor = r.Factor
			}
			all = append(all, t.target(i, c.With, newCurve(c.curves[factor], t.Latencies, t.Prices, r.InFlight, r.Memory), r))
		}
	}
	return all
}

// target returns the result of a target whose invocations take as long as c says.
func (t *tuner) target(i int, with string, c curve, r *Result) TargetResult {
	spec := &t.Measurement.Targets[i]
	x := TargetResult{ID: spec.ID, Service: shapeOf(spec).Service, With: with}
	result, all := t.simulate(c, r.Setting, t.Load.RecordsPerSecond)
	x.Throughput = result.Throughput
	_, x.UnitBytes = t.Prices.units(x.Service, &Request{})
	records, n := float64(min(r.BatchSize, t.Sample.MaxBatch())), amount{}
	if all == nil {
		n = c.amount(int(records), i)
	} else {
		n, records = all.targets[i], all.invocations*all.batch
		x.LagP99 = result.LagP99
		x.MonthlyCost = n.dollars * float64(t.Load.Shards*r.Factor) * monthSeconds
	}
	x.Calls, x.Units = n.requests/records*million, n.units/records*million
	return x
}
