package lambda

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/sourcegraph/conc/panics"
	"github.com/sourcegraph/conc/pool"
	"go.uber.org/zap"

	"fanout/lambda/event"
	"fanout/lambda/ledger"
	"fanout/lambda/target"
)

// sharedMemory is what all instances of the function remember together, in the
// ledger. The nil sharedMemory remembers nothing.
type sharedMemory struct {
	table    *ledger.Table
	function string
	log      *zap.Logger
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

func shardOf(r *Result, i int) shard {
	s := shard{source: r.SourceARN, lane: r.records[i].Lane}
	if r.Kind == event.SNS {
		s.message = r.records[i].Seq
	}
	return s
}

// name is how the ledger knows the shard. No part of it has a space.
func (m *sharedMemory) name(s shard) string {
	return m.function + " " + s.source + " " + s.lane + " " + s.message
}

// recollection is what the ledger has of the records of a batch, once it has been
// read. The nil recollection is empty.
type recollection struct {
	memory *sharedMemory
	ctx    context.Context //nolint:containedctx // of the reading, which it ends with
	cancel context.CancelFunc
	done   chan struct{}
	read   map[shard][]ledger.Entry // by done
	err    error                    // by done

	found map[shard][]ledger.Entry // what was read in time
}

// begin starts to read what the ledger has of the records of r. Lambda does not say
// whether it sends a batch again, and no property of a batch tells, so every one is
// asked for; where nothing failed, that costs a read unit and finds no item.
func (m *sharedMemory) begin(ctx context.Context, r *Result) *recollection {
	if m == nil || time.Now().UnixNano() < m.idle.Load() {
		return nil
	}
	first := make(map[shard]string)
	for i := range r.records {
		if i > 0 && r.Kind != event.SNS && r.records[i].Lane == r.records[i-1].Lane {
			continue
		}
		number := event.Number(r.records[i].Seq)
		if s := shardOf(r, i); number != "" && first[s] == "" {
			// The lowest: Lambda sends a shard in order. The reading may outlast the event.
			s.lane, s.message = strings.Clone(s.lane), strings.Clone(s.message)
			first[s] = strings.Clone(number)
		}
	}
	rec := &recollection{memory: m, done: make(chan struct{}), read: make(map[shard][]ledger.Entry)}
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
func (rec *recollection) ask(first map[shard]string) {
	type answer struct {
		shard   shard
		entries []ledger.Entry
	}
	p := pool.NewWithResults[answer]().WithErrors().WithMaxGoroutines(maxShards).WithCollectErrored()
	for s, from := range first {
		p.Go(func() (answer, error) {
			entries, err := rec.memory.table.Read(rec.ctx, rec.memory.name(s), from)
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

// end ends the reading.
func (rec *recollection) end() {
	if rec != nil {
		rec.cancel()
	}
}

// recall waits for the ledger as long as its patience lasts, and returns which of
// the records of r the targets have already; nil if none is known.
func (rec *recollection) recall(r *Result) func(t, i int) bool {
	if rec == nil {
		return nil
	}
	defer rec.cancel()
	select {
	case <-rec.done:
		rec.found = rec.read
		rec.memory.failed(rec.err)
	case <-rec.ctx.Done():
		rec.memory.failed(fmt.Errorf("the ledger %q did not answer within %v; what it has is sent again", rec.memory.table.Name, patience))
	}
	if len(rec.found) == 0 {
		return nil
	}
	prints := fingerprints(r.Targets)
	indexes := make(map[shard][]index, len(rec.found))
	for s, entries := range rec.found {
		for i := range entries {
			indexes[s] = append(indexes[s], newIndex(&entries[i], prints))
		}
	}
	has := make([]ledger.Bits, len(r.Targets))
	for t := range has {
		has[t] = ledger.NewBits(len(r.records))
	}
	for i := range r.records {
		for _, x := range indexes[shardOf(r, i)] {
			x.mark(has, i, r.records[i].Seq)
		}
	}
	return func(t, i int) bool { return has[t].Get(i) }
}

// index finds the bits of an entry.
type index struct {
	at   map[string]int // by sequence number
	bits []ledger.Bits  // by target
}

func newIndex(e *ledger.Entry, prints []string) index {
	x := index{make(map[string]int, len(e.Seqs)), make([]ledger.Bits, len(prints))}
	for i, seq := range e.Seqs {
		x.at[seq] = i
	}
	for t, print := range prints {
		x.bits[t] = e.Has[print]
	}
	return x
}

// mark adds record i to what the targets have, if the entry says so.
func (x *index) mark(has []ledger.Bits, i int, seq string) {
	k, ok := x.at[seq]
	if !ok {
		return
	}
	for t := range has {
		if x.bits[t].Get(k) {
			has[t].Set(i)
		}
	}
}

func fingerprints(specs []target.Spec) []string {
	prints := make([]string, len(specs))
	for t := range specs {
		prints[t] = specs[t].Fingerprint()
	}
	return prints
}

// failed says what is wrong with the ledger, and lets it rest.
func (m *sharedMemory) failed(err error) {
	if err != nil {
		m.idle.Store(time.Now().Add(pause).UnixNano())
		m.log.Warn("ledger", zap.Error(err))
	}
}

// either joins what two memories have.
func either(a, b func(t, i int) bool) func(t, i int) bool {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	return func(t, i int) bool { return a(t, i) || b(t, i) }
}
