package engine_test

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"fanout/engine"
	"fanout/engine/enginetest"
)

// splitting is a stage whose treatment of a record depends on the size of its data.
var splitting = each("splitting", func(r engine.Record, out *engine.Out) {
	switch r.Data.Len() {
	case 2:
		out.Filter(r)
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

// parts returns the parts that the stages make of a record, including parts that they fail, drop or filter.
func (t *modelTarget) parts(r *engine.Record) (all []engine.Record) {
	if n := r.Data.Len(); !t.splits || n != 6 && n != 7 {
		return []engine.Record{*r}
	}
	for i, key := range strings.Fields(r.HashKey) {
		part := *r
		part.Key, part.Sub = key, i
		all = append(all, part)
	}
	return all
}

// staged returns the fate that the stages give a part. Delivered means that they let it through.
func (t *modelTarget) staged(part *engine.Record) engine.Fate {
	switch n := part.Data.Len(); {
	case part.Data.Err() != nil, t.splits && (n == 4 || n == 5 || n == 7 && part.Sub == 1):
		return engine.FateFailed
	case t.splits && n == 2:
		return engine.FateFiltered
	case t.splits && n == 3:
		return engine.FateDropped
	}
	return engine.FateDelivered
}

// withheld reports whether the stages drop or filter a part.
func (t *modelTarget) withheld(part *engine.Record) bool {
	fate := t.staged(part)
	return fate == engine.FateDropped || fate == engine.FateFiltered
}

// merging is a stage that merges records two by two. The whole lane is one key, so that it keeps
// its order.
var merging = stage("merging", func(_ context.Context, in []engine.Record, out *engine.Out) {
	for pair := range slices.Chunk(in, 2) {
		size := 0
		for i := range pair {
			size += pair[i].Data.Len()
		}
		merged := engine.Merge(pair, engine.Bytes(make([]byte, size)))
		merged.Key = merged.Lane
		out.Emit(merged)
	}
})

// unmerged returns the parts that r carries.
func unmerged(r *engine.Record) (all []engine.Record) {
	if r.Parts() == nil {
		return []engine.Record{*r}
	}
	for i := range r.Parts() {
		all = append(all, unmerged(&r.Parts()[i])...)
	}
	return all
}

// partName names a part by its sequence number and its place in the source record.
func partName(part *engine.Record) string { return fmt.Sprintf("%s.%d", part.Seq, part.Sub) }

// partNames names the parts that r carries.
func partNames(r *engine.Record) (all []string) {
	for _, part := range unmerged(r) {
		all = append(all, partName(&part))
	}
	return all
}

// partKey is the key of a part within its lane.
func partKey(part *engine.Record) string { return part.Lane + " " + part.Key }
