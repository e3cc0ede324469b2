package tune

import (
	"bytes"
	"testing"
	"time"

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

// sampleReport has every kind of row.
func sampleReport() *tune.Report {
	good := tune.Result{
		Setting:    tune.Setting{BatchSize: 1000, Factor: 1, InFlight: 8, Memory: 128, Collapse: "configured"},
		Throughput: 49_344, KeepsUp: true, MeetsGoal: true,
		Steady: &tune.Steady{LagP50: 623, LagP99: 1130, Requests: 28.1, MonthlyCost: tune.Cost{Total: 2253}},
	}
	small, late := good, good
	small.BatchSize, small.Throughput, small.Steady, small.KeepsUp, small.MeetsGoal = 10, 1408, nil, false, false
	late.Window, late.MeetsGoal = 2*time.Second, false
	return &tune.Report{
		Recommended: good, Others: []tune.Result{small, late},
		Why:   []string{"It is the cheapest of those that keep up, and this is a sentence that is so long that it does not fit into one line."},
		Basis: []string{"Prices: us-east-1."},
	}
}
