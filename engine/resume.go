package engine

import (
	"context"
	"slices"
)

// Held says how much of a source record a target has. The zero Held means none of
// it.
type Held struct {
	All bool // everything that the target's stages make of the record

	// For a record that the stages split, if the target has only some parts:
	Of   int   // how many parts there are
	Subs []int // Sub of each part that the target has, ascending
}

// has reports whether the target has the part with this Sub of a record that now
// has n parts. A different number of parts means that they are different parts.
func (h *Held) has(sub, n int) bool {
	if h.All || n != h.Of {
		return h.All
	}
	_, found := slices.BinarySearch(h.Subs, sub)
	return found
}

// Held returns how much of source record i the target now has. A record that was
// delivered counts as lacking if the target must get it again, behind an earlier record
// of its key.
func (t *TargetReport) Held(i int) Held {
	h, partly := t.held[i]
	if t.fates[i] != FateFailed && !partly {
		return Held{All: true}
	}
	return h
}

// resume runs each target that already has some of the records on its own. Stages
// may merge records, so their results over the remaining records belong to that
// target alone.
func (r *run) resume(ctx context.Context, lanes []lane, unreadable []*processed, held func(target, record int) Held) {
	for t, d := range r.deliveries {
		s := &resumption{d: d, held: func(r *Record) Held { return held(t, int(r.src)-1) }}
		if !s.hasAny(lanes, unreadable) {
			continue
		}
		r.resumed[t] = true
		r.wg.Go(func() { s.run(ctx, lanes, unreadable) })
	}
}

// resumption is the run of a target that already has some of the records.
//
// It tracks parts, because the parts of a record may have several keys. An ordered
// target skips nothing behind a part of the same key that is sent: otherwise the
// older value would replace the newer one.
type resumption struct {
	d    *delivery
	held func(r *Record) Held
	had  []Record // records that are not sent again
}

// hasAny reports whether the target has any of the records.
func (s *resumption) hasAny(lanes []lane, losses []*processed) (has bool) {
	eachRecord(lanes, losses, func(r *Record) {
		h := s.held(r)
		has = has || h.All || len(h.Subs) > 0
	})
	return has
}

// run takes lanes through the target's stages, and delivers the parts that the
// target lacks. It filters after the stages that split records and before the first
// one that merges them.
func (s *resumption) run(ctx context.Context, lanes []lane, losses []*processed) {
	if s.d.target.Fault != nil {
		s.missing(lanes, losses)
		s.d.tally.skip(s.had)
		return
	}
	if !s.d.limits.Whole { // filtered records and those of a request look alike here
		lanes = s.withoutWhole(lanes)
	}
	filtered := false
	for depth, stage := range s.d.target.Stages {
		emitted, lost := runStage(ctx, stage, depth, lanes, losses)
		if !filtered && merged(emitted) {
			lanes, losses = s.missing(lanes, losses)
			emitted, lost = runStage(ctx, stage, depth, lanes, losses)
			filtered = true
		}
		lanes, losses = emitted, lost
	}
	if !filtered {
		lanes, losses = s.missing(lanes, losses)
	}
	s.d.take(ctx, lanes, losses, s.had)
}

// merged reports whether a stage has merged records.
func merged(lanes []lane) bool {
	for _, l := range lanes {
		for i := range l.recs {
			if l.recs[i].parts != nil {
				return true
			}
		}
	}
	return false
}

// withoutWhole returns lanes without the records that the target has in full. They
// need not go through the stages. For an ordered target only the first records of
// each lane are left out: a later one may have to be sent again.
func (s *resumption) withoutWhole(lanes []lane) []lane {
	rest := make([]lane, len(lanes))
	for i, l := range lanes {
		first := true
		rest[i] = s.without(l, func(r *Record) bool {
			all := s.held(r).All
			first = first && all
			return first || all && !s.d.target.Ordered
		})
	}
	return rest
}

// missing returns the parts that the target lacks, in lanes and losses.
func (s *resumption) missing(lanes []lane, losses []*processed) (rest []lane, lost []*processed) {
	parts := make(map[int32]int) // by source record
	eachRecord(lanes, losses, func(r *Record) { parts[r.src]++ })
	has := func(r *Record) bool {
		h := s.held(r)
		return h.has(r.Sub, parts[r.src])
	}
	for _, l := range lanes {
		sent := make(map[string]bool) // keys
		rest = append(rest, s.without(l, func(r *Record) bool {
			had := has(r) && !sent[r.Key]
			if !had && s.d.target.Ordered {
				sent[r.Key] = true
			}
			return had
		}))
	}
	for _, out := range losses {
		lost = append(lost, &processed{passed: out.passed, failed: s.withoutLosses(out.failed, has), dropped: s.withoutLosses(out.dropped, has)})
	}
	return rest, lost
}

// without returns l without the records that the target had. If requests are whole, it cuts
// there, because a request ended before these records and another began behind them.
func (s *resumption) without(l lane, had func(r *Record) bool) (rest lane) {
	cuts := l.cuts
	for i, r := range l.recs {
		if len(cuts) > 0 && cuts[0] == i {
			rest.cut()
			cuts = cuts[1:]
		}
		if had(&r) {
			s.had = append(s.had, r)
			if s.d.limits.Whole {
				rest.cut()
			}
			continue
		}
		r.at = int32(len(rest.recs) + 1) //nolint:gosec // a batch has far fewer than 2³¹ records
		rest.recs = append(rest.recs, r)
	}
	return rest
}

func (s *resumption) withoutLosses(losses []Loss, had func(r *Record) bool) (rest []Loss) {
	for _, l := range losses {
		if had(&l.Record) {
			s.had = append(s.had, l.Record)
		} else {
			rest = append(rest, l)
		}
	}
	return rest
}
