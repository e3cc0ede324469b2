package engine_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"fanout/engine"
)

// store keeps whole requests by their records. A call fails now and then, after it stored the
// request or before.
type store struct {
	mu      sync.Mutex
	rng     *rand.Rand
	faults  bool
	objects map[string][]string
}

func (*store) Limits() engine.Limits             { return engine.Limits{Whole: true} }
func (*store) Sizer() func(r *engine.Record) int { return nil }

func (s *store) Send(_ context.Context, batch []engine.Record) engine.Outcome {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ids []string
	for i := range batch {
		ids = append(ids, batch[i].Seq)
	}
	fate := s.rng.IntN(3)
	if !s.faults || fate != 1 {
		s.objects[strings.Join(ids, " ")] = ids
	}
	if s.faults && fate > 0 {
		return engine.Failed(engine.Errorf(engine.Permanent, "unknown"))
	}
	return engine.Outcome{}
}

// some filters records whose number ends in 3.
type some struct{}

func (some) Name() string { return "some" }
func (some) Process(_ context.Context, in []engine.Record, out *engine.Out) {
	for _, r := range in {
		if len(r.Seq) > 0 && r.Seq[len(r.Seq)-1] == '3' {
			out.Filter(r)
		} else {
			out.Emit(r)
		}
	}
}

// TestWholeRequestsComeAgain asserts that a batch that comes again from any record that failed
// forms the same requests, so no record is in two of them.
func TestWholeRequestsComeAgain(t *testing.T) {
	for seed := range uint64(300) {
		synctest.Test(t, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 0))
			s := &store{rng: rng, faults: true, objects: make(map[string][]string)}
			plan, err := engine.NewPlan(engine.Options{}, engine.Target{
				ID: "t", Sink: s, Stages: []engine.Stage{some{}}, BatchRecords: 1 + rng.IntN(9), BatchBytes: 20 + rng.IntN(40), Ordered: seed%4 == 0,
			})
			if err != nil {
				t.Fatal(err)
			}
			var recs []engine.Record
			for i := range 60 {
				recs = append(recs, engine.Record{Lane: "a", Key: fmt.Sprint(i), Seq: fmt.Sprint(100 + i), Data: engine.Bytes(make([]byte, rng.IntN(12)))})
			}
			var last *engine.Report
			for attempt := 0; len(recs) > 0; attempt++ {
				s.faults = attempt < 8
				var held func(int, int) engine.Held
				if r := last; r != nil {
					first := 0
					for !r.Failed(first) {
						first++
					}
					first = rng.IntN(first + 1) // another target may have failed before
					recs = recs[first:]
					held = func(target, i int) engine.Held { return r.Targets[target].Held(i + first) }
				}
				if last = plan.Resume(t.Context(), recs, held); last.OK() {
					break
				}
			}
			in := make(map[string]int)
			for _, object := range s.objects {
				for _, id := range object {
					in[id]++
				}
			}
			for i := range 60 {
				want := 1
				if i%10 == 3 {
					want = 0
				}
				if id := fmt.Sprint(100 + i); in[id] != want {
					t.Errorf("seed %d: record %s is in %d objects; want %d", seed, id, in[id], want)
				}
			}
		})
	}
}
