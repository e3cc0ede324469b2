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
	"fanout/sinks"
)

// Shared is the memory that all instances of the function share, in the ledger.
type Shared struct {
	Table    *ledger.Table
	Function string
	Log      *zap.Logger
	Request  func(context.Context) zap.Field // identifies the invocation in the log; nil: nothing does
	idle     atomic.Int64                    // no reads before this time, Unix nanoseconds
}

const (
	// patience is how long sending waits for the ledger. A new instance needs that long for
	// its first connection. Otherwise DynamoDB answers within milliseconds.
	patience = 500 * time.Millisecond

	// pause is how long reads stop after the ledger did not answer. A ledger that hangs
	// then costs at most a twentieth of the time.
	pause = 10 * time.Second

	// writing bounds the write at the end of an attempt.
	writing = 2 * time.Second

	// maxShards bounds the shards read at once. An event of a stream has one, a batch of a
	// standard queue one for each message.
	maxShards = 32

	// maxReads bounds the shards read for a batch, to what patience suffices for. Messages of
	// a queue beyond them are sent again to targets that have them.
	maxReads = 1000
)

// shard is the owner of a ledger entry. Each notification, and each message of a standard
// queue, has its own, because there is no order by which to find entries.
type shard struct{ source, lane, message string }

func (b *Batch) shard(i int) shard {
	s := shard{source: b.Source, lane: b.Records[i].Lane}
	if b.unordered() {
		s.message = b.Records[i].Seq
	}
	return s
}

// name returns the ledger's name for the shard. None of its parts contains a space.
func (m *Shared) name(s shard) string {
	return m.Function + " " + s.source + " " + s.lane + " " + s.message
}

// reading is an attempt at a batch that reads the ledger. While reads pause, it only
// writes.
type reading struct {
	shared *Shared
	batch  *Batch
	idle   bool
	ctx    context.Context //nolint:containedctx // of the reading, which it ends with
	cancel context.CancelFunc
	done   chan struct{}
	read   map[shard][]ledger.Entry // valid after done
	err    error                    // valid after done

	found map[shard][]ledger.Entry // the entries that arrived in time
}

// Begin starts to read the ledger's entries for b. Lambda does not say whether the batch of
// a stream is a retry, and no property of the batch shows it, so Begin reads for every batch.
// If nothing failed, the read costs one read unit and finds no item. Messages of a queue
// count their receipts, so only those that come again are read.
func (m *Shared) Begin(ctx context.Context, b *Batch) Attempt {
	rec := &reading{shared: m, batch: b}
	if rec.idle = time.Now().UnixNano() < m.idle.Load(); rec.idle {
		return rec
	}
	first := make(map[shard]string)
	for i := range b.Records {
		if b.first(i) || len(first) == maxReads {
			continue
		}
		if i > 0 && !b.unordered() && b.Records[i].Lane == b.Records[i-1].Lane && !b.first(i-1) {
			continue
		}
		number := event.Number(b.Records[i].Seq)
		if s := b.shard(i); number != "" && first[s] == "" {
			// The first is the lowest, because Lambda sends a shard in order. Clone,
			// because the read may outlive the event.
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

// ask reads the entries of shards, each from the given sequence number on.
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

// End stops the reading.
func (rec *reading) End() {
	if !rec.idle {
		rec.cancel()
	}
}

// Known waits for the ledger, at most patience.
func (rec *reading) Known() Known {
	if rec.idle {
		return nil
	}
	defer rec.cancel()
	select {
	case <-rec.done:
		rec.found = rec.read
		rec.shared.failed(rec.ctx, rec.err)
	case <-rec.ctx.Done():
		rec.shared.failed(rec.ctx, fmt.Errorf("the ledger %q did not answer within %v, so records that targets already have are sent again", rec.shared.Table.Name, patience))
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

// index finds records in a shard's entries.
type index struct {
	records map[string]entryRecord // by sequence number
}

// entryRecord is a place where an entry names a record.
type entryRecord struct {
	entry *ledger.Entry
	at    int // index in the entry's names
}

// newIndex indexes entries. If several name a record, it keeps the one written last. Among
// entries written at the same time it keeps that of the smallest batch, because a batch
// never grows when Lambda sends it again.
func newIndex(entries []ledger.Entry) *index {
	x := &index{records: make(map[string]entryRecord)}
	for i := range entries {
		e := &entries[i]
		for k, name := range e.Names {
			if _, _, _, part := ledger.ParsePart(name); part {
				continue
			}
			if m, ok := x.records[name]; !ok || e.Written.After(m.entry.Written) ||
				e.Written.Equal(m.entry.Written) && event.Before(e.Last, m.entry.Last) {
				x.records[name] = entryRecord{e, k}
			}
		}
	}
	return x
}

// held returns which parts of a record the target with the fingerprint has.
func (x *index) held(fingerprint, seq string) (engine.Held, time.Time) {
	m, ok := x.records[seq]
	if !ok {
		return engine.Held{}, time.Time{}
	}
	e := m.entry
	bits := e.Has[fingerprint]
	held := engine.Held{All: bits.Get(m.at)}
	for k := m.at + 1; k < len(e.Names) && !held.All; k++ { // a record's parts follow it
		of, sub, n, ok := ledger.ParsePart(e.Names[k])
		if !ok || of != seq {
			break
		}
		if bits.Get(k) && (held.Of == n || held.Subs == nil) { // other parts are of another attempt
			held.Of, held.Subs = n, append(held.Subs, sub)
		}
	}
	slices.Sort(held.Subs)
	return held, e.Written
}

func fingerprints(specs []sinks.Spec) []string {
	prints := make([]string, len(specs))
	for t := range specs {
		prints[t] = specs[t].Fingerprint()
	}
	return prints
}

// failed logs an error of the ledger, and pauses reads if the ledger did not answer.
func (m *Shared) failed(ctx context.Context, err error) {
	if err == nil {
		return
	}
	if _, ok := errors.AsType[*ledger.ItemError](err); !ok {
		m.idle.Store(time.Now().Add(pause).UnixNano())
	}
	request := zap.Skip()
	if m.Request != nil {
		request = m.Request(ctx)
	}
	m.Log.Warn("ledger", request, zap.Error(err))
}
