package lambda

import "context"

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
