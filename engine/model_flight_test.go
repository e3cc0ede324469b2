package engine_test

import (
	"context"
	"fmt"
	"sync"

	"fanout/engine"
)

// flights watches the requests in flight of a target.
type flights struct {
	engine.Sink
	target *engine.Target // as configured

	mu       sync.Mutex
	requests map[string]int  // in flight, by lane
	keys     map[string]bool // of their parts
	parallel int             // requests that began while another of their shard was in flight
	faults   []string        // requests that should not have been in flight
}

// Send sends, and notes the request while it is in flight.
func (f *flights) Send(ctx context.Context, batch []engine.Record) engine.Outcome {
	if f.target.Ordered {
		keys := keysIn(batch)
		f.begin(batch[0].Lane, keys)
		defer f.end(batch[0].Lane, keys)
	}
	return f.Sink.Send(ctx, batch)
}

func (f *flights) begin(lane string, keys map[string]bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.requests[lane]++
	if f.requests[lane] > 1 {
		f.parallel++
	}
	if n := f.requests[lane]; n > max(f.target.Lanes, 1) {
		f.faults = append(f.faults, fmt.Sprintf("%d requests of %s are in flight in %d lanes", n, lane, f.target.Lanes))
	}
	for key := range keys {
		if f.keys[key] {
			f.faults = append(f.faults, fmt.Sprintf("two requests in flight hold %s", key))
		}
		f.keys[key] = true
	}
}

func (f *flights) end(lane string, keys map[string]bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.requests[lane]--
	for key := range keys {
		delete(f.keys, key)
	}
}

// keysIn returns the keys of the parts that a request carries.
func keysIn(batch []engine.Record) map[string]bool {
	keys := map[string]bool{}
	for i := range batch {
		for _, part := range unmerged(&batch[i]) {
			keys[partKey(&part)] = true
		}
	}
	return keys
}
