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
	Total  ShardProgress   // of the run, including ended shards; Lag is the longest
	Shards []ShardProgress // shards being read, ordered by id
}

// ShardProgress is how far the reading of one shard has come.
type ShardProgress struct {
	ID      string
	Records int64 // acknowledged
	Batches int64 // invocations, retries included
	Retries int64 // invocations of records that an earlier one did not acknowledge
	Gaps    int64 // times that records were past retention before they were read
	Pending int64 // read, and not acknowledged yet

	// InFlight counts the pending records that the handler now has.
	InFlight int64

	// Lag is the age of the oldest unacknowledged record. While no record is pending,
	// it is how far the last read was behind the tip. For Kinesis the service reports
	// that. For DynamoDB it is the age of the last record read, or 0 if there was
	// none.
	Lag time.Duration
}

// Progress returns how far the poller has come. It is safe for concurrent use with
// Run, and cheap enough to call every second.
func (p *Poller) Progress() Progress { return p.board.snapshot(p.clock.Now()) }

// progressBoard holds the progress that the readers report.
type progressBoard struct {
	mu     sync.Mutex
	ended  ShardProgress // sum over shards that are no longer read
	shards map[string]*ShardProgress
	oldest map[string]time.Time // by shard: arrival of the first pending record
	acked  map[string]time.Time // by shard: arrival of the last acknowledged record
	first  time.Time            // arrival of the earliest record that was read
}

func newProgressBoard() progressBoard {
	return progressBoard{shards: make(map[string]*ShardProgress), oldest: make(map[string]time.Time), acked: make(map[string]time.Time)}
}

// note updates the progress of a shard.
func (b *progressBoard) note(shard string, entry func(*ShardProgress)) {
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
func (b *progressBoard) end(shard string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if s := b.shards[shard]; s != nil {
		b.ended.add(s)
		delete(b.shards, shard)
		delete(b.oldest, shard)
		delete(b.acked, shard)
	}
}

// pend books the records of a shard that were read and not acknowledged yet.
func (b *progressBoard) pend(shard string, recs []record) {
	b.note(shard, func(s *ShardProgress) {
		s.Pending = int64(len(recs))
		delete(b.oldest, shard)
		if len(recs) > 0 {
			b.oldest[shard] = recs[0].arrived
			b.first = earlier(b.first, recs[0].arrived)
		}
	})
}

// ack books the last acknowledged record of a shard.
func (b *progressBoard) ack(shard string, rec *record) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.acked[shard] = rec.arrived
}

// earlier returns the earlier of two times. A zero time is unknown.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// Earliest returns when the earliest record arrived that a run has read, or zero.
func (p *Poller) Earliest() time.Time {
	p.board.mu.Lock()
	defer p.board.mu.Unlock()
	return p.board.first
}

// Rest returns where to continue a run that ended early and began at start: no record that
// arrived before was left. Some that arrived later may have been acknowledged.
func (p *Poller) Rest(start time.Time) (at time.Time) {
	b := &p.board
	b.mu.Lock()
	defer b.mu.Unlock()
	for id := range b.shards {
		last := b.acked[id]
		if first := b.oldest[id]; !first.IsZero() {
			last = first
		}
		if last.IsZero() {
			last = start // nothing of it was read
		}
		at = earlier(at, last)
	}
	if at.Before(start) {
		return start
	}
	return at
}

// snapshot returns the progress at a time of the service's clock.
func (b *progressBoard) snapshot(now time.Time) Progress {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := Progress{Total: b.ended}
	for s := range maps.Values(b.shards) {
		at := *s
		at.Lag = max(at.Lag, age(b.oldest[at.ID], now))
		p.Shards = append(p.Shards, at)
		p.Total.add(&at)
		p.Total.Lag = max(p.Total.Lag, at.Lag)
	}
	slices.SortFunc(p.Shards, func(a, b ShardProgress) int { return cmp.Compare(a.ID, b.ID) })
	return p
}

// age returns the age of a record, or 0 if its arrival is unknown.
func age(arrived, now time.Time) time.Duration {
	if arrived.IsZero() {
		return 0
	}
	return max(now.Sub(arrived), 0)
}

func (s *ShardProgress) add(o *ShardProgress) {
	s.Records += o.Records
	s.Batches += o.Batches
	s.Retries += o.Retries
	s.Gaps += o.Gaps
	s.Pending += o.Pending
	s.InFlight += o.InFlight
}
