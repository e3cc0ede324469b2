package tune

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"fanout/internal/cli/ui"
	"fanout/internal/testing/clitest"
	"fanout/internal/tune"
)

func TestTuneTable(t *testing.T) {
	clitest.CheckTable(t, "tune", func(w *bytes.Buffer) {
		if err := showTuning(w, "table", sampleReport()); err != nil {
			t.Fatal(err)
		}
	})
}

// The calls and charges of targets, with changes.
func TestTargetTable(t *testing.T) {
	clitest.CheckTable(t, "targets", func(w *bytes.Buffer) {
		r := &tune.Report{Targets: []tune.TargetResult{
			{ID: "copy", Calls: 2500, Units: 1e6, UnitBytes: 25_600, MonthlyCost: 18.4, Throughput: 49_344, LagP99: 1130},
			{ID: "copy", With: "aggregate: true", Calls: 100, Units: 8300, UnitBytes: 25_600, MonthlyCost: 0.15, Throughput: 60_000, LagP99: 1100},
			{ID: "cache", Calls: 1e6, Throughput: 12},
		}}
		table := ui.NewTable(ui.Columns(w))
		targetRows(table, r)
		_, _ = fmt.Fprintln(w, table.Render())
	})
}

// sampleReport has every kind of row.
func sampleReport() *tune.Report {
	good := tune.Result{
		Setting:    tune.Setting{BatchSize: 1000, Factor: 1, InFlight: 8, Memory: 128, Collapse: "configured"},
		Throughput: 49_344, Utilization: 0.41, KeepsUp: true, MeetsGoal: true,
		Steady: &tune.Steady{LagP50: 623, LagP99: 1130, Requests: 28.1, MonthlyCost: tune.Cost{Total: 2253}},
	}
	small, late := good, good
	small.Utilization, small.BatchSize, small.Throughput, small.Steady, small.KeepsUp, small.MeetsGoal = 14.3, 10, 1408, nil, false, false
	late.Window, late.MeetsGoal = 2*time.Second, false
	return &tune.Report{
		Recommended: good, Others: []tune.Result{small, late},
		Why:      []string{"It is the cheapest of those that keep up, and this is a sentence that is so long that it does not fit into one line."},
		Basis:    []string{"Prices: us-east-1."},
		Reasons:  []tune.Reason{{Name: "batch size", Value: "1000", Why: "10 does not keep up"}},
		Commands: []string{"fanout deploy --function fanout --memory 128 --env FANOUT_IN_FLIGHT=8"},
	}
}
