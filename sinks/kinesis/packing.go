package kinesis

import (
	"context"
	"slices"
	"sync"

	"fanout/engine"
)

// Aggregator writes to a Kinesis data stream like Sink, and aggregates records as the Kinesis
// Producer Library does. All records of an aggregate belong to one shard, because the Kinesis
// Client Library ignores records that do not belong to the shard it reads. Records with the
// same partition key are in one aggregate of a request, in order. While the shards are
// unknown, an aggregate has records of one partition key only.
type Aggregator struct {
	*Sink
	ordered bool
	router  router
}

// NewAggregator returns an Aggregator for a stream, given by name or ARN. See New. If
// ordered is set, a request has the records of a key in one aggregate only.
func NewAggregator(sink *Sink, ordered bool) *Aggregator {
	a := &Aggregator{Sink: sink, ordered: ordered}
	a.router.list = sink.listShards
	return a
}

// String returns "kinesis", the stream's name, and that records are aggregated.
func (a *Aggregator) String() string { return a.name + " in aggregates" }

// Limits returns the limits in bytes. Pack keeps the limit of entries, because only it knows
// their number.
func (a *Aggregator) Limits() engine.Limits {
	return engine.Limits{Bytes: maxBytes, RecordBytes: a.limits.RecordBytes, Copies: true}
}

// Send makes one PutRecords call. It fails the records that a request has no room for.
func (a *Aggregator) Send(ctx context.Context, batch []engine.Record) engine.Outcome {
	p, _ := a.Pack(ctx).(*packing)
	n := 0
	for n < len(batch) && p.Add(&batch[n]) {
		n++
	}
	o := p.Send(ctx)
	for ; n < len(batch); n++ {
		o.Fail(n, engine.Errorf(engine.Retryable, "%s: the request has no room for the record", a.name))
	}
	return o
}

// Pack returns an empty request.
func (a *Aggregator) Pack(ctx context.Context) engine.Packing {
	p, _ := packings.Get().(*packing)
	p.Aggregator = a
	p.shards, p.single = a.router.route(ctx)
	if p.shards != nil {
		p.open = slices.Grow(p.open, len(p.shards.shards))[:len(p.shards.shards)]
		for i := range p.open {
			p.open[i] = none
		}
	}
	return p
}

// packings are packings for reuse.
var packings = sync.Pool{New: func() any { return &packing{keys: make(map[string]spot)} }}

// none is the index of no entry, shard or hash key.
const none = -1

// packing is one PutRecords request under construction.
type packing struct {
	*Aggregator
	shards *shardMap // nil: unknown
	single bool      // no entry has several records

	entries []entry
	open    []int           // by shard: the entry that takes more records, or none
	keys    map[string]spot // by key of a record: where the last one is
	lastKey string          // of the last record added
	last    spot            // of the last record added
	records []packed
	bytes   int // of the entries, with their partition keys
}

// packed is a record in its entry.
type packed struct {
	*engine.Record
	entry   int
	key     int // index in the entry's table of partition keys
	hashKey int // index in the entry's table of explicit hash keys, or none
}

// spot is where the last record of a key is.
type spot struct {
	entry int
	key   int  // index in the entry's table of partition keys
	hash  bool // the hash key of its entry's shard is that of the partition key
}

// Sizes returns the sizes of the entries, as Kinesis counts them. Call it before Send.
func (p *packing) Sizes() []int {
	sizes := make([]int, len(p.entries))
	for i := range p.entries {
		sizes[i] = p.entries[i].bytes
	}
	return sizes
}

// free returns p to the pool.
func (p *packing) free() {
	clear(p.records) // otherwise they keep events in memory
	clear(p.keys)
	for i := range p.entries {
		e := &p.entries[i]
		*e = entry{keys: e.keys[:0], hashKeys: e.hashKeys[:0]}
	}
	*p = packing{entries: p.entries[:0], open: p.open[:0], keys: p.keys, records: p.records[:0]}
	packings.Put(p)
}

