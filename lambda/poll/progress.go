package poll

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"time"
)

// Progress is how far a [Poller] has come.
type Progress struct {
	Total  ShardProgress   // of the run, shards that have ended included; Lag is the longest
	Shards []ShardProgress // those being read, by id
}

// ShardProgress is how far the reading of one shard has come.
type ShardProgress struct {
	ID      string
	Records int64 // acknowledged
	Batches int64 // invocations, retries included
	Retries int64 // invocations of records that an earlier one did not acknowledge
	Gaps    int64 // times that records were past retention before they were read

	// Lag is how far reading is behind the tip: for Kinesis, as the service says;
	// for DynamoDB, the age of the last record read, or 0 if there was none.
	Lag time.Duration
}

// Progress returns how far the poller has come. It is safe for concurrent use with
// Run, and cheap enough to be called every second.
func (p *Poller) Progress() Progress { return p.board.snapshot() }

// board is what the readers write their progress on.
type board struct {
	mu     sync.Mutex
	ended  ShardProgress // sum of the shards that are no longer read
	shards map[string]*ShardProgress
}

// note books progress of a shard.
func (b *board) note(shard string, entry func(*ShardProgress)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.shards[shard]
	if s == nil {
		s = &ShardProgress{ID: shard}
		b.shards[shard] = s
	}
	entry(s)
}

// end moves a shard into the sum.
func (b *board) end(shard string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if s := b.shards[shard]; s != nil {
		b.ended.add(s)
		delete(b.shards, shard)
	}
}

func (b *board) snapshot() Progress {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := Progress{Total: b.ended}
	for s := range maps.Values(b.shards) {
		p.Shards = append(p.Shards, *s)
		p.Total.add(s)
		p.Total.Lag = max(p.Total.Lag, s.Lag)
	}
	slices.SortFunc(p.Shards, func(a, b ShardProgress) int { return cmp.Compare(a.ID, b.ID) })
	return p
}

func (s *ShardProgress) add(o *ShardProgress) {
	s.Records += o.Records
	s.Batches += o.Batches
	s.Retries += o.Retries
	s.Gaps += o.Gaps
}
