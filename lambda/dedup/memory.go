package dedup

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"fanout/engine"
	"fanout/sinks"
)

// Memory remembers in process memory which targets have which records of events that Lambda
// sends again, so that only missing records are sent. It forgets a record after the
// duration remembering, and forgets the oldest events when it exceeds its limit. A
// forgotten record may be sent twice, but none is lost.
type Memory struct {
	mu     sync.Mutex
	limit  int // most weight
	shards map[shardKey]*shardMemory
	events []*eventRecords // oldest first
	weight int             // total of events
}

const (
	// MaxRemembered bounds the records that a Memory remembers, to about 10 MB.
	MaxRemembered = 100_000

	// maxTargets bounds the remembered targets of a shard, one bit each.
	maxTargets = 64

	// partsPerRecord is how many parts of a record take as much memory as a record.
	partsPerRecord = 16

	// remembering is how long a record is remembered after an attempt. Lambda waits at most
	// five minutes before it resends a notification, and less for a stream (AWS Lambda
	// developer guide, How Lambda handles errors and retries with asynchronous invocation).
	// A later, deliberate replay of a stream delivers everything.
	remembering = 15 * time.Minute
)

type shardKey struct{ source, lane string }

type shardMemory struct {
	key     shardKey
	targets []sinks.Spec           // a changed target counts as a new one
	has     map[string]*remembered // by sequence number
}

// remembered is the state of one record.
type remembered struct {
	seq   string
	bits  uint64              // one for each of the shard's targets that has all of the record
	parts map[int]engine.Held // by bit number: targets that have only part of the record
	event *eventRecords       // the last event with this record
}

// eventRecords holds the records of one event. They are forgotten together. If only the end of a
// batch were known, older values would be sent after newer ones.
type eventRecords struct {
	records []place // some may belong to a later event by now
	left    int     // records neither forgotten nor moved to a later event
	weight  int     // of those records, counted in records
	at      time.Time
}

type place struct {
	shard shardKey
	seq   string
}

// NewMemory returns an empty Memory.
func NewMemory() *Memory {
	return &Memory{limit: MaxRemembered, shards: make(map[shardKey]*shardMemory)}
}

// Limit sets the most records that m remembers.
func (m *Memory) Limit(n int) { m.limit = n }

// Begin begins an attempt.
func (m *Memory) Begin(_ context.Context, b *Batch) Attempt { return &memoryAttempt{m, b} }

// memoryAttempt is an attempt at a batch that m may know.
type memoryAttempt struct {
	m     *Memory
	batch *Batch
}

func (r *memoryAttempt) Known() Known { return r.m.recall(r.batch) }
func (r *memoryAttempt) End()         {}

func (r *memoryAttempt) Learn(_ context.Context, again bool) error {
	r.m.learn(r.batch, again)
	return nil
}

// recall returns the state of the records of b, or nil if nothing is known.
func (m *Memory) recall(b *Batch) Known {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.shards) == 0 {
		return nil
	}
	now := time.Now()
	var all []recordState
	bits := make(map[*shardMemory][]int)
	for i := range b.Records {
		rec := &b.Records[i]
		s := m.shards[shardKey{b.Source, rec.Lane}]
		if s == nil {
			continue
		}
		r := s.has[rec.Seq]
		if r == nil || now.Sub(r.event.at) > remembering {
			continue
		}
		if bits[s] == nil {
			bits[s] = s.bits(b.Targets)
		}
		if all == nil {
			all = make([]recordState, len(b.Records))
		}
		all[i] = recordState{bits: bits[s], all: r.bits, parts: r.parts, at: r.event.at}
	}
	if all == nil {
		return nil
	}
	return func(t, i int) (engine.Held, time.Time) { return all[i].of(t), all[i].at }
}

// recordState is a snapshot of a record's state.
type recordState struct {
	bits  []int // by target
	all   uint64
	parts map[int]engine.Held
	at    time.Time
}

// of returns the part of the record that target t has.
func (k *recordState) of(t int) engine.Held {
	if t >= len(k.bits) || k.bits[t] < 0 {
		return engine.Held{}
	}
	if k.all&(1<<k.bits[t]) != 0 {
		return engine.Held{All: true}
	}
	return k.parts[k.bits[t]]
}

