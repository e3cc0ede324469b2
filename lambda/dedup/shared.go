package dedup

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/sourcegraph/conc/panics"
	"github.com/sourcegraph/conc/pool"
	"go.uber.org/zap"

	"fanout/engine"
	"fanout/lambda/dedup/ledger"
	"fanout/lambda/event"
	"fanout/lambda/target"
)

// Shared is what all instances of the function remember together, in the ledger.
type Shared struct {
	Table    *ledger.Table
	Function string
	Log      *zap.Logger
	idle     atomic.Int64 // until when nothing is read, Unix nanoseconds
}

const (
	// patience is how long sending waits for the ledger: as long as a new instance
	// needs for its first connection. DynamoDB answers within milliseconds else.
	patience = 500 * time.Millisecond

	// pause is how long the ledger is not asked after it did not answer, so that one
	// that hangs costs a twentieth of the time at most.
	pause = 10 * time.Second

	// writing bounds what is written at the end.
	writing = 2 * time.Second

	// maxShards bounds the shards that are asked for at once. An event of a stream
	// has one.
	maxShards = 8
)

// shard is what an entry of the ledger belongs to. A notification has one to itself,
// because its topic has no order by which entries could be found.
type shard struct{ source, lane, message string }

func (b *Batch) shard(i int) shard {
	s := shard{source: b.Source, lane: b.Records[i].Lane}
	if b.Kind == event.SNS {
		s.message = b.Records[i].Seq
	}
	return s
}

// name is how the ledger knows the shard. No part of it has a space.
func (m *Shared) name(s shard) string {
	return m.Function + " " + s.source + " " + s.lane + " " + s.message
}

// reading is an attempt at a batch, of which the ledger is read. Of one that is idle it is
// not read, but written.
type reading struct {
	shared *Shared
	batch  *Batch
	idle   bool
	ctx    context.Context //nolint:containedctx // of the reading, which it ends with
	cancel context.CancelFunc
	done   chan struct{}
	read   map[shard][]ledger.Entry // by done
	err    error                    // by done

	found map[shard][]ledger.Entry // what was read in time
}

// Begin starts to read what the ledger has of the records of b. Lambda does not say
// whether it sends a batch again, and no property of a batch tells, so every one is
// asked for; where nothing failed, that costs a read unit and finds no item.
func (m *Shared) Begin(ctx context.Context, b *Batch) Attempt {
	rec := &reading{shared: m, batch: b}
	if rec.idle = time.Now().UnixNano() < m.idle.Load(); rec.idle {
		return rec
	}
	first := make(map[shard]string)
	for i := range b.Records {
		if i > 0 && b.Kind != event.SNS && b.Records[i].Lane == b.Records[i-1].Lane {
			continue
		}
		number := event.Number(b.Records[i].Seq)
		if s := b.shard(i); number != "" && first[s] == "" {
			// The lowest: Lambda sends a shard in order. The reading may outlast the event.
			s.lane, s.message = strings.Clone(s.lane), strings.Clone(s.message)
			first[s] = strings.Clone(number)
		}
	}
	rec.done, rec.read = make(chan struct{}), make(map[shard][]ledger.Entry)
	rec.ctx, rec.cancel = context.WithTimeout(ctx, patience)
	go func() {
		defer close(rec.done)
		if p := panics.Try(func() { rec.ask(first) }); p != nil {
			rec.err = p.AsError()
		}
	}()
	return rec
}

// ask reads the entries of shards from a sequence number on.
func (rec *reading) ask(first map[shard]string) {
	type answer struct {
		shard   shard
		entries []ledger.Entry
	}
	p := pool.NewWithResults[answer]().WithErrors().WithMaxGoroutines(maxShards).WithCollectErrored()
	for s, from := range first {
		p.Go(func() (answer, error) {
			entries, err := rec.shared.Table.Read(rec.ctx, rec.shared.name(s), from)
			return answer{s, entries}, err
		})
	}
	answers, err := p.Wait()
	rec.err = err
	for _, a := range answers {
		if len(a.entries) > 0 {
			rec.read[a.shard] = a.entries
		}
	}
}

// End ends the reading.
func (rec *reading) End() {
	if !rec.idle {
		rec.cancel()
	}
}

// Known waits for the ledger as long as its patience lasts.
func (rec *reading) Known() Known {
	if rec.idle {
		return nil
	}
	defer rec.cancel()
	select {
	case <-rec.done:
		rec.found = rec.read
		rec.shared.failed(rec.err)
	case <-rec.ctx.Done():
		rec.shared.failed(fmt.Errorf("the ledger %q did not answer within %v; what it has is sent again", rec.shared.Table.Name, patience))
	}
	if len(rec.found) == 0 {
		return nil
	}
	indexes := make(map[shard]*index, len(rec.found))
	for s, entries := range rec.found {
		indexes[s] = newIndex(entries)
	}
	b := rec.batch
	prints := fingerprints(b.Targets)
	return func(t, i int) (engine.Held, time.Time) {
		x := indexes[b.shard(i)]
		if x == nil {
			return engine.Held{}, time.Time{}
		}
		return x.held(prints[t], b.Records[i].Seq)
	}
}

// index finds records in the entries of a shard.
type index struct {
	records map[string]mention // by sequence number
}

// mention is where an entry names a record.
type mention struct {
	entry *ledger.Entry
	at    int // in its names
}

// newIndex makes an index of entries. Of several that name a record, it has the one that
// was written last; of those written at the same time that of the smallest batch, since a
// batch that is sent again is never larger.
func newIndex(entries []ledger.Entry) *index {
	x := &index{records: make(map[string]mention)}
	for i := range entries {
		e := &entries[i]
		for k, name := range e.Names {
			if _, _, _, part := ledger.ParsePart(name); part {
				continue
			}
			if m, ok := x.records[name]; !ok || e.Written.After(m.entry.Written) ||
				e.Written.Equal(m.entry.Written) && event.Before(e.Last, m.entry.Last) {
				x.records[name] = mention{e, k}
			}
		}
	}
	return x
}

// held returns how much the target with a fingerprint has of a record.
func (x *index) held(fingerprint, seq string) (engine.Held, time.Time) {
	m, ok := x.records[seq]
	if !ok {
		return engine.Held{}, time.Time{}
	}
	e := m.entry
	bits := e.Has[fingerprint]
	held := engine.Held{All: bits.Get(m.at)}
	for k := m.at + 1; k < len(e.Names) && !held.All; k++ { // its parts stand behind it
		of, sub, n, ok := ledger.ParsePart(e.Names[k])
		if !ok || of != seq {
			break
		}
		if bits.Get(k) {
			held.Of, held.Subs = n, append(held.Subs, sub)
		}
	}
	slices.Sort(held.Subs)
	return held, e.Written
}

func fingerprints(specs []target.Spec) []string {
	prints := make([]string, len(specs))
	for t := range specs {
		prints[t] = specs[t].Fingerprint()
	}
	return prints
}

// failed says what is wrong with the ledger, and lets it rest if it did not answer.
func (m *Shared) failed(err error) {
	if err == nil {
		return
	}
	if _, ok := errors.AsType[*ledger.ItemError](err); !ok {
		m.idle.Store(time.Now().Add(pause).UnixNano())
	}
	m.Log.Warn("ledger", zap.Error(err))
}
