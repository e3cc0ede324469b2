package dynamodb

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"

	"fanout/engine"
	"fanout/internal/testing/awsfake"
	"fanout/internal/testing/modelkit"
)

// world is a table with a stream, and the copy that functions keep of it.
type world struct {
	*modelkit.Judge
	sabotage
	shards  []*shard
	source  map[string]string // the items, as text by key
	ordered bool              // the targets keep order
	lanes   int

	fake    *awsfake.Server // has the copy
	pending sync.WaitGroup  // requests that are still on their way

	mu      sync.Mutex // of all below
	draw    *modelkit.Draw
	faults  int             // still to come
	letters []engine.Record // records that onFailure took
	newest  map[string]int  // by key: the number of the last change that had an effect
}

// shard is a shard of the stream. Its child is read when all its records are done.
type shard struct {
	changes []engine.Record
	child   *shard
}

// newWorld draws the changes of a table.
func newWorld(j *modelkit.Judge, d *modelkit.Draw, s sabotage) *world {
	w := &world{
		Judge: j, sabotage: s, draw: d, source: map[string]string{}, newest: map[string]int{},
		ordered: !d.OneIn(4), lanes: d.IntN(4), faults: d.IntN(80), fake: awsfake.New(),
	}
	w.fake.SetTable("copy", "id", "")
	for range 1 + d.IntN(3) {
		w.shards = append(w.shards, new(shard))
	}
	open := slices.Clone(w.shards)
	keys := 1 + d.IntN(6)
	for seq, end := 90+d.IntN(10), 100+d.IntN(200); seq < end; seq += 1 + d.IntN(3) {
		key := d.IntN(keys)
		at := key % len(open)
		if d.OneIn(25) {
			w.Count("splits", 1)
			open[at].child = new(shard)
			open[at] = open[at].child
		}
		open[at].changes = append(open[at].changes, w.change(fmt.Sprint("k", key), seq))
	}
	return w
}

// change draws a change of the source's item with a key.
func (w *world) change(key string, seq int) engine.Record {
	w.Count("changes", 1)
	if _, exists := w.source[key]; exists && w.draw.OneIn(3) {
		w.Count("removals", 1)
		delete(w.source, key)
		return removal(key, seq)
	}
	r := put(key, seq)
	w.source[key] = string(r.Data.Bytes())
	return r
}

func (w *world) run() {
	var shards sync.WaitGroup
	for _, s := range w.shards {
		shards.Go(func() {
			for ; s != nil; s = s.child {
				w.read(s.changes)
			}
		})
	}
	shards.Wait()
	w.redrive()
	w.pending.Wait()
	w.judge()
}

// random draws for code that runs concurrently.
func (w *world) random(n int) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.draw.IntN(n)
}

// read delivers the changes of a shard in batches.
func (w *world) read(changes []engine.Record) {
	for len(changes) > 0 {
		n := min(len(changes), 1+w.random(12))
		batch := w.divert(changes[:n])
		if w.random(6) == 0 {
			w.Count("batches sent twice", 1)
			w.pending.Go(func() { w.deliver(batch) })
		}
		w.deliver(batch)
		changes = changes[n:]
	}
}

// divert takes some records out of a batch: onFailure has them, and they are delivered in the
// end.
func (w *world) divert(batch []engine.Record) (rest []engine.Record) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range batch {
		if w.draw.OneIn(30) {
			w.Count("letters", 1)
			w.letters = append(w.letters, r)
			continue
		}
		rest = append(rest, r)
	}
	return rest
}

// redrive delivers the records that onFailure took.
func (w *world) redrive() {
	w.deliver(w.letters)
}

// maxAttempts is the number of attempts after which a batch must be done.
const maxAttempts = 200

// deliver invokes functions with a batch until it is done, as Lambda does.
func (w *world) deliver(batch []engine.Record) {
	for attempts := 1; len(batch) > 0; attempts++ {
		if attempts > maxAttempts {
			w.Broken(done, "%d changes are not delivered after %d attempts", len(batch), maxAttempts)
			return
		}
		if attempts > 1 {
			w.Count("retries", 1)
		}
		batch = batch[w.invoke(batch):]
	}
}

// invoke invokes a new process of the function, and returns how many records of the batch are
// done. After a crash it is none.
func (w *world) invoke(batch []engine.Record) int {
	ctx, stop := context.WithTimeout(w.T.Context(), 30*time.Second)
	defer stop()
	p := &process{world: w, crash: stop}
	plan, err := engine.NewPlan(engine.Options{Margin: time.Second}, engine.Target{
		ID: "copy", Sink: p.sink(), Ordered: w.ordered, Lanes: w.lanes, Retry: engine.Retry{Attempts: 3},
	})
	if err != nil {
		w.T.Fatal(err)
	}
	report := plan.Run(ctx, slices.Clone(batch)).Targets[0]
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.crashed {
		return 0
	}
	for i := range batch {
		if report.Fate(i) == engine.FateFailed {
			return i
		}
	}
	return len(batch)
}

// judge compares the copy with the source.
func (w *world) judge() {
	copied := map[string]string{}
	for _, item := range w.fake.Items("copy") {
		key, _ := item["id"]["S"].(string)
		if item[DeletedAttribute] != nil {
			continue
		}
		delete(item, OrderAttribute)
		text, err := json.Marshal(item)
		if err != nil {
			w.T.Error(err)
		}
		copied[key] = string(text)
	}
	if diff := cmp.Diff(w.source, copied); diff != "" {
		w.Broken(equal, "the copy differs (-source +copy):\n%s", diff)
	}
}
