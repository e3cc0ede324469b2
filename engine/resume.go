package engine

import "context"

// resume runs each target that already has some of the records on its own. Stages
// may merge records, so their results over the remaining records belong to that
// target alone.
func (r *run) resume(ctx context.Context, lanes []lane, unreadable []*processed, held func(target, record int) Held) {
	for t, d := range r.deliveries {
		s := &resumption{d: d, held: func(r *Record) Held { return held(t, int(r.src)-1) }}
		if !s.any(lanes, unreadable) {
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

// any reports whether the target has any of the records.
func (s *resumption) any(lanes []lane, unreadable []*processed) bool {
	some := func(r *Record) bool {
		h := s.held(r)
		return h.All || len(h.Subs) > 0
	}
	for _, l := range lanes {
		for i := range l.recs {
			if some(&l.recs[i]) {
				return true
			}
		}
	}
	for _, out := range unreadable {
		for i := range out.failed {
			if some(&out.failed[i].Record) {
				return true
			}
		}
	}
	return false
}

// run takes lanes through the target's stages, and delivers the parts that the
// target lacks. It filters after the stages that split records and before the first
// one that merges them.
func (s *resumption) run(ctx context.Context, lanes []lane, losses []*processed) {
	if s.d.target.Fault != nil {
		s.lacking(lanes, losses)
		s.d.tally.skip(s.had)
		return
	}
	lanes = s.lackingWhole(lanes)
	sifted := false
	for depth, stage := range s.d.target.Stages {
		emitted, lost := runStage(ctx, stage, depth, lanes, losses)
		if !sifted && merged(emitted) {
			lanes, losses = s.lacking(lanes, losses)
			emitted, lost = runStage(ctx, stage, depth, lanes, losses)
			sifted = true
		}
		lanes, losses = emitted, lost
	}
	if !sifted {
		lanes, losses = s.lacking(lanes, losses)
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

// lackingWhole returns lanes without the records that the target has in full. They
// need not go through the stages. For an ordered target only the first records of
// each lane are left out: a later one may have to be sent again.
func (s *resumption) lackingWhole(lanes []lane) []lane {
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

// lacking returns the parts that the target lacks, in lanes and losses.
func (s *resumption) lacking(lanes []lane, losses []*processed) (rest []lane, lost []*processed) {
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

// without returns l without the records that the target had.
func (s *resumption) without(l lane, had func(r *Record) bool) (rest lane) {
	cuts := l.cuts
	for i, r := range l.recs {
		if len(cuts) > 0 && cuts[0] == i {
			rest.cut()
			cuts = cuts[1:]
		}
		if had(&r) {
			s.had = append(s.had, r)
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
