package poll

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

var (
	modelRuns = flag.Int("model.runs", 100, "random runs of the model of a stream read from LATEST")
	modelSeed = flag.Uint64("model.seed", 0, "the first seed; 0: a random one")
)

// TestModel reads a stream from LATEST while clocks are wrong, the run is killed
// and restarted, shards split, iterators expire, and calls and invocations fail. No
// record that arrived after the start may be lost or overtake another of its shard.
// No record from well before the start may be delivered.
func TestModel(t *testing.T) {
	first := *modelSeed
	if first == 0 {
		first = rand.Uint64()
	}
	for seed := first; seed < first+uint64(*modelRuns); seed++ {
		ok := t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { newModel(t, seed).run() })
		})
		if !ok {
			t.Fatalf("go test ./internal/poll -run '^TestModel$' -model.runs 1 -model.seed %d", seed)
		}
	}
}

// model is one random run.
type model struct {
	t       *testing.T
	rnd     *rand.Rand
	service service
	stream  *fakeStream
	options Options
	store   *killable
	got     *receiver

	mu       sync.Mutex
	failing  int // calls of the service
	refusing int // invocations

	open   []string            // shards
	family map[string][]string // the parents of each shard
	before map[string]int      // by shard: number of records from before the start
	stop   func() error
}

func newModel(t *testing.T, seed uint64) *model {
	m := &model{
		t: t, rnd: rand.New(rand.NewPCG(seed, 0)), stream: newFakeStream(), got: newReceiver(t),
		family: make(map[string][]string), before: make(map[string]int),
	}
	m.service = services[m.rnd.IntN(len(services))]
	m.stream.clock = []time.Duration{0, 300 * time.Millisecond, -300 * time.Millisecond, 20 * time.Second, -20 * time.Second, time.Hour, -time.Hour}[m.rnd.IntN(7)]
	m.stream.dateless = m.stream.clock.Abs() < time.Minute && m.chance(5)
	m.stream.silent = m.chance(4)
	m.stream.fail = m.fail
	m.got.reply = m.reply
	m.options = Options{Start: Latest, BatchSize: 1 + m.rnd.IntN(20), Shards: 1 + m.rnd.IntN(3), Timeout: 5 * time.Second}
	m.store = &killable{Memory: NewMemory()}
	return m
}

func (m *model) chance(oneIn int) bool { return m.rnd.IntN(oneIn) == 0 }

// run draws events, and judges the deliveries.
func (m *model) run() {
	for range 1 + m.rnd.IntN(4) {
		m.add()
	}
	for range m.rnd.IntN(10) {
		m.change()
		wait(time.Duration(m.rnd.Int64N(int64(time.Minute))))
	}
	wait(10 * time.Minute) // existing records become too old to deliver
	for _, id := range m.stream.ids() {
		m.before[id] = len(m.stream.data(id))
	}
	m.trouble()
	m.start()
	synctest.Wait() // the run has begun
	for range 5 + m.rnd.IntN(20) {
		m.event()
		if m.chance(2) {
			wait(time.Duration(m.rnd.Int64N(int64(3 * time.Second))))
		}
	}
	m.heal()
	wait(3 * time.Minute) // backoff is at most a minute
	must(m.t, m.stop())
	m.judge()
}

// event is something that happens during a run.
func (m *model) event() {
	switch m.rnd.IntN(8) {
	case 0:
		must(m.t, m.stop())
		m.start()
	case 1:
		m.store.kill()
		must(m.t, m.stop())
		m.store.revive()
		m.change()
		m.start()
	case 2:
		m.trouble()
	case 3:
		m.heal()
	default:
		m.change()
	}
}

// change is something that happens to the stream.
func (m *model) change() {
	i := m.rnd.IntN(len(m.open))
	switch {
	case !m.chance(4):
		m.stream.put(m.open[i], 1+m.rnd.IntN(50))
	case len(m.family) < 12 && m.chance(2):
		a, b := m.add(m.open[i]), m.add(m.open[i])
		m.stream.put(a, m.rnd.IntN(5))
		m.stream.put(b, m.rnd.IntN(5))
		m.open = slices.Delete(m.open, i, i+1)
	}
}

// add opens a shard.
func (m *model) add(parents ...string) string {
	id := fmt.Sprintf("shardId-%d", len(m.family))
	m.stream.open(id, parents...)
	m.family[id] = parents
	m.open = append(m.open, id)
	return id
}

// trouble makes some future calls or invocations fail, or makes iterators expire
// soon.
func (m *model) trouble() {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch m.rnd.IntN(3) {
	case 0:
		m.failing = m.rnd.IntN(10)
	case 1:
		m.refusing = m.rnd.IntN(10)
	case 2:
		m.stream.setLife(time.Millisecond)
	}
}

func (m *model) heal() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.failing, m.refusing = 0, 0
	m.stream.setLife(0)
}

// fail lets calls fail, except the listing at the start of a run, because a failure
// there would delay the start.
func (m *model) fail(op, _ string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if op == "list" || m.failing == 0 {
		return nil
	}
	m.failing--
	return errors.New("connection refused")
}

func (m *model) reply(context.Context, []delivery) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.refusing == 0 {
		return "", nil
	}
	m.refusing--
	return "", errors.New("no")
}

func (m *model) start() {
	m.options.Checkpoints = m.store
	_, m.stop = m.service.start(m.t, m.stream, m.got.handle, m.options)
}

// judge compares the actual deliveries with the expected ones.
func (m *model) judge() {
	first := make(map[string]int) // by record: its position in the deliveries
	for i, data := range m.got.seen() {
		if _, again := first[data]; !again {
			first[data] = i
		}
	}
	total := 0
	for id, parents := range m.family {
		all := m.stream.data(id)[m.before[id]:]
		total += len(all)
		if !slices.IsSortedFunc(all, func(a, b string) int { return first[a] - first[b] }) {
			m.t.Errorf("records of shard %s overtook each other", id)
		}
		for _, data := range all {
			if _, ok := first[data]; !ok {
				m.t.Errorf("%s was lost", data)
			}
		}
		for _, parent := range parents {
			if older := m.stream.data(parent)[m.before[parent]:]; len(older) > 0 && len(all) > 0 && first[older[len(older)-1]] > first[all[0]] {
				m.t.Errorf("shard %s was read before its parent %s had ended", id, parent)
			}
		}
	}
	if len(first) > total {
		m.t.Errorf("%d records of before the start were delivered", len(first)-total)
	}
	if m.t.Failed() {
		m.t.Logf("%s, the service's clock is %v ahead, dateless %v, checkpoints %s", m.service.name, m.stream.clock, m.stream.dateless, cmp.Diff(nil, m.store.streams))
	}
}

// killable holds checkpoints that cannot be written once the process is killed.
type killable struct {
	*Memory
	mu   sync.Mutex
	dead bool
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
	if k.dead {
		return nil
	}
	return k.Memory.Save(stream, shards)
}
