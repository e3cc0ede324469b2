package lambda

import (
	"context"
	"fmt"
	"slices"

	"fanout/engine"
	"fanout/lambda/event"
	"fanout/lambda/target"
	"fanout/sinks"
)

// Lease is the use of a source's targets outside of an event, as fanout redrive does. The
// handler keeps their connections open until Release.
type Lease struct {
	All     []target.Loaded // every target of the source, active or not
	Specs   []sinks.Spec    // the active targets
	Targets []engine.Target // the same targets, in the same order

	handler *Handler
	plan    *plan
	kind    event.Kind
}

// Lease returns the targets of a source as the function would deliver to them now. It ends
// early enough before the deadline of ctx for a function to answer.
func (h *Handler) Lease(ctx context.Context, source string) (*Lease, error) {
	kind, err := kindOf(source)
	if err != nil {
		return nil, err
	}
	ctx, cancel := h.beforeDeadline(ctx)
	defer cancel()
	p, err := h.planFor(ctx, source, kind)
	if err != nil {
		return nil, fmt.Errorf("the targets of %s are unknown: %w", source, err)
	}
	return &Lease{p.set, p.specs, p.targets, h, p, kind}, nil
}

// Release ends the lease.
func (l *Lease) Release() { l.handler.release(l.plan) }

// Deliver delivers records to t, a variant of l.Targets[i]. It shares the requests in flight
// with the events of the handler.
func (l *Lease) Deliver(ctx context.Context, i int, t engine.Target, records []engine.Record) (Result, error) {
	p, err := engine.NewPlan(l.handler.engineOptions(), t)
	if err != nil {
		return Result{}, err
	}
	r := Result{SourceARN: l.Specs[i].SourceARN, Kind: l.kind, Targets: l.Specs[i : i+1], records: records}
	r.Report = p.Run(ctx, slices.Clone(records))
	return r, nil
}

// Fetch returns the data that a reference leads to. The bucket must be the store of a target of
// the source, so that nobody can make the caller read another one.
func (l *Lease) Fetch(ctx context.Context, ref *sinks.Reference) ([]byte, error) {
	for i := range l.All {
		spec, ok := l.All[i].Spec.Store()
		if !ok || spec.Destination.Name != ref.Bucket {
			continue
		}
		store, err := l.handler.openStore(l.handler.env, &spec)
		if err != nil {
			return nil, err
		}
		return store.Read(ctx, ref)
	}
	return nil, engine.Errorf(engine.Permanent, "its data is in the bucket %s, which no target of the source has as oversize; set oversize to it, and redrive again", ref.Bucket)
}

// Refused returns the result of n records that are not sent to a target, for the reason err.
// The first of them has a lane and a sequence number.
func Refused(t sinks.Spec, first engine.Record, n int, err error) Result {
	return Result{
		SourceARN: t.SourceARN, Targets: []sinks.Spec{t}, records: make([]engine.Record, n),
		Report: &engine.Report{Targets: []engine.TargetReport{{
			ID: t.ID, Failed: n, Failures: []engine.Failure{{Err: err, Lane: first.Lane, Seq: first.Seq, Count: n}},
		}}},
	}
}
