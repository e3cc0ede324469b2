package engine

import (
	"context"
	"slices"
)

// A merged record that is too large for its target is split: the stage that merged
// it, and the later ones, run again over each half of its parts. So a message fails
// as too large only if it carries one record.

// merged returns the innermost record of r that carries several, or nil.
func (r *Record) merged() *Record {
	for len(r.parts) == 1 {
		r = &r.parts[0]
	}
	if len(r.parts) == 0 {
		return nil
	}
	return r
}

// splittable reports whether split may split r into several records.
func (d *delivery) splittable(r *Record) bool {
	if d.offers != nil {
		r = d.offers.rejected(r)
	}
	return r.merged() != nil
}

// split splits r into smaller records, if it carries several. It reports false
// if it cannot, and then books nothing.
func (d *delivery) split(ctx context.Context, r *Record) (lane, bool) {
	if d.offers != nil {
		return d.offers.split(ctx, r)
	}
	m := r.merged()
	if m == nil {
		return lane{}, false
	}
	depth := m.mergedBy()
	if depth < 0 || depth >= len(d.target.Stages) {
		return lane{}, false
	}
	in := lane{recs: slices.Clone(m.parts), cuts: []int{len(m.parts) / 2}}
	for i := range in.recs {
		in.recs[i].at = int32(i + 1)
	}
	lanes, losses := []lane{in}, []*processed(nil)
	for k, s := range d.target.Stages[depth:] {
		lanes, losses = runStage(ctx, s, depth+k, lanes, losses)
	}
	for _, out := range losses {
		if len(out.failed) > 0 {
			return lane{}, false
		}
	}
	for _, out := range losses {
		for i := range out.dropped {
			d.tally.drop(&out.dropped[i].Record, out.dropped[i].fate())
		}
	}
	return lanes[0], true
}

// fitted returns lanes in which merged records are split if they exceed the sink's
// limits or the size that the target refused before.
func (d *delivery) fitted(ctx context.Context, lanes []lane) []lane {
	p := packer{limits: &d.limits}
	most := d.target.learned.bound()
	fits := func(r *Record) bool {
		if !d.splittable(r) {
			return true
		}
		size := d.size(r)
		return p.tooLarge(size) == nil && (most == 0 || size <= most)
	}
	if !slices.ContainsFunc(lanes, func(l lane) bool { return !every(l.recs, fits) }) {
		return lanes
	}
	all := make([]lane, len(lanes))
	for k, l := range lanes {
		for i := range l.recs {
			if slices.Contains(l.cuts, i) {
				all[k].cut()
			}
			d.fitInto(ctx, &all[k], &l.recs[i], fits)
		}
	}
	return all
}

func every(recs []Record, ok func(*Record) bool) bool {
	for i := range recs {
		if !ok(&recs[i]) {
			return false
		}
	}
	return true
}

// fitInto adds r to l, split into parts that fit.
func (d *delivery) fitInto(ctx context.Context, l *lane, r *Record, fits func(*Record) bool) {
	if !fits(r) {
		if parts, ok := d.split(ctx, r); ok {
			for i := range parts.recs {
				d.fitInto(ctx, l, &parts.recs[i], fits)
			}
			return
		}
	}
	l.recs = append(l.recs, *r)
	l.recs[len(l.recs)-1].at = int32(len(l.recs)) //nolint:gosec // a batch has far fewer than 2³¹ records
}