// bits returns each target's bit number, or -1 for a target without one.
func (s *shardMemory) bits(targets []sinks.Spec) []int {
	bits := make([]int, len(targets))
	for t := range targets {
		k := slices.Index(s.targets, targets[t])
		if k < 0 && len(s.targets) < maxTargets {
			k = len(s.targets)
			s.targets = append(s.targets, targets[t])
		}
		bits[t] = k
	}
	return bits
}

// learn remembers the outcome of b's records if Lambda sends them again, and forgets the
// records if not.
func (m *Memory) learn(b *Batch, again bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !again && len(m.shards) == 0 {
		return
	}
	bits, event := make(map[*shardMemory][]int), &eventRecords{at: time.Now()}
	for i := range b.Records {
		key, seq := shardKey{b.Source, b.Records[i].Lane}, b.Records[i].Seq
		if !again || !b.returns(i) {
			m.forget(key, seq)
			continue
		}
		s := m.shard(&key)
		if bits[s] == nil {
			bits[s] = s.bits(b.Targets)
		}
		rec := s.has[seq]
		if rec != nil {
			m.leave(rec)
		} else {
			rec = &remembered{seq: strings.Clone(seq)}
			s.has[rec.seq] = rec
		}
		rec.learn(b.Report, i, bits[s])
		rec.event = event
		event.records = append(event.records, place{key, rec.seq})
		event.left++
		event.weight += rec.weight()
		m.weight += rec.weight()
	}
	if event.left > 0 {
		m.events = append(m.events, event)
	}
	for len(m.events) > 0 && (m.weight > m.limit && len(m.events) > 1 || event.at.Sub(m.events[0].at) > remembering) {
		m.forgetEvent(m.events[0])
	}
}

// learn replaces the record's state at the targets of r with the outcome of record i.
func (rec *remembered) learn(r *engine.Report, i int, bits []int) {
	for t := range r.Targets {
		h, k := r.Targets[t].Held(i), bits[t]
		if k < 0 {
			continue
		}
		rec.bits &^= 1 << k
		delete(rec.parts, k)
		switch {
		case h.All:
			rec.bits |= 1 << k
		case len(h.Subs) > 0:
			if rec.parts == nil {
				rec.parts = make(map[int]engine.Held)
			}
			rec.parts[k] = h
		}
	}
}

// weight is how much memory a record takes, in records.
func (rec *remembered) weight() int {
	n := 1
	for _, h := range rec.parts {
		n += 1 + len(h.Subs)/partsPerRecord
	}
	return n
}

// shard returns the state of a shard. It clones the strings of key, because they are slices
// of the event and would keep all of it in memory.
func (m *Memory) shard(key *shardKey) *shardMemory {
	s := m.shards[*key]
	if s == nil {
		*key = shardKey{strings.Clone(key.source), strings.Clone(key.lane)}
		s = &shardMemory{key: *key, has: make(map[string]*remembered)}
		m.shards[*key] = s
	}
	*key = s.key
	return s
}

// forgetEvent forgets the records of an event, except records that also belong to a later
// one.
func (m *Memory) forgetEvent(e *eventRecords) {
	for _, p := range e.records {
		if s := m.shards[p.shard]; s != nil && s.has[p.seq] != nil && s.has[p.seq].event == e {
			m.forget(p.shard, p.seq)
		}
	}
}

// forget forgets a record, and its shard when no record is left.
func (m *Memory) forget(key shardKey, seq string) {
	s := m.shards[key]
	if s == nil || s.has[seq] == nil {
		return
	}
	m.leave(s.has[seq])
	delete(s.has, seq)
	if len(s.has) == 0 {
		delete(m.shards, key)
	}
}

// leave removes a record from its event, and forgets the event when no record is left.
func (m *Memory) leave(rec *remembered) {
	e := rec.event
	e.left--
	e.weight -= rec.weight()
	m.weight -= rec.weight()
	if e.left == 0 {
		m.events = slices.DeleteFunc(m.events, func(o *eventRecords) bool { return o == e })
	}
}
