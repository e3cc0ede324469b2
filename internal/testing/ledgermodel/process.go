package ledgermodel

import (
	"context"
	"errors"
	"strings"

	"fanout/engine"
	"fanout/engine/enginetest"
	"fanout/internal/testing/functionmodel"
	"fanout/lambda/dedup"
	"fanout/lambda/target"
	"fanout/sinks"
)

// process is a process of the function.
type process struct {
	functionmodel.Function
	world    *world
	crashed  bool
	accepted []arrival // in its current invocation
}

// arrival is a part that a target accepted.
type arrival struct {
	target *modelTarget
	part   string
}

// start starts a process, which remembers nothing.
func (w *world) start() *process {
	p := &process{world: w}
	limit := 1 + w.draw.IntN(8)
	f, err := w.program.Start(&functionmodel.Environment{
		InFlight: 32, ReportBatchItemFailures: w.batchItemFailures, Remembered: dedup.MaxRemembered,
		Ledger: &table{p}, Targets: store{w},
		OpenSink: func(spec *sinks.Spec) engine.Sink {
			t := w.target(spec.ID)
			return &enginetest.Sink{
				Bounds: engine.Limits{Records: limit, OnePerKey: true},
				Whole:  func(ctx context.Context, batch []engine.Record) error { return p.request(ctx, t, batch) },
				Script: func(a enginetest.Attempt) error { return p.record(t, &a.Record) },
			}
		},
	})
	if err != nil {
		w.T.Error(err)
	}
	p.Function = f
	return p
}

// store is a store of good targets.
type store struct{ *world }

func (s store) Targets(context.Context, string) (set target.Set, err error) {
	for _, t := range s.targets {
		spec := t.spec
		spec.Parallel = spec.Parallel || s.Unordered
		set.Targets = append(set.Targets, target.Loaded{ID: spec.ID, Spec: spec})
	}
	return set, nil
}

var errCrash = errors.New("the process has crashed")

// request draws the fault of a request: it may fail, hang, lose its answer, or crash the process.
func (p *process) request(ctx context.Context, t *modelTarget, batch []engine.Record) error {
	w := p.world
	w.mu.Lock()
	defer w.mu.Unlock()
	if p.crashed {
		return errCrash
	}
	if w.faults == 0 {
		return nil
	}
	n := w.draw.IntN(100)
	if n < 16 {
		w.faults--
	}
	switch {
	case n < 4:
		return enginetest.ErrThrottled
	case n < 8:
		return enginetest.ErrRetryable
	case n < 11:
		w.mu.Unlock()
		<-ctx.Done()
		w.mu.Lock()
		return ctx.Err()
	case n < 13:
		w.Count("lost answers", 1)
		for i := range batch {
			t.mayRepeat[p.accept(t, &batch[i])] = true
		}
		return enginetest.ErrPlain
	case n < 16:
		w.Count("crashes", 1)
		p.crashed = true
		for _, a := range p.accepted {
			a.target.mayRepeat[a.part] = true
		}
		return errCrash
	}
	return nil
}

// record accepts a record of a request, or refuses it until Lambda sends it again.
func (p *process) record(t *modelTarget, r *engine.Record) error {
	w := p.world
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case p.crashed:
		return errCrash
	case w.Refuse && strings.HasSuffix(r.Seq, "7"):
		return enginetest.ErrPermanent
	case w.faults > 0 && w.draw.IntN(100) < 5:
		w.faults--
		w.Count("refused records", 1)
		return enginetest.ErrPermanent
	}
	p.accept(t, r)
	return nil
}

// accept notes that t accepts a record, and returns the part in it.
func (p *process) accept(t *modelTarget, r *engine.Record) (part string) {
	part = string(r.Data.Bytes())
	p.accepted = append(p.accepted, arrival{t, part})
	t.total++
	t.lastPlace[part] = t.total
	if t.arrivals[part]++; t.arrivals[part] == 1 {
		t.firsts = append(t.firsts, part)
	}
	p.world.Count("arrivals", 1)
	return part
}
