package dedup

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"fanout/engine"
	"fanout/engine/enginetest"
	"fanout/sinks"
)

// heldBy returns the records that a store knows, without their times.
func heldBy(known Known) func(t, i int) engine.Held {
	if known == nil {
		return nil
	}
	return func(t, i int) engine.Held {
		held, _ := known(t, i)
		return held
	}
}

// deliver runs recs through two targets as the handler does, and returns the records sent
// to each. The second target fails the records in bad.
func deliver(t *testing.T, m *Memory, specs []sinks.Spec, recs []engine.Record, bad map[string]bool) (sent [2]string) {
	t.Helper()
	sinks := [2]*enginetest.Sink{{}, {Script: func(a enginetest.Attempt) error {
		if bad[a.Record.Seq] {
			return enginetest.ErrPermanent
		}
		return nil
	}}}
	plan, err := engine.NewPlan(engine.Options{},
		engine.Target{ID: "a", Sink: sinks[0]}, engine.Target{ID: "b", Sink: sinks[1]})
	if err != nil {
		t.Fatal(err)
	}
	b := &Batch{Source: "source", Targets: specs, Records: recs}
	a := m.Begin(context.Background(), b)
	defer a.End()
	b.Report = plan.Resume(context.Background(), recs, heldBy(a.Known()))
	if err := a.Learn(context.Background(), !b.Report.OK()); err != nil {
		t.Error(err)
	}
	for i, s := range sinks {
		for _, rec := range s.Accepted() {
			sent[i] += rec.Seq + " "
		}
	}
	return sent
}

func numbered(from, to int) (recs []engine.Record) {
	for i := from; i <= to; i++ {
		recs = append(recs, engine.Record{Key: fmt.Sprint(i), Lane: "shard", Seq: fmt.Sprint(i)})
	}
	return recs
}

func TestMemory(t *testing.T) {
	m := NewMemory()
	specs := []sinks.Spec{{ID: "a"}, {ID: "b"}}
	for _, step := range []struct {
		name     string
		from, to int
		bad      string
		a, b     string
		held     int
	}{
		{"a batch that fails in part", 1, 4, "3", "1 2 3 4 ", "1 2 4 ", 4},
		{"the same again", 1, 4, "3", "", "", 4},
		{"its second half, healed", 3, 4, "", "", "3 ", 2},
		{"another batch", 5, 6, "", "5 6 ", "5 6 ", 2},
		{"its first half", 1, 2, "", "", "", 0},
		{"long after", 1, 2, "", "1 2 ", "1 2 ", 0},
	} {
		sent := deliver(t, m, specs, numbered(step.from, step.to), map[string]bool{step.bad: true})
		if sent[0] != step.a || sent[1] != step.b || m.weight != step.held {
			t.Errorf("%s: sent %q and %q, %d held; want %q, %q, %d", step.name, sent[0], sent[1], m.weight, step.a, step.b, step.held)
		}
	}
	if len(m.shards)+len(m.events) != 0 {
		t.Errorf("%d shards are left of nothing", len(m.shards))
	}
}

func TestMemoryKnowsAChangedTarget(t *testing.T) {
	for _, changed := range []sinks.Spec{{ID: "a", Region: "us-east-1"}, {ID: "a", Epoch: "2"}} {
		m := NewMemory()
		deliver(t, m, []sinks.Spec{{ID: "a"}, {ID: "b"}}, numbered(1, 2), map[string]bool{"2": true})
		sent := deliver(t, m, []sinks.Spec{changed, {ID: "b"}}, numbered(1, 2), nil)
		if sent[0] != "1 2 " || sent[1] != "2 " {
			t.Errorf("sent %q and %q; want all to the changed target %+v", sent[0], sent[1], changed)
		}
	}
}

func TestMemoryEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := NewMemory()
		specs, bad := []sinks.Spec{{ID: "a"}, {ID: "b"}}, map[string]bool{"2": true}
		for _, step := range []struct {
			after time.Duration
			sent  string
		}{{0, "1 2 "}, {remembering, ""}, {remembering, ""}, {remembering + time.Second, "1 2 "}} {
			time.Sleep(step.after)
			if sent := deliver(t, m, specs, numbered(1, 2), bad); sent[0] != step.sent {
				t.Errorf("after %v: sent %q, want %q", step.after, sent[0], step.sent)
			}
		}
		time.Sleep(2 * remembering)
		deliver(t, m, specs, numbered(7, 9), map[string]bool{"8": true})
		if m.weight != 3 || len(m.events) != 1 || len(m.shards) != 1 {
			t.Errorf("%d records of %d events and %d shards are held", m.weight, len(m.events), len(m.shards))
		}
	})
}

// If a batch was sent again in halves, its end is forgotten first. Otherwise older values
// would be sent after newer ones.
func TestMemoryForgetsTheEndFirst(t *testing.T) {
	m := NewMemory()
	m.limit = 4
	specs, bad := []sinks.Spec{{ID: "a"}, {ID: "b"}}, map[string]bool{"1": true, "5": true}
	deliver(t, m, specs, numbered(1, 4), bad)
	deliver(t, m, specs, numbered(1, 2), bad)
	deliver(t, m, specs, numbered(5, 5), bad)
	held := heldBy(m.recall(&Batch{Source: "source", Targets: specs, Records: numbered(1, 4)}))
	for i, want := range []bool{true, true, false, false} {
		if held(0, i).All != want {
			t.Errorf("record %d is remembered: %v", i+1, !want)
		}
	}
}

func TestMemoryIsBounded(t *testing.T) {
	m := NewMemory()
	specs := []sinks.Spec{{ID: "a"}, {ID: "b"}}
	all := map[string]bool{}
	for i := range 10_000 {
		all[fmt.Sprint(i+1)] = true
	}
	for shard := range 12 {
		recs := numbered(1, 10_000)
		for i := range recs {
			recs[i].Lane = fmt.Sprint("shard-", shard)
		}
		deliver(t, m, specs, recs, all)
	}
	if m.weight != MaxRemembered || len(m.shards) != 10 || m.shards[shardKey{"source", "shard-0"}] != nil {
		t.Errorf("%d records of %d shards are held", m.weight, len(m.shards))
	}
}

// A shard whose batches all fail for a while keeps its most recent knowledge.
func TestMemoryKeepsTheLatest(t *testing.T) {
	m := NewMemory()
	specs := []sinks.Spec{{ID: "a"}, {ID: "b"}}
	for batch := range 110 {
		first := 1000*batch + 1
		bad := map[string]bool{fmt.Sprint(first): true}
		deliver(t, m, specs, numbered(first, first+999), bad)
		if sent := deliver(t, m, specs, numbered(first, first), nil); sent[0] != "" {
			t.Fatalf("batch %d came twice", batch)
		}
	}
	if m.weight > MaxRemembered {
		t.Errorf("%d records are held", m.weight)
	}
}

// Targets beyond the remembered number get their records again.
func TestMemoryOfManyTargets(t *testing.T) {
	m := NewMemory()
	specs, targets := make([]sinks.Spec, maxTargets+2), make([]engine.Target, maxTargets+2)
	for i := range specs {
		specs[i].ID = fmt.Sprint(i)
		targets[i] = engine.Target{ID: specs[i].ID, Sink: &enginetest.Sink{}}
	}
	targets[0].Fault = enginetest.ErrPermanent
	plan, err := engine.NewPlan(engine.Options{}, targets...)
	if err != nil {
		t.Fatal(err)
	}
	recs := numbered(1, 3)
	b := &Batch{Source: "source", Targets: specs, Records: recs, Report: plan.Run(context.Background(), recs)}
	m.learn(b, true)
	held := heldBy(m.recall(b))
	has := func(t, i int) bool { return held(t, i).All }
	if has(0, 0) || !has(1, 0) || !has(maxTargets-1, 2) || has(maxTargets, 0) {
		t.Error("the recalled records differ from the learned ones")
	}
}
