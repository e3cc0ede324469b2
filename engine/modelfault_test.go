package engine_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"fanout/engine"
	"fanout/engine/enginetest"
)

var modelStage = each("model", func(r engine.Record, out *engine.Out) {
	switch r.Data.Len() {
	case 3:
		out.Drop(r, "it has three bytes")
	case 4:
		out.Fail(r, enginetest.ErrPermanent)
	case 5:
		panic("five bytes")
	case 6, 7:
		for i, key := range strings.Fields(r.HashKey) {
			part := r
			part.Key, part.Sub = key, i
			if i == 1 && r.Data.Len() == 7 {
				out.Fail(part, enginetest.ErrPermanent)
				continue
			}
			out.Emit(part)
		}
		out.Cut()
	default:
		out.Emit(r)
	}
})

// modelMerge merges records two by two, in one order for the lane.
var modelMerge = stage("merge", func(_ context.Context, in []engine.Record, out *engine.Out) {
	for len(in) > 0 {
		n := min(len(in), 2)
		size := 0
		for i := range in[:n] {
			size += in[i].Data.Len()
		}
		m := engine.Merge(in[:n], engine.Bytes(make([]byte, size)))
		m.Key = m.Lane
		out.Emit(m)
		in = in[n:]
	}
})

// names lists the records that r carries, by sequence number and part.
func names(r *engine.Record) string {
	if r.Parts() == nil {
		return fmt.Sprintf("%s.%d ", r.Seq, r.Sub)
	}
	var b strings.Builder
	for i := range r.Parts() {
		b.WriteString(names(&r.Parts()[i]))
	}
	return b.String()
}

// hangTime is how long a sink that ignores its deadline hangs.
const hangTime = 2 * time.Minute

// befall injects random faults into the requests of s. It reports whether it
// injected none.
func befall(rnd *rand.Rand, s *enginetest.Sink, onePerKey bool) (quiet bool) {
	if rnd.IntN(3) == 0 {
		return true
	}
	s.Script = modelScript(rand.New(rand.NewPCG(rnd.Uint64(), 0)), onePerKey)
	s.Whole = modelWhole(rand.New(rand.NewPCG(rnd.Uint64(), 0)))
	return false
}

// modelMost is the largest record that a target with a limit of its own takes.
// Every single record is smaller.
const modelMost = 12

// modelLimit gives s an undeclared limit. s refuses larger records alone, or whole
// requests that hold one.
func modelLimit(s *enginetest.Sink, whole bool) {
	if whole || !s.Bounds.OnePerKey {
		next := s.Whole
		s.Whole = func(ctx context.Context, batch []engine.Record) error {
			for i := range batch {
				if batch[i].Data.Len() > modelMost {
					return enginetest.ErrTooLarge
				}
			}
			if next == nil {
				return nil
			}
			return next(ctx, batch)
		}
		return
	}
	next := s.Script
	s.Script = func(a enginetest.Attempt) error {
		if a.Record.Data.Len() > modelMost {
			return enginetest.ErrTooLarge
		}
		if next == nil {
			return nil
		}
		return next(a)
	}
}

// modelScript refuses records at random. A sink without OnePerKey refuses, along
// with a record, the later ones of its key in the request.
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

// modelWhole makes requests slow, and makes some fail, panic or hang.
func modelWhole(rnd *rand.Rand) func(context.Context, []engine.Record) error {
	rate, hangs := rnd.Float64()*rnd.Float64(), rnd.IntN(3) == 0
	var mu sync.Mutex
	draw := func() (float64, time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		return rnd.Float64(), time.Duration(rnd.IntN(2000)) * time.Millisecond
	}
	return func(ctx context.Context, batch []engine.Record) error {
		p, delay := draw()
		if hangs && p < rate/16 {
			<-ctx.Done()
			if p < rate/32 {
				time.Sleep(hangTime)
			}
			return ctx.Err()
		}
		if err := enginetest.Delay(delay)(ctx, batch); err != nil {
			return err
		}
		switch {
		case p > rate:
			return nil
		case p < rate/8:
			return enginetest.ErrTooLarge
		case p < rate/4:
			panic("the model")
		case p < rate/2:
			return enginetest.ErrThrottled
		}
		return enginetest.ErrPlain
	}
}
