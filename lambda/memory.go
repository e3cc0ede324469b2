package lambda

import (
	"slices"
	"strings"
	"sync"

	"fanout/engine"
	"fanout/lambda/target"
)

// memory remembers which targets have which records of batches that failed
// elsewhere, so that when Lambda sends such a batch again only those get it that
// need it. It lives as long as the function's process, and forgets the oldest
// shard when it holds more than maxRemembered records: then records are sent twice,
// and none is lost.
type memory struct {
	mu     sync.Mutex
	shards map[shardKey]*shardMemory
	oldest []shardKey // in order of their first record
	held   int        // records
}

const (
	// maxRemembered bounds the records remembered: about 10 MB.
	maxRemembered = 100_000

	// maxTargets bounds the targets of a shard that are remembered: a bit each.
	maxTargets = 64
)

type shardKey struct{ source, lane string }

type shardMemory struct {
	targets []target.Spec     // a changed target is another one
	has     map[string]uint64 // by sequence number: a bit for each of targets
}

func newMemory() *memory { return &memory{shards: make(map[shardKey]*shardMemory)} }

// recall returns which of recs, records of source, the targets have already; nil if
// they have none.
func (m *memory) recall(source string, targets []target.Spec, recs []engine.Record) func(t, i int) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.shards) == 0 {
		return nil
	}
	has, any := make([]uint64, len(recs)), uint64(0)
	bits := make(map[*shardMemory][]uint64)
	for i := range recs {
		s := m.shards[shardKey{source, recs[i].Lane}]
		if s == nil || s.has[recs[i].Seq] == 0 {
			continue
		}
		if bits[s] == nil {
			bits[s] = s.bits(targets)
		}
		for t, bit := range bits[s][:min(len(targets), maxTargets)] {
			if s.has[recs[i].Seq]&bit != 0 {
				has[i] |= 1 << t
			}
		}
		any |= has[i]
	}
	if any == 0 {
		return nil
	}
	return func(t, i int) bool { return t < maxTargets && has[i]&(1<<t) != 0 }
}

// bits returns the bit that stands for each of targets; 0 for one that has none.
func (s *shardMemory) bits(targets []target.Spec) []uint64 {
	bits := make([]uint64, len(targets))
	for t := range targets {
		k := slices.Index(s.targets, targets[t])
		if k < 0 && len(s.targets) < maxTargets {
			k = len(s.targets)
			s.targets = append(s.targets, targets[t])
		}
		if k >= 0 {
			bits[t] = 1 << k
		}
	}
	return bits
}

// learn remembers what became of the records of r if any failed, for then Lambda
// sends them again. If none did, it forgets them.
func (m *memory) learn(r *Result) {
	failed := !r.Report.OK()
	m.mu.Lock()
	defer m.mu.Unlock()
	if !failed && len(m.shards) == 0 {
		return
	}
	bits := make(map[*shardMemory][]uint64)
	for i := range r.records {
		key, seq := shardKey{r.SourceARN, r.records[i].Lane}, r.records[i].Seq
		if !failed {
			m.forget(key, seq)
			continue
		}
		if seq == "" {
			continue
		}
		s := m.shard(key)
		if bits[s] == nil {
			bits[s] = s.bits(r.Targets)
		}
		m.remember(s, seq, r.had(i, bits[s]))
	}
	for m.held > maxRemembered {
		m.drop(m.oldest[0])
	}
}

// had returns the bits of the targets that have record i.
func (r *Result) had(i int, bits []uint64) (had uint64) {
	for t := range r.Report.Targets {
		if r.Report.Targets[t].Fate(i) != engine.FateFailed {
			had |= bits[t]
		}
	}
	return had
}

// shard returns what is remembered of a shard.
func (m *memory) shard(key shardKey) *shardMemory {
	s := m.shards[key]
	if s == nil {
		// What names the shard is part of an event, which must not be kept whole.
		key = shardKey{strings.Clone(key.source), strings.Clone(key.lane)}
		s = &shardMemory{has: make(map[string]uint64)}
		m.shards[key] = s
		m.oldest = append(m.oldest, key)
	}
	return s
}

func (m *memory) remember(s *shardMemory, seq string, had uint64) {
	if _, known := s.has[seq]; !known {
		m.held++
		seq = strings.Clone(seq)
	}
	s.has[seq] = had
}

func (m *memory) forget(key shardKey, seq string) {
	s := m.shards[key]
	if s == nil {
		return
	}
	if _, known := s.has[seq]; known {
		delete(s.has, seq)
		m.held--
	}
	if len(s.has) == 0 {
		m.drop(key)
	}
}

// drop forgets a shard.
func (m *memory) drop(key shardKey) {
	m.held -= len(m.shards[key].has)
	delete(m.shards, key)
	m.oldest = slices.DeleteFunc(m.oldest, func(k shardKey) bool { return k == key })
}
