package poll

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

// Checkpoint is how far a shard has been delivered.
type Checkpoint struct {
	Seq   string    `json:"sequenceNumber,omitempty"` // of the last record acknowledged; "": none
	Ended bool      `json:"ended,omitempty"`          // the shard is closed and fully delivered
	Since time.Time `json:"since,omitzero"`           // without Seq: reading began at this time by the service's clock; zero: at the shard's beginning
}

// Checkpoints remember how far the shards of each stream have been delivered.
//
// Load returns the checkpoints of a stream, given by its ARN, by shard. It returns
// none for an unknown stream. Save replaces them, and returns when they are
// durable. Both may be called concurrently, and keep no reference to the map.
type Checkpoints interface {
	Load(stream string) (map[string]Checkpoint, error)
	Save(stream string, shards map[string]Checkpoint) error
}

// Memory holds checkpoints for as long as the process lives. Make it with [NewMemory].
type Memory struct {
	mu      sync.Mutex
	streams streams
}

// streams are checkpoints by stream and shard.
type streams map[string]map[string]Checkpoint

// NewMemory returns a Memory without checkpoints.
func NewMemory() *Memory { return &Memory{streams: make(streams)} }

// Load implements [Checkpoints].
func (m *Memory) Load(stream string) (map[string]Checkpoint, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.streams[stream]), nil
}

// Save implements [Checkpoints].
func (m *Memory) Save(stream string, shards map[string]Checkpoint) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.streams[stream] = maps.Clone(shards)
	return nil
}

// streamCheckpoints are the checkpoints of the stream that a run reads.
type streamCheckpoints struct {
	store  Checkpoints
	stream string

	mu     sync.Mutex
	shards map[string]Checkpoint
}

func loadStreamCheckpoints(store Checkpoints, stream string) (*streamCheckpoints, error) {
	shards, err := store.Load(stream)
	if err != nil {
		return nil, fmt.Errorf("the checkpoints of %s cannot be read: %w", named(stream), err)
	}
	if shards == nil {
		shards = make(map[string]Checkpoint)
	}
	return &streamCheckpoints{store: store, stream: stream, shards: shards}, nil
}

func (m *streamCheckpoints) get(shard string) (Checkpoint, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c, ok := m.shards[shard]
	return c, ok
}

// any reports whether there are checkpoints.
func (m *streamCheckpoints) any() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.shards) > 0
}

// set saves c durably.
func (m *streamCheckpoints) set(shard string, c Checkpoint) error {
	return m.add(map[string]Checkpoint{shard: c})
}

// add saves checkpoints durably, if there are any.
func (m *streamCheckpoints) add(shards map[string]Checkpoint) error {
	if len(shards) == 0 {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	maps.Copy(m.shards, shards)
	if err := m.store.Save(m.stream, m.shards); err != nil {
		return fmt.Errorf("the checkpoints of %s cannot be written: %w", named(m.stream), err)
	}
	return nil
}

// unread returns the shards that are missing from list although they were never
// read to their end.
func (m *streamCheckpoints) unread(list []shard) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var lost []string
	for id, c := range m.shards {
		if !c.Ended && !slices.ContainsFunc(list, func(s shard) bool { return s.id == id }) {
			lost = append(lost, id)
		}
	}
	slices.Sort(lost)
	return lost
}

// prune forgets ended shards that no longer matter: they are past retention, and no
// child in list begins where they ended. It takes effect with the next set.
func (m *streamCheckpoints) prune(list []shard) {
	if len(list) == 0 {
		return
	}
	needed := make(map[string]bool, len(list))
	for _, s := range list {
		needed[s.id] = true
		for _, parent := range s.parents {
			needed[parent] = true
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	maps.DeleteFunc(m.shards, func(id string, c Checkpoint) bool { return c.Ended && !needed[id] })
}