// Add implements engine.Packing.
func (p *packing) Add(r *engine.Record) bool {
	at, seen := p.last, p.lastKey == r.Key && len(p.records) > 0
	if !seen {
		at, seen = p.keys[r.Key]
	}
	i, shard := p.entryFor(r, at, seen)
	switch {
	case i != none && p.join(i, r, at, seen):
		return true
	case p.ordered && seen:
		return false
	}
	return p.begin(r, shard)
}

// entryFor returns the entry that r may join, or none, and the shard that r belongs to, or
// none if it is unknown.
func (p *packing) entryFor(r *engine.Record, at spot, seen bool) (i, shard int) {
	plain := seen && at.hash && r.HashKey == "" && r.Key != "" // r has the hash key of the last record
	switch {
	case p.single:
		return none, none
	case p.shards == nil:
		if plain && p.entries[at.entry].open {
			return at.entry, none
		}
		return none, none
	case plain:
		shard = p.entries[at.entry].shard
	default:
		h, ok := routeOf(r)
		if !ok {
			return none, none
		}
		shard = p.shards.find(h)
	}
	if !p.ordered || !seen {
		return p.open[shard], shard
	}
	if e := &p.entries[at.entry]; e.open && e.shard == shard {
		return at.entry, shard
	}
	return none, shard
}

// routeOf returns the hash key that says which shard takes r.
func routeOf(r *engine.Record) (h hashKey, ok bool) {
	if r.HashKey != "" {
		return parseHashKey(r.HashKey)
	}
	return hashKeyOf(partitionKey(r)), true
}

// join adds r to entry i, unless it is too large for it. If the last record of r's key is in
// that entry, and the keys are in order, join may split the entry to make room.
func (p *packing) join(i int, r *engine.Record, at spot, seen bool) bool {
	e := &p.entries[i]
	if isAggregate(r.Data) {
		return false
	}
	here := seen && at.entry == i
	key := none
	if here && r.Key != "" {
		key = at.key
	}
	more := e.measure(r, key)
	switch {
	case p.bytes+more.bytes > maxBytes:
		return false
	case e.bytes+more.bytes > p.limits.RecordBytes:
		if !p.ordered || !here || !p.split(i, at.key, more.bytes) {
			return false
		}
		at = p.keys[r.Key]
		return p.join(at.entry, r, at, true)
	}
	e.take(r, more)
	p.bytes += more.bytes
	p.added(packed{r, i, more.key, more.hashKey}, at, seen)
	return true
}

// begin adds r as the first record of a new entry, unless the request is full.
func (p *packing) begin(r *engine.Record, shard int) bool {
	i := len(p.entries)
	p.entries = slices.Grow(p.entries, 1)[:i+1]
	e := &p.entries[i]
	e.reset(r, shard, len(p.records))
	e.open = !p.single && (shard != none || p.shards == nil && r.HashKey == "" && r.Key != "")
	first := e.measure(r, none)
	e.take(r, first)
	if e.bytes > p.limits.RecordBytes || isAggregate(r.Data) {
		e.bytes, e.open = len(e.partition)+r.Data.Len(), false
	}
	if i > 0 && (i == maxRecords || p.bytes+e.bytes > maxBytes) {
		p.entries = p.entries[:i]
		return false
	}
	if shard != none && e.open {
		p.open[shard] = i
	}
	p.bytes += e.bytes
	p.added(packed{r, i, first.key, first.hashKey}, spot{}, false)
	return true
}

// added notes where r is, which is new unless the last record of its key was at old.
func (p *packing) added(r packed, old spot, seen bool) {
	p.records = append(p.records, r)
	here := spotOf(&r)
	if !seen || here != old {
		p.keys[r.Key] = here
	}
	p.lastKey, p.last = r.Key, here
}

func spotOf(r *packed) spot { return spot{r.entry, r.key, r.HashKey == ""} }
