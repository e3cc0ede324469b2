package engine_test

import (
	"testing"
	"testing/synctest"

	"fanout/engine"
	"fanout/engine/enginetest"
)

// A record that a target has is not sent there again, regardless of the stages.
// Records behind it are sent.
func TestResume(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		two := pairs()
		all, some, none := &enginetest.Sink{}, &enginetest.Sink{}, &enginetest.Sink{}
		plan, err := engine.NewPlan(engine.Options{},
			engine.Target{ID: "all", Sink: all, Stages: []engine.Stage{two}},
			engine.Target{ID: "some", Sink: some, Stages: []engine.Stage{two}, Ordered: true},
			engine.Target{ID: "none", Sink: none, Stages: []engine.Stage{two}},
			engine.Target{ID: "faulty", Fault: enginetest.ErrPermanent},
		)
		if err != nil {
			t.Fatal(err)
		}
		report := plan.Resume(t.Context(), records("a b c d"), func(target, record int) engine.Held {
			return engine.Held{All: target == 2 || target == 1 && record%2 == 0 || target == 3}
		})
		for i, want := range []struct {
			data          string
			sent, already int
		}{{"ab cd", 4, 0}, {"bd", 2, 2}, {"", 0, 4}, {"", 0, 4}} {
			if i < 3 {
				if got := data([]*enginetest.Sink{all, some, none}[i].Accepted()); got != want.data {
					t.Errorf("target %d got %q, want %q", i, got, want.data)
				}
			}
			wantCounts(t, report.Targets[i], want.sent, 0, 0)
			if got := report.Targets[i].Already; got != want.already {
				t.Errorf("target %d had %d already, want %d", i, got, want.already)
			}
		}
	})
}
