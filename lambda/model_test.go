package lambda

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"go.uber.org/zap"

	"fanout/engine"
	"fanout/lambda/dedup"
	"fanout/lambda/event"
	"fanout/lambda/metrics"
	"fanout/lambda/target"
	"fanout/sinks"
)

var (
	modelRuns = flag.Int("model.runs", 300, "random runs of the model of the function")
	modelTime = flag.Duration("model.time", 0, "how long the model of the function runs at least, whatever -model.runs says")
	modelSeed = flag.Uint64("model.seed", 0, "seed of the first run; 0: a random one")
)

// TestModel runs the function behind event source mappings that behave like Lambda's, with
// random sources, records, targets and faults, until every record is delivered or given up
// by its mapping. It checks these rules: every target, or its onFailure, has every record.
// Ordered keys stay in order. A record comes twice only after a crash or a lost answer. No
// target affects another. Counts add up. Answers name exactly the records that some target
// still needs, and come in time.
//
// The faults depend on the seed alone. The engine's waits between attempts do not, so a
// seed may need a few tries (-count) to fail again.
func TestModel(t *testing.T) {
	seed := *modelSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	begun, told := time.Now(), time.Now()
	for i := 0; i < *modelRuns || time.Since(begun) < *modelTime; i++ {
		if !t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { newModel(t, seed, sabotage{}).run() })
		}) {
			t.Fatalf("go test ./lambda -run '^TestModel$' -model.runs 1 -count 5 -model.seed %d", seed)
		}
		if time.Since(told) > time.Minute {
			told = time.Now()
			fmt.Printf("model of the function: %d runs, seed %d is good\n", i+1, seed)
		}
		seed++
	}
}

// judge receives the violations that a model finds.
type judge interface {
	Context() context.Context
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// model is a simulated world in which the function runs.
type model struct {
	t judge
	sabotage
	seed    uint64
	rnd     *rand.Rand                 // of what is made up before the first event, and of the mappings
	report  bool                       // batchItemFailures
	slots   int                        // requests in flight
	alike   bool                       // sources number shards and records alike
	queues  map[string]map[string]bool // by id of the target: deduplication ids that it has seen
	items   map[string]string          // by the key of a DynamoDB record: whose key it is
	sources []*modelSource
	records map[string]*modelRecord // by the text that an event has of it

	remembered int // records that the function remembers

	mu      sync.Mutex // of all below, and of what targets hold
	process *process
	crashes int // still to come
	crashed bool
	round   int // of events that are under way together
	results []Result
}

// process is a process of the function, from its start to its crash.
type process struct {
	*Handler
	until func(deadline time.Time) (context.Context, context.CancelFunc) // of an invocation
	kill  context.CancelFunc
}

func newModel(t judge, seed uint64, s sabotage) *model {
	rnd := rand.New(rand.NewPCG(seed, 0))
	m := &model{
		t: t, sabotage: s, seed: seed, rnd: rnd, report: rnd.IntN(3) > 0, slots: 1000,
		crashes: rnd.IntN(2) * rnd.IntN(6), records: map[string]*modelRecord{},
		alike: rnd.IntN(2) == 0, queues: map[string]map[string]bool{}, items: map[string]string{},
		remembered: dedup.MaxRemembered,
	}
	if m.chance(4) {
		m.remembered = rnd.IntN(20)
	}
	for i := range 1 + rnd.IntN(2)*rnd.IntN(3) {
		m.sources = append(m.sources, m.newSource(i))
	}
	if len(m.sources) == 1 { // only targets of one source are isolated from each other, within their InFlight
		m.slots = 6*len(m.sources[0].targets) + rnd.IntN(32)
	}
	return m
}

// chance draws whether something happens that does in one case of n.
func (m *model) chance(n int) bool { return m.rnd.IntN(n) == 0 }

// draw returns random numbers that depend only on their purpose, not on concurrent events.
func (m *model) draw(purpose string) *rand.Rand {
	h := fnv.New64a()
	_, _ = h.Write([]byte(purpose))
	return rand.New(rand.NewPCG(m.seed, h.Sum64()))
}

// start makes a new process, as Lambda does after a crash.
func (m *model) start() {
	o := DefaultOptions()
	o.Metrics = metrics.ModeNone
	o.InFlight, o.ReportBatchItemFailures = m.slots, m.report
	h, err := New(o, aws.Config{}, zap.NewNop())
	if err != nil {
		m.t.Fatalf("%v", err)
	}
	ctx, kill := context.WithCancel(m.t.Context())
	p := &process{Handler: h, kill: kill, until: func(deadline time.Time) (context.Context, context.CancelFunc) {
		return context.WithDeadline(ctx, deadline)
	}}
	h.known = m.memory()
	h.store = &modelStore{m: m}
	h.openSink = func(_ *accounts, t *sinks.Spec, _ event.Kind) (engine.Sink, error) {
		return &modelSink{m: m, process: p, target: m.source(t.SourceARN).targets[t.ID]}, nil
	}
	h.OnResults = func(r []Result) {
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.process != p {
			return
		}
		for i := range r { // the memory of the event is used again
			r[i].records = slices.Clone(r[i].records)
			for k := range r[i].records {
				rec := &r[i].records[k]
				rec.Lane, rec.Raw = strings.Clone(rec.Lane), bytes.Clone(rec.Raw)
			}
		}
		m.results = append(m.results, r...)
	}
	m.process = p
}

// memory is an empty memory of the function.
func (m *model) memory() *dedup.Memory {
	memory := dedup.NewMemory()
	memory.Limit(m.remembered)
	return memory
}

var errCrash = errors.New("the function is no more")

// crash ends the process. Its knowledge of records in progress is lost, so they may come to
// a target once more.
func (m *model) crash() {
	m.process.kill()
	m.process, m.crashed = nil, true
	for _, s := range m.sources {
		for _, t := range s.targets {
			clear(t.held)
			for tok := range t.times {
				t.excused[tok]++
			}
		}
	}
}

func (m *model) source(arn string) *modelSource {
	return m.sources[slices.IndexFunc(m.sources, func(s *modelSource) bool { return s.arn == arn })]
}

// modelStore returns the targets, except at times when it cannot be read.
type modelStore struct {
	m     *model
	reads int
}

// Targets returns the targets of a source.
func (s *modelStore) Targets(_ context.Context, arn string) (target.Set, error) {
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	src := s.m.source(arn)
	if s.reads++; src.unread > 0 && s.m.draw(fmt.Sprint("store", arn, s.m.round)).IntN(10) == 0 {
		src.unread--
		return target.Set{}, errors.New("the table is away")
	}
	if src.emptied > 0 && s.m.draw(fmt.Sprint("empty", arn, s.m.round)).IntN(10) == 0 {
		src.emptied--
		return target.Set{}, nil
	}
	return target.Set{Targets: s.m.configured(src)}, nil
}

// run takes every record through.
func (m *model) run() {
	m.start()
	defer func() { m.process.kill() }()
	var open []*cursor
	for _, s := range m.sources {
		open = append(open, s.cursors...)
	}
	for {
		open = slices.DeleteFunc(open, func(c *cursor) bool { return len(c.left) == 0 })
		if len(open) == 0 {
			break
		}
		m.deliver(m.invocations(open))
		time.Sleep(time.Duration(m.rnd.IntN(1000)) * time.Millisecond)
	}
	for _, s := range m.sources {
		for _, t := range s.targets {
			m.checkEnd(t)
		}
	}
	time.Sleep(time.Minute) // what hangs returns
}
