package kinesis

import (
	"slices"
	"sort"
)

// shardMap says which open shard of a stream takes a hash key. It does not change.
type shardMap struct{ shards []shard } // by range

// shardRange is a shard in a list (Kinesis API, Shard). A shard with an end is closed.
type shardRange struct {
	ShardID             string `json:"ShardId"`
	HashKeyRange        struct{ StartingHashKey, EndingHashKey string }
	SequenceNumberRange struct{ EndingSequenceNumber string }
}

// shard takes the hash keys up to last that no earlier shard takes.
type shard struct {
	id   string
	last hashKey
}

// newShardMap returns the map of the open shards in list. It returns nil unless they take
// every hash key once.
func newShardMap(list []shardRange) *shardMap {
	type span struct {
		shard
		first hashKey
	}
	var open []span
	for i := range list {
		s := &list[i]
		if s.SequenceNumberRange.EndingSequenceNumber != "" {
			continue
		}
		first, okFirst := parseHashKey(s.HashKeyRange.StartingHashKey)
		last, okLast := parseHashKey(s.HashKeyRange.EndingHashKey)
		if !okFirst || !okLast || last.less(first) {
			return nil
		}
		open = append(open, span{shard{s.ShardID, last}, first})
	}
	slices.SortFunc(open, func(a, b span) int {
		if a.first.less(b.first) {
			return -1
		}
		return 1
	})
	m, first := &shardMap{}, hashKey{}
	for i, s := range open {
		if s.first != first || (s.last == lastHashKey) != (i == len(open)-1) {
			return nil
		}
		first = s.last.next()
		m.shards = append(m.shards, s.shard)
	}
	if len(open) == 0 {
		return nil
	}
	return m
}

// find returns the index of the shard that takes h.
func (m *shardMap) find(h hashKey) int {
	return sort.Search(len(m.shards)-1, func(i int) bool { return !m.shards[i].last.less(h) })
}

// index returns the index of the shard called id, or -1 if the map does not have it.
func (m *shardMap) index(id string) int {
	if m == nil {
		return -1
	}
	return slices.IndexFunc(m.shards, func(s shard) bool { return s.id == id })
}
