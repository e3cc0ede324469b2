package bench

import (
	"context"
	"math"
	"testing"

	"fanout/internal/testing/race"
)

// budgets are the objects that a source record may cost in a warm function. For W1, W2k
// and W2 nearly all of them are the SDK's, 300 per call. Lower a budget when the code
// allocates less.
var budgets = map[string]float64{
	"W1": 0.8, "filter": 0.8, "W2k": 0.8, "W2": 1.6, "W4": 0.5, "128MB": 6.5,
}

func TestAllocations(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector makes pools forget what they hold")
	}
	for name, budget := range budgets {
		w, err := Find(name)
		if err != nil {
			t.Fatal(err)
		}
		h, _ := newHandler(t, &w)
		// Once a second an event sends metrics, and a collection empties pools, more often on a
		// busy machine.
		least := math.Inf(1)
		for tries := 0; tries < 20 && least > budget; tries++ {
			const events = 5
			before := allocations()
			for range events {
				if _, err := h.Invoke(context.Background(), w.Event); err != nil {
					t.Fatal(err)
				}
			}
			least = min(least, float64(allocations()-before)/events/float64(w.Records))
		}
		if least > budget {
			t.Errorf("%s: %.2f allocations a record, more than the budget of %v", name, least, budget)
		}
	}
}
