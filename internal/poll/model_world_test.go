package poll

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing/synctest"
	"time"

	"fanout/internal/testing/modelkit"
)

// world is a stream and a run that reads it, while clocks are wrong, the run is killed and
// restarted, shards split, iterators expire, and calls and invocations fail.
type world struct {
	*modelkit.Judge
	*modelkit.Draw
	sabotage
	service service
	stream  *fakeStream
	options Options
	store   *killable
	got     *receiver
	stop    func() error // ends the run

	open    []string            // shards
	parents map[string][]string // by shard
	before  map[string]int      // by shard: number of records from before the start

	mu           sync.Mutex
	failing      int      // calls of the service that will fail
	refusing     int      // batches that the function will refuse
	acknowledged []string // records, in the order in which the function acknowledged them
}

func newWorld(j *modelkit.Judge, d *modelkit.Draw, s sabotage) *world {
	w := &world{
		Judge: j, Draw: d, sabotage: s, stream: newFakeStream(), got: newReceiver(j.T),
		parents: make(map[string][]string), before: make(map[string]int),
	}
	w.service = modelkit.Pick(d, services...)
	w.stream.clock = modelkit.Pick(d, 0, 300*time.Millisecond, -300*time.Millisecond, 20*time.Second, -20*time.Second, time.Hour, -time.Hour)
	w.stream.dateless = w.stream.clock.Abs() < time.Minute && d.OneIn(5)
	w.stream.silent = d.OneIn(4)
	w.stream.fail = w.fail
	w.got.reply = w.reply
	w.options = Options{Start: Latest, BatchSize: 1 + d.IntN(20), Shards: 1 + d.IntN(3), Timeout: 5 * time.Second}
	if s.fromStart {
		w.options.Start = TrimHorizon
	}
	w.store = &killable{Memory: NewMemory(), forgets: s.forget}
	return w
}

// run lets things happen to the stream and to the run, and then judges the deliveries.
func (w *world) run() {
	for range 1 + w.IntN(4) {
		w.addShard()
	}
	for range w.IntN(10) {
		w.changeStream()
		wait(w.Below(time.Minute))
	}
	wait(10 * time.Minute) // existing records become too old to deliver
	for _, id := range w.stream.ids() {
		w.before[id] = len(w.stream.data(id))
	}
	w.trouble()
	w.start()
	synctest.Wait() // the run has begun
	for range 5 + w.IntN(20) {
		w.happen()
		if w.OneIn(2) {
			wait(w.Below(3 * time.Second))
		}
	}
	w.heal()
	wait(3 * time.Minute) // backoff is at most a minute
	must(w.T, w.stop())
	w.judge()
}

// happen lets something happen during a run.
func (w *world) happen() {
	switch w.IntN(8) {
	case 0:
		w.Count("restarts", 1)
		must(w.T, w.stop())
		w.start()
	case 1:
		w.Count("kills", 1)
		w.store.kill()
		must(w.T, w.stop())
		w.store.revive()
		w.changeStream()
		w.start()
	case 2:
		w.trouble()
	case 3:
		w.heal()
	default:
		w.changeStream()
	}
}

// changeStream adds records or splits a shard, or does nothing.
func (w *world) changeStream() {
	i := w.IntN(len(w.open))
	switch {
	case !w.OneIn(4):
		w.stream.put(w.open[i], 1+w.IntN(50))
	case len(w.parents) < 12 && w.OneIn(2):
		w.Count("splits", 1)
		a, b := w.addShard(w.open[i]), w.addShard(w.open[i])
		w.stream.put(a, w.IntN(5))
		w.stream.put(b, w.IntN(5))
		w.open = slices.Delete(w.open, i, i+1)
	}
}

func (w *world) addShard(parents ...string) string {
	id := fmt.Sprintf("shardId-%d", len(w.parents))
	w.parents[id] = parents
	w.open = append(w.open, id)
	if w.orphans {
		parents = nil
	}
	w.stream.open(id, parents...)
	return id
}

// trouble makes some future calls fail, makes the function refuse some batches, or makes iterators
// expire soon.
func (w *world) trouble() {
	switch w.IntN(3) {
	case 0:
		w.fails(w.IntN(10))
	case 1:
		w.refuses(w.IntN(10))
	case 2:
		w.stream.setLife(time.Millisecond)
	}
}

func (w *world) heal() {
	w.fails(0)
	w.refuses(0)
	w.stream.setLife(0)
}

// fails sets how many calls will fail. The stream calls fail with its own lock held, so whoever
// holds w.mu must not call the stream.
func (w *world) fails(calls int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.failing = calls
}

// refuses sets how many batches the function will refuse.
func (w *world) refuses(batches int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.refusing = batches
}

// fail lets calls fail, except the listing at the start of a run, because a failure there would
// delay the start.
func (w *world) fail(op, _ string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if op == "list" || w.failing == 0 {
		return nil
	}
	w.failing--
	w.Count("failed calls", 1)
	return errors.New("connection refused")
}

// reply is the function's answer to a batch.
func (w *world) reply(_ context.Context, batch []delivery) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.refusing > 0 {
		w.refusing--
		w.Count("refused batches", 1)
		if w.skipFailed {
			return "", nil
		}
		return "", errors.New("no")
	}
	if w.reverse {
		slices.Reverse(batch)
	}
	for _, d := range batch {
		w.acknowledged = append(w.acknowledged, d.data)
	}
	return "", nil
}

func (w *world) start() {
	w.options.Checkpoints = w.store
	_, w.stop = w.service.start(w.T, w.stream, w.got.handle, w.options)
}

// killable holds checkpoints that cannot be written once the process is killed.
type killable struct {
	*Memory
	forgets bool
	mu      sync.Mutex
	dead    bool
}

func (k *killable) kill()   { k.set(true) }
func (k *killable) revive() { k.set(false) }

func (k *killable) set(dead bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.dead = dead
}

// Save implements Checkpoints.
func (k *killable) Save(stream string, shards map[string]Checkpoint) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.dead || k.forgets {
		return nil
	}
	return k.Memory.Save(stream, shards)
}
