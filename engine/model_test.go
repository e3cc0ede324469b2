package engine_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"fanout/engine"
	"fanout/engine/enginetest"
)

var (
	modelRuns = flag.Int("model.runs", 2000, "random runs of the delivery model")
	modelSeed = flag.Uint64("model.seed", 0, "seed of the first run; 0: a random one")
)

// TestModel runs random records through random targets with random faults, and
// checks what the engine promises whatever happens: every source record has one
// fate at every target, what counts as delivered was accepted, no target affects
// another, and where order is kept no record of a key is accepted before an
// earlier one.
func TestModel(t *testing.T) {
	seed := *modelSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	for i := range *modelRuns {
		if !t.Run(fmt.Sprint(seed+uint64(i)), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { modelRun(t, rand.New(rand.NewPCG(seed+uint64(i), 0))) })
		}) {
			t.Fatalf("go test -run TestModel -model.runs 1 -model.seed %d", seed+uint64(i))
		}
	}
}

type modelTarget struct {
	engine.Target
	sink  *enginetest.Sink
	dead  *enginetest.Sink // of OnFailure, if any
	stage bool             // it doubles some records, drops and fails others
}

func modelRun(t *testing.T, rnd *rand.Rand) {
	recs := modelRecords(rnd)
	var targets []modelTarget
	var plain []engine.Target
	for i := range 1 + rnd.IntN(4) {
		m := newModelTarget(rnd, fmt.Sprint(i))
		targets = append(targets, m)
		plain = append(plain, m.Target)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(1+rnd.IntN(60))*time.Second)
	defer cancel()
	in := append([]engine.Record(nil), recs...)
	report := runAll(t, ctx, engine.Options{Slots: engine.NewSlots(1 + rnd.IntN(8)), Margin: time.Second}, recs, plain...)
	for i := range targets {
		targets[i].check(t, in, &report.Targets[i])
	}
}

func modelRecords(rnd *rand.Rand) []engine.Record {
	lanes, keys := 1+rnd.IntN(3), 1+rnd.IntN(20)
	recs := make([]engine.Record, rnd.IntN(80))
	for i := range recs {
		recs[i] = engine.Record{
			Lane: fmt.Sprint("shard-", rnd.IntN(lanes)),
			Key:  fmt.Sprint("key-", rnd.IntN(keys)),
			Seq:  fmt.Sprint(i),
			Data: engine.Bytes(make([]byte, rnd.IntN(12))),
		}
	}
	return recs
}

func newModelTarget(rnd *rand.Rand, id string) modelTarget {
	m := modelTarget{sink: &enginetest.Sink{Bounds: engine.Limits{
		Records: rnd.IntN(10), Bytes: rnd.IntN(2) * 40, RecordBytes: rnd.IntN(2) * 10, OnePerKey: rnd.IntN(2) == 0,
	}}}
	m.Target = engine.Target{ID: id, Sink: m.sink, Ordered: rnd.IntN(2) == 0, InFlight: rnd.IntN(4)}
	if m.stage = rnd.IntN(3) == 0; m.stage {
		m.Stages = []engine.Stage{modelStage}
	}
	if rnd.IntN(3) == 0 {
		m.dead = &enginetest.Sink{Script: modelScript(rand.New(rand.NewPCG(rnd.Uint64(), 0)), true)}
		m.OnFailure = &engine.Fallback{ID: "dead", Sink: m.dead}
	}
	m.sink.Script = modelScript(rand.New(rand.NewPCG(rnd.Uint64(), 0)), m.sink.Bounds.OnePerKey)
	m.sink.Whole = modelWhole(rand.New(rand.NewPCG(rnd.Uint64(), 0)))
	return m
}

var modelStage = each("model", func(r engine.Record, out *engine.Out) {
	switch r.Data.Len() {
	case 3:
		out.Drop(r, "it has three bytes")
	case 4:
		out.Fail(r, enginetest.ErrPermanent)
	case 5:
		panic("five bytes")
	case 6:
		out.Emit(r)
		r.Sub = 1
		out.Emit(r)
		out.Cut()
	default:
		out.Emit(r)
	}
})

// modelScript refuses records at random. A sink that is not OnePerKey refuses,
// with a record, those of its key that follow in the request.
func modelScript(rnd *rand.Rand, onePerKey bool) func(enginetest.Attempt) error {
	rates := []float64{0, 0.05, 0.5, 0.95}
	rate := rates[rnd.IntN(len(rates))]
	type line struct {
		request   int
		lane, key string
	}
	refused := map[line]bool{}
	var mu sync.Mutex
	return func(a enginetest.Attempt) error {
		mu.Lock()
		defer mu.Unlock()
		p, l := rnd.Float64(), line{a.Request, a.Record.Lane, a.Record.Key}
		if !onePerKey && refused[l] {
			return enginetest.ErrRetryable
		}
		if p > rate {
			return nil
		}
		refused[l] = true
		switch {
		case p < rate/10:
			return enginetest.ErrPermanent
		case p < rate/2:
			return enginetest.ErrThrottled
		}
		return enginetest.ErrRetryable
	}
}

