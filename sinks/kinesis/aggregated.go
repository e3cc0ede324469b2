package kinesis

import (
	"context"

	"fanout/engine"
	"fanout/sinks/internal/request"
)

// putAggregates is the form of PutRecords with the shards of the answer.
var putAggregates = request.Form{
	Operation: putRecords.Operation, Header: putRecords.Header, Results: putRecords.Results, ID: putRecords.ID, Whole: true,
}

// Send implements engine.Packing.
func (p *packing) Send(ctx context.Context) engine.Outcome {
	defer p.free()
	p.write()
	call := request.NewCall(p.name, &putAggregates, len(p.entries), len(p.entries)*request.Framing)
	p.appendEntries(call.Body)
	if err := call.Put(ctx, p.client, nil); err != nil {
		return engine.Failed(err)
	}
	o := call.Outcome()
	return p.outcome(ctx, &o, call.Shard)
}

// write writes the aggregates.
func (p *packing) write() {
	for i := range p.entries {
		if e := &p.entries[i]; e.count > 1 {
			e.begin()
		}
	}
	for i := range p.records {
		if e := &p.entries[p.records[i].entry]; e.count > 1 {
			e.add(&p.records[i])
		}
	}
	for i := range p.entries {
		if e := &p.entries[i]; e.count > 1 {
			e.end()
		}
	}
}

// appendEntries appends the text of the request.
func (p *packing) appendEntries(b *request.Body) {
	b.Text(`{"Records":[`)
	for i := range p.entries {
		e := &p.entries[i]
		first := p.records[e.first].Record
		b.Comma(i)
		b.Text(`{"Data":"`)
		if e.count > 1 {
			b.Base64(engine.Bytes(e.data))
		} else {
			b.Base64(first.Data)
		}
		b.Text(`"`)
		if h := p.explicit(e, first); h != "" {
			b.Text(`,"ExplicitHashKey":`)
			b.Quote(h)
		}
		b.Text(`,"PartitionKey":`)
		b.Quote(e.partition)
		b.Text(`}`)
	}
	b.Text(`],`)
	b.Text(p.stream)
	b.Text(`}`)
}

// explicit returns the explicit hash key of an entry, or "". That of an aggregate is the
// hash key of its first record, so that this record is on its shard wherever the aggregate
// goes.
func (p *packing) explicit(e *entry, first *engine.Record) string {
	if e.count == 1 || p.shards == nil {
		return first.HashKey
	}
	h, _ := routeOf(first)
	return h.String()
}

// outcome returns the outcome of the records. If an aggregate went to another shard than
// p.shards has, the stream was resharded. Readers then ignore the records in it that do not
// belong to that shard, so these records fail.
func (p *packing) outcome(ctx context.Context, entries *engine.Outcome, shard func(i int) string) (o engine.Outcome) {
	errs, strays := make([]error, len(p.entries)), make([]*stray, len(p.entries))
	all := true
	for i := range p.entries {
		errs[i] = entries.Err(i)
		e, id := &p.entries[i], shard(i)
		if errs[i] == nil && e.count > 1 && p.shards != nil && id != p.shards.shards[e.shard].id {
			strays[i] = p.newStray(ctx, id)
		}
		all = all && errs[i] == nil && strays[i] == nil
	}
	if all {
		return o
	}
	moved := engine.Errorf(engine.Retryable, "%s: the shards of the stream changed, so the record must be sent again to reach its shard", p.name)
	for i := range p.records {
		r := &p.records[i]
		if err := errs[r.entry]; err != nil {
			o.Fail(i, err)
		} else if s := strays[r.entry]; s != nil && !s.keeps(r) {
			o.Fail(i, moved)
		}
	}
	return o
}

// stray is an aggregate that went to another shard than expected.
type stray struct {
	shards *shardMap // with that shard, or nil: unknown
	shard  int
	first  hashKey         // of the first record, if seen
	seen   bool            // a record was looked at
	failed map[string]bool // keys with a record that the shard does not keep
}

func (p *packing) newStray(ctx context.Context, id string) *stray {
	s := &stray{shards: p.router.renew(ctx, p.shards, id), failed: make(map[string]bool)}
	if s.shard = s.shards.index(id); s.shard < 0 {
		s.shards = nil
	}
	return s
}

// keeps reports whether readers of the shard keep the record. It is called for every record
// of the aggregate, in order, and keeps no record behind one of the same key that it
// did not keep.
func (s *stray) keeps(r *packed) bool {
	h, _ := routeOf(r.Record)
	if !s.seen {
		s.first, s.seen = h, true
	}
	kept := h == s.first
	if s.shards != nil {
		kept = s.shards.find(h) == s.shard
	}
	if !kept {
		s.failed[r.Key] = true
	}
	return kept && !s.failed[r.Key]
}
