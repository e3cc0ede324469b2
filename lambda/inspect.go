package lambda

import (
	"context"
	"errors"

	"fanout/lambda/event"
)

// Explain returns the plan of a source, its stages and targets, as a tree.
func (h *Handler) Explain(ctx context.Context, source string) (string, error) {
	kind, err := kindOf(source)
	if err != nil {
		return "", err
	}
	p, err := h.planFor(ctx, source, kind)
	if err != nil {
		return "", err
	}
	defer h.release(p)
	return p.engine.String(), nil
}

// Unclaimed returns nil if a source has a target. Otherwise the source's records would
// fail, and the error says how to fix it.
func (h *Handler) Unclaimed(ctx context.Context, source string) error {
	kind, err := kindOf(source)
	if err != nil {
		return err
	}
	p, err := h.planFor(ctx, source, kind)
	if err != nil {
		return err
	}
	defer h.release(p)
	if len(p.set) == 1 && p.set[0].ID == NoTarget {
		return errors.New(p.set[0].Faults[0].Brief())
	}
	return nil
}

// Source is a source of an event's records.
type Source struct {
	ARN   string
	First int // index of its first record in the event
}

// Sources returns the sources of an event's records.
func Sources(data []byte) ([]Source, error) {
	batches, err := event.Decode(data)
	if err != nil {
		return nil, err
	}
	sources := make([]Source, len(batches))
	for i := range batches {
		sources[i] = Source{batches[i].SourceARN, batches[i].First}
	}
	return sources, nil
}

// Faulty is an active target with a faulty configuration.
type Faulty struct {
	ID  string
	Err error // all faults, one per line
}

// Faulty returns the faulty targets of a source.
func (h *Handler) Faulty(ctx context.Context, source string) ([]Faulty, error) {
	kind, err := kindOf(source)
	if err != nil {
		return nil, err
	}
	p, err := h.planFor(ctx, source, kind)
	if err != nil {
		return nil, err
	}
	defer h.release(p)
	var all []Faulty
	for _, t := range p.targets {
		if t.Fault != nil {
			all = append(all, Faulty{t.ID, t.Fault})
		}
	}
	return all, nil
}
