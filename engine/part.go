package engine

import (
	"context"
	"slices"
	"sync"
	"time"
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

// divisible reports whether part may split r into several records.
func (d *delivery) divisible(r *Record) bool {
	if d.offers != nil {
		r = d.offers.inside(r)
	}
	return r.merged() != nil
}

// part splits r, which carries several records, into smaller ones. It reports false
// if it cannot, and then books nothing.
func (d *delivery) part(ctx context.Context, r *Record) (lane, bool) {
	if d.offers != nil {
		return d.offers.part(ctx, r)
	}
	m := r.merged()
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
			d.tally.drop(&out.dropped[i].Record)
		}
	}
	return lanes[0], true
}

// fitted returns lanes in which merged records are split if they exceed the sink's
// limits or the size that the target refused before.
func (d *delivery) fitted(ctx context.Context, lanes []lane) []lane {
	p := packer{limits: &d.limits}
	most := d.target.fit.bound()
	fits := func(r *Record) bool {
		if !d.divisible(r) {
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
		if parts, ok := d.part(ctx, r); ok {
			for i := range parts.recs {
				d.fitInto(ctx, l, &parts.recs[i], fits)
			}
			return
		}
	}
	l.recs = append(l.recs, *r)
	l.recs[len(l.recs)-1].at = int32(len(l.recs)) //nolint:gosec // a batch has far fewer than 2³¹ records
}

// fitLasts is how long a target keeps a learned size. After that its owner may have
// raised the limit.
const fitLasts = 10 * time.Minute

// fit is the message size that a target accepts, learned from its refusals.
type fit struct {
	mu    sync.Mutex
	most  int // bytes; 0: none is known
	until time.Time
}

// bound returns the most bytes of a message; 0: unknown.
func (f *fit) bound() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.most > 0 && time.Now().After(f.until) {
		f.most = 0
	}
	return f.most
}

// refused records that a message of this size was too large. The new bound is half
// of it.
func (f *fit) refused(size int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if half := max(size/2, 1); f.most == 0 || half < f.most {
		f.most, f.until = half, time.Now().Add(fitLasts)
	}
}

// took records that the target acknowledged a message of this size.
func (f *fit) took(size int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.most > 0 {
		f.most = max(f.most, size)
	}
}

// offers are rejected records on their way to a fallback. The at of a record in the
// fallback's delivery is its position here.
type offers struct {
	from *delivery
	mu   sync.Mutex
	all  []offer
}

// offer is a rejected record, or a half of one that was split.
type offer struct {
	Rejected
	root   int  // index of the rejected record
	parted bool // its halves have offers of their own
	taken  bool // the fallback acknowledged it
}

func newOffers(from *delivery, rejected []Rejected) *offers {
	l := &offers{from: from, all: make([]offer, len(rejected))}
	for i, r := range rejected {
		l.all[i] = offer{Rejected: r, root: i}
	}
	return l
}

// write makes the record that is sent in place of a rejected one.
func (l *offers) write(r Rejected) Record {
	out := r.Record
	if wrap := l.from.target.OnFailure.Wrap; wrap != nil {
		out = wrap(r)
	}
	out.parts = nil
	return out
}

func (l *offers) inside(r *Record) *Record {
	l.mu.Lock()
	defer l.mu.Unlock()
	return &l.all[r.at-1].Record
}

// took marks the acknowledged offers.
func (l *offers) took(recs []Record) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range recs {
		l.all[recs[i].at-1].taken = true
	}
}

// sorted returns the offers of a rejected record in two lists: taken by the
// fallback, and left.
func (l *offers) sorted(root int) (taken, left []Record) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range l.all {
		switch one := &l.all[i]; {
		case one.root != root || one.parted:
		case one.taken:
			taken = append(taken, one.Record)
		default:
			left = append(left, one.Record)
		}
	}
	return taken, left
}

// part splits the merged record behind r, and makes an offer of each half.
func (l *offers) part(ctx context.Context, r *Record) (halves lane, ok bool) {
	place := r.at - 1
	l.mu.Lock()
	whole := l.all[place]
	l.mu.Unlock()
	if whole.Unstaged {
		return lane{}, false
	}
	parts, ok := l.from.part(ctx, &whole.Record)
	if !ok {
		return lane{}, false
	}
	var all []offer
	for _, p := range parts.recs {
		half := offer{Rejected: whole.Rejected, root: whole.root}
		half.Record = p
		out := l.write(half.Rejected)
		if out.Data.Err() != nil {
			return lane{}, false
		}
		all = append(all, half)
		out.src = r.src
		halves.recs = append(halves.recs, out)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all[place].parted = true
	for i := range halves.recs {
		l.all = append(l.all, all[i])
		halves.recs[i].at = int32(len(l.all)) //nolint:gosec // a batch has far fewer than 2³¹ records
	}
	return halves, true
}
