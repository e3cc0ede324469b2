package poll

import (
	"slices"
	"time"
)

// shardTree tracks the shards of a stream and decides which may be read. A shard is
// read after its parents, because their records of a partition key are older.
type shardTree struct {
	checkpoints *streamCheckpoints
	start       Start

	began  time.Time       // a lower bound on timestamps of later records
	shards []shard         // as last listed
	first  map[string]bool // in the first listing
	fresh  map[string]bool // read from LATEST in this run
	taken  map[string]bool // being read, or done
	done   map[string]bool // no child needs to wait for it
}

func newShardTree(m *streamCheckpoints, start Start) *shardTree {
	return &shardTree{
		checkpoints: m,
		start:       start,
		first:       make(map[string]bool),
		fresh:       make(map[string]bool),
		taken:       make(map[string]bool),
		done:        make(map[string]bool),
	}
}

// begin takes the first listing. Shards read from LATEST get a checkpoint at once,
// with their last record, or a lower bound on the timestamps of future records. Without it, LATEST would
// mean a later point after a restart or a new iterator.
func (f *shardTree) begin(list []shard, earliest time.Time) error {
	f.began = earliest
	for _, s := range list {
		f.first[s.id] = true
	}
	f.update(list)
	if !f.start.latest {
		return nil
	}
	began, read := make(map[string]Checkpoint), f.checkpoints.any()
	for _, s := range list {
		switch {
		case s.closed || f.reached(s):
		case s.last == nil:
			f.fresh[s.id] = true
			began[s.id] = Checkpoint{Since: earliest}
		case !read: // otherwise it appeared since an earlier run, and is read from its beginning
			began[s.id] = Checkpoint{Seq: *s.last}
		}
	}
	return f.checkpoints.add(began)
}

// reached reports whether an earlier run read s or one of its ancestors.
func (f *shardTree) reached(s shard) bool {
	if _, ok := f.checkpoints.get(s.id); ok {
		return true
	}
	for _, parent := range s.parents {
		if _, ok := f.checkpoints.get(parent); ok {
			return true
		}
		i := slices.IndexFunc(f.shards, func(o shard) bool { return o.id == parent })
		if i >= 0 && f.reached(f.shards[i]) {
			return true
		}
	}
	return false
}

// update takes a later listing.
func (f *shardTree) update(list []shard) {
	f.shards = list
	for _, s := range list {
		if c, ok := f.checkpoints.get(s.id); ok && c.Ended {
			f.end(s.id)
		}
	}
}

// end records that a shard was delivered to its end.
func (f *shardTree) end(id string) { f.taken[id], f.done[id] = true, true }

// ready returns the shards to read now, and marks them as taken.
func (f *shardTree) ready() []shard {
	listed := make(map[string]bool, len(f.shards))
	for _, s := range f.shards {
		listed[s.id] = true
	}
	var ready []shard
	for again := true; again; {
		again = false
		for _, s := range f.shards {
			if f.taken[s.id] || f.waits(s, listed) {
				continue
			}
			f.taken[s.id] = true
			if f.skips(s) {
				f.done[s.id] = true
				again = true // its children may be ready
				continue
			}
			ready = append(ready, s)
		}
	}
	return ready
}

// waits reports whether a parent of s still has to be read. A parent that is not
// listed is past retention.
func (f *shardTree) waits(s shard, listed map[string]bool) bool {
	for _, parent := range s.parents {
		if listed[parent] && !f.done[parent] {
			return true
		}
	}
	return false
}

// skips reports whether s has nothing to read: it was closed when the run began at
// LATEST, and neither it nor a parent was read before.
func (f *shardTree) skips(s shard) bool {
	if !f.start.latest || !s.closed || !f.first[s.id] {
		return false
	}
	if _, ok := f.checkpoints.get(s.id); ok {
		return false
	}
	_, ok := f.inherit(s)
	return !ok
}

// origin returns where reading of s begins. The parents of s are done.
func (f *shardTree) origin(s shard) position {
	if c, ok := f.checkpoints.get(s.id); ok {
		return position{seq: c.Seq, latest: f.fresh[s.id], since: c.Since}
	}
	if at, ok := f.inherit(s); ok {
		return at
	}
	if !f.start.latest {
		return position{since: f.start.at}
	}
	if s.last != nil {
		return position{} // it appeared later, so all of its records did
	}
	return position{since: f.began} // likewise, as far as is known
}

// inherit returns where reading begins in a child of shards that were read: at its
// beginning. The exception is parents that were read from a time on and had no such
// records, because the time may be later than the child's first record.
func (f *shardTree) inherit(s shard) (at position, ok bool) {
	for _, parent := range s.parents {
		c, known := f.checkpoints.get(parent)
		if !known {
			continue
		}
		if c.Seq != "" || c.Since.IsZero() {
			return position{}, true
		}
		if !ok || c.Since.Before(at.since) {
			at = position{since: c.Since}
		}
		ok = true
	}
	return at, ok
}
