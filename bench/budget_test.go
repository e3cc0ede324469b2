package bench

import (
	"context"
	"testing"
)

// budgets are how many objects a source record may cost, metrics and all, once the
// function is warm. Whoever makes it allocate less lowers them.
var budgets = map[string]float64{
	"W1": 9.5, "W2k": 6, "W2": 9.5, "W4": 2, "128MB": 28,
}

func TestAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes pools forget what they hold")
	}
	for name, budget := range budgets {
		w, err := Find(name)
		if err != nil {
			t.Fatal(err)
		}
		h, _ := newHandler(t, &w)
		const events = 5
		var before uint64
		for i := range events + 1 {
			if i == 1 { // warm
				before = allocations()
			}
			if _, err := h.Invoke(context.Background(), w.Event); err != nil {
				t.Fatal(err)
			}
		}
		if got := float64(allocations()-before) / events / float64(w.Records); got > budget {
			t.Errorf("%s: %.2f allocations a record, more than the budget of %v", name, got, budget)
		}
	}
}
