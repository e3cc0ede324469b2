package lambda

import (
	"slices"
	"strings"
	"sync"

	"fanout/engine"
	"fanout/lambda/target"
)

// memory remembers which targets have which records of events that Lambda sends
// again, so that only those get them that need them. It lives as long as the
// function's process, and forgets the oldest events when it holds more than
// maxRemembered records: then records are sent twice, and none is lost.
type memory struct {
	mu     sync.Mutex
	shards map[shardKey]*shardMemory
	events []*learnt // oldest first
	held   int       // records of events
}

const (
	// maxRemembered bounds the records remembered: about 10 MB.
	maxRemembered = 100_000

	// maxTargets bounds the targets of a shard that are remembered: a bit each.
	maxTargets = 64
)

type shardKey struct{ source, lane string }

type shardMemory struct {
	key     shardKey
	targets []target.Spec          // a changed target is another one
	has     map[string]*remembered // by sequence number
}

// remembered is what is known of a record.
type remembered struct {
	bits  uint64 // one for each of the shard's targets that has it
	event *learnt
}

// learnt is the records that were first learnt with one event.
type learnt struct {
	records []place
	left    int // not forgotten yet
}

type place struct {
	shard shardKey
	seq   string
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
		if s == nil || s.has[recs[i].Seq] == nil {
			continue
		}
		if bits[s] == nil {
			bits[s] = s.bits(targets)
		}
		for t, bit := range bits[s][:min(len(targets), maxTargets)] {
			if s.has[recs[i].Seq].bits&bit != 0 {
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

// learn remembers what became of the records of r if Lambda sends them again. If
// it does not, it forgets them.
func (m *memory) learn(r *Result, again bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !again && len(m.shards) == 0 {
		return
	}
	bits, event := make(map[*shardMemory][]uint64), new(learnt)
	for i := range r.records {
		key, seq := shardKey{r.SourceARN, r.records[i].Lane}, r.records[i].Seq
		if !again {
			m.forget(key, seq)
			continue
		}
		s := m.shard(&key)
		if bits[s] == nil {
			bits[s] = s.bits(r.Targets)
		}
		if s.has[seq] == nil {
			seq = strings.Clone(seq)
			s.has[seq] = &remembered{event: event}
			event.records = append(event.records, place{key, seq})
		}
		s.has[seq].bits = r.had(i, bits[s])
	}
	if event.left = len(event.records); event.left > 0 {
		m.events = append(m.events, event)
		m.held += event.left
	}
	for m.held > maxRemembered && len(m.events) > 1 {
		for _, p := range m.events[0].records {
			m.forget(p.shard, p.seq)
		}
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

// shard returns what is remembered of a shard, and makes key its own: what names
// the shard is part of an event, which must not be kept whole.
func (m *memory) shard(key *shardKey) *shardMemory {
	s := m.shards[*key]
	if s == nil {
		*key = shardKey{strings.Clone(key.source), strings.Clone(key.lane)}
		s = &shardMemory{key: *key, has: make(map[string]*remembered)}
		m.shards[*key] = s
	}
	*key = s.key
	return s
}

// forget forgets a record, and with its last one an event or a shard.
func (m *memory) forget(key shardKey, seq string) {
	s := m.shards[key]
	if s == nil || s.has[seq] == nil {
		return
	}
	event := s.has[seq].event
	delete(s.has, seq)
	if len(s.has) == 0 {
		delete(m.shards, key)
	}
	if event.left--; event.left == 0 {
		m.events = slices.DeleteFunc(m.events, func(e *learnt) bool { return e == event })
		m.held -= len(event.records)
	}
}
