package engine_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"fanout/engine"
	"fanout/engine/enginetest"
)

var (
	modelRuns = flag.Int("model.runs", 2000, "random runs of the delivery model")
	modelTime = flag.Duration("model.time", 0, "how long the delivery model runs at least, whatever -model.runs says")
	modelSeed = flag.Uint64("model.seed", 0, "seed of the first run; 0: a random one")
)

// TestModel sends random records to random targets with random faults, and sends
// failed records again a few times. It checks the engine's promises, which hold
// under any fault: every source record has one fate at every target; a record
// counts as delivered only if it was accepted; a target never gets again a record
// that it has; a record that it rejects goes to its fallback; no target affects
// another, even while dozens hang; the run ends in time; and an ordered target
// accepts no record of a key before an earlier one.
func TestModel(t *testing.T) {
	seed := *modelSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	begun, told := time.Now(), time.Now()
	for i := 0; i < *modelRuns || time.Since(begun) < *modelTime; i++ {
		if !t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { modelRun(t, rand.New(rand.NewPCG(seed, 0)), sabotage{}) })
		}) {
			t.Fatalf("go test ./engine -run '^TestModel$' -model.runs 1 -count 5 -model.seed %d", seed)
		}
		if time.Since(told) > time.Minute {
			told = time.Now()
			fmt.Printf("delivery model: %d runs, seed %d is good\n", i+1, seed)
		}
		seed++
	}
}

// judge collects the failures of a check.
type judge interface {
	Context() context.Context
	Helper()
	Errorf(format string, args ...any)
	Fatal(args ...any)
}

func modelRun(t judge, rnd *rand.Rand, s sabotage) {
	recs := modelRecords(rnd)
	var targets []*modelTarget
	var plain []engine.Target
	for i := range 1 + rnd.IntN(4) {
		m := newModelTarget(rnd, fmt.Sprint(i), len(recs))
		targets = append(targets, m)
		plain = append(plain, s.spoil(m.Target))
	}
	slots := engine.NewSlots(2*len(targets) + rnd.IntN(8)) // for each target and its fallback
	least := 2 * time.Second                               // until the deadline
	if rnd.IntN(8) == 0 {
		slots, least = engine.NewSlots(4+rnd.IntN(12)), 30*time.Second
		plain = append(modelCrowd(rnd), plain...)
	}
	crowd := len(plain) - len(targets)
	plan, err := engine.NewPlan(engine.Options{Slots: slots, Margin: time.Second}, plain...)
	if err != nil {
		t.Fatal(err)
	}
	for range 1 + rnd.IntN(3) {
		deadline := time.Now().Add(time.Duration(rnd.IntN(60))*time.Second + least)
		ctx, cancel := context.WithDeadline(t.Context(), deadline.Add(s.lateness()))
		for _, m := range targets {
			m.forget(rnd)
		}
		report := plan.Resume(ctx, append([]engine.Record(nil), recs...), func(k, i int) (h engine.Held) {
			if k >= crowd {
				h = s.recall(targets[k-crowd].has[i])
			}
			return h
		})
		cancel()
		if late := time.Since(deadline); late >= 0 {
			t.Errorf("the run ended %v after its deadline", late)
		}
		for i, m := range targets {
			r := &report.Targets[crowd+i]
			s.tamper(r)
			m.check(t, recs, r)
		}
		time.Sleep(2 * hangTime) // the sinks that hang return
	}
}

func modelRecords(rnd *rand.Rand) []engine.Record {
	lanes, keys := 1+rnd.IntN(3), 1+rnd.IntN(20)
	recs := make([]engine.Record, rnd.IntN(80))
	for i := range recs {
		recs[i] = engine.Record{
			Lane:    fmt.Sprint("shard-", rnd.IntN(lanes)),
			Key:     fmt.Sprint("key-", rnd.IntN(keys)),
			HashKey: fmt.Sprintf("key-%d key-%d key-%d", rnd.IntN(keys), rnd.IntN(keys), rnd.IntN(keys)), // keys of its parts
			Seq:     fmt.Sprint(i),
			Data:    engine.Bytes(make([]byte, rnd.IntN(12))),
			Arrived: time.Now().Add(-time.Duration(rnd.IntN(60)) * time.Second).UnixMilli(),
		}
		if rnd.IntN(40) == 0 {
			recs[i].Data = engine.Base64([]byte("!"))
		}
	}
	return recs
}

// forget drops some of the knowledge about m, as a full memory does.
func (m *modelTarget) forget(rnd *rand.Rand) {
	if rnd.IntN(3) > 0 {
		return
	}
	for i := range m.has {
		if rnd.IntN(8) == 0 {
			m.has[i] = engine.Held{}
		}
	}
}

// modelTarget is a target, the records that it accepted, and the engine's knowledge
// of them.
type modelTarget struct {
	engine.Target
	sink, dead *enginetest.Sink // dead is the sink of OnFailure, if any
	stage      bool             // the stage doubles some records, drops and fails others
	quiet      bool             // its requests meet no faults
	calm       bool             // nor do requests of OnFailure
	has        []engine.Held    // by record
	last       map[string]int   // by lane and key: the last record that was new when it was accepted
	latest     map[string]int   // by lane and key: the last record accepted
	first      map[string]bool  // records accepted in any run
	away       map[string]bool  // records that OnFailure accepted in any run
	sent, gone int              // how many sink and dead accepted in earlier runs
}

func newModelTarget(rnd *rand.Rand, id string, records int) *modelTarget {
	m := &modelTarget{has: make([]engine.Held, records), last: map[string]int{}, latest: map[string]int{}, first: map[string]bool{}, away: map[string]bool{}}
	m.sink = &enginetest.Sink{Bounds: engine.Limits{
		Records: rnd.IntN(10), Bytes: rnd.IntN(2) * 40, RecordBytes: rnd.IntN(2) * 10, OnePerKey: rnd.IntN(2) == 0,
	}}
	m.Target = engine.Target{ID: id, Sink: m.sink, Ordered: rnd.IntN(2) == 0}
	if m.stage = rnd.IntN(3) == 0; m.stage {
		m.Stages = append(m.Stages, modelStage)
	}
	if rnd.IntN(4) == 0 {
		m.Stages = append(m.Stages, modelMerge)
	}
	if rnd.IntN(4) == 0 {
		m.Oversize = engine.DropOversize
	}
	if m.calm = true; rnd.IntN(3) == 0 {
		m.dead = &enginetest.Sink{Bounds: engine.Limits{RecordBytes: rnd.IntN(2) * 7}} // room for one name
		m.calm = befall(rnd, m.dead, true)
		m.OnFailure = &engine.Fallback{ID: "dead", Sink: m.dead, Wrap: modelWrap, MaxAge: time.Duration(rnd.IntN(2)*rnd.IntN(60)) * time.Second}
	}
	m.quiet = befall(rnd, m.sink, m.sink.Bounds.OnePerKey)
	if rnd.IntN(3) == 0 {
		modelLimit(m.sink, rnd.IntN(2) == 0)
	}
	return m
}

// modelWrap makes a record that names its contents.
func modelWrap(r engine.Rejected) engine.Record {
	return r.Record.With(engine.Bytes([]byte(names(&r.Record))))
}