func modelWhole(rnd *rand.Rand) func(context.Context, []engine.Record) error {
	rate := rnd.Float64() * rnd.Float64()
	var mu sync.Mutex
	draw := func() (float64, time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		return rnd.Float64(), time.Duration(rnd.IntN(2000)) * time.Millisecond
	}
	return func(ctx context.Context, batch []engine.Record) error {
		p, delay := draw()
		if err := enginetest.Delay(delay)(ctx, batch); err != nil {
			return err
		}
		switch {
		case p > rate:
			return nil
		case p < rate/8 && len(batch) > 1:
			return enginetest.ErrTooLarge
		case p < rate/4:
			panic("the model")
		case p < rate/2:
			return enginetest.ErrThrottled
		}
		return enginetest.ErrPlain
	}
}

func (m *modelTarget) check(t *testing.T, in []engine.Record, r *engine.TargetReport) {
	t.Helper()
	accepted := map[string]int{}
	last := map[string]int{}
	for _, rec := range m.sink.Accepted() {
		accepted[rec.Seq]++
		var n int
		_, _ = fmt.Sscan(rec.Seq, &n)
		lane := rec.Lane + " " + rec.Key
		if n = 2*n + rec.Sub; m.Ordered && n < last[lane] {
			t.Errorf("target %s: record %s of %s was accepted after a later one", m.ID, rec.Seq, lane)
		}
		last[lane] = n
	}
	diverted := map[string]int{}
	if m.dead != nil {
		for _, rec := range m.dead.Accepted() {
			diverted[rec.Seq]++
		}
	}
	for i, rec := range in {
		parts, unstaged := 1, 0
		switch n := rec.Data.Len(); {
		case !m.stage:
		case n == 3:
			parts = 0
		case n == 4 || n == 5:
			parts, unstaged = 0, 1
		case n == 6:
			parts = 2
		}
		if fate := r.Fate(i); (diverted[rec.Seq] > 0) != (fate == engine.FateDiverted) && fate != engine.FateFailed ||
			fate == engine.FateDiverted && diverted[rec.Seq]+accepted[rec.Seq] != parts+unstaged {
			t.Errorf("target %s: record %s has fate %v, %d of its parts were accepted and %d diverted",
				m.ID, rec.Seq, fate, accepted[rec.Seq], diverted[rec.Seq])
		}
		got, fate := accepted[rec.Seq], r.Fate(i)
		if fate == engine.FateDelivered && got != parts {
			t.Errorf("target %s: record %s counts as delivered, and %d of its %d parts were accepted", m.ID, rec.Seq, got, parts)
		}
		if fate == engine.FateFailed && got >= parts && parts > 0 {
			t.Errorf("target %s: record %s counts as failed, and was accepted", m.ID, rec.Seq)
		}
		if (fate == engine.FateDropped) != (m.stage && rec.Data.Len() == 3) {
			t.Errorf("target %s: record %s with %d bytes has fate %v", m.ID, rec.Seq, rec.Data.Len(), fate)
		}
		if got > parts {
			t.Errorf("target %s: record %s was accepted %d times", m.ID, rec.Seq, got)
		}
	}
	if m.Ordered {
		m.checkNoneOvertook(t, in, r)
	}
	for _, f := range r.Failures {
		if text := f.Err.Error(); strings.Contains(text, "engine panicked") || strings.Contains(text, "did not return") {
			t.Errorf("target %s: %v", m.ID, f.Err)
		}
	}
	for _, request := range m.sink.Requests() {
		keys := map[string]bool{}
		for _, rec := range request {
			if m.Ordered && m.sink.Bounds.OnePerKey && keys[rec.Key] {
				t.Errorf("target %s: two records of %s in one request", m.ID, rec.Key)
			}
			keys[rec.Key] = true
		}
	}
}

// checkNoneOvertook checks that nothing was accepted of a key after a record of it
// that failed.
func (m *modelTarget) checkNoneOvertook(t *testing.T, in []engine.Record, r *engine.TargetReport) {
	t.Helper()
	failed := map[string]string{}
	for i, rec := range in {
		key := rec.Lane + " " + rec.Key
		if before, ok := failed[key]; ok && r.Fate(i) == engine.FateDelivered {
			t.Errorf("target %s: record %s of %s was accepted, and %s before it failed", m.ID, rec.Seq, key, before)
		}
		if r.Fate(i) == engine.FateFailed {
			failed[key] = rec.Seq
		}
	}
}
