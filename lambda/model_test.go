package lambda

import (
	"context"
	"crypto/md5"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"go.uber.org/zap"
	"google.golang.org/protobuf/encoding/protowire"

	"fanout/engine"
	"fanout/engine/enginetest"
	"fanout/lambda/event"
	"fanout/lambda/metrics"
	"fanout/lambda/target"
)

var (
	modelRuns = flag.Int("model.runs", 1000, "random runs of the model of the function")
	modelSeed = flag.Uint64("model.seed", 0, "seed of the first run; 0: a random one")
)

// TestModel runs the function behind an event source mapping that behaves as
// Lambda's does, with random records, targets and faults, until every shard is
// through. It checks that every target has every record, keys in order where that
// was asked for, each record once unless a crash or an answer that was lost made
// it two, and that the answers name exactly what some target still needs.
func TestModel(t *testing.T) {
	seed := *modelSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	for i := range *modelRuns {
		if !t.Run(fmt.Sprint(seed+uint64(i)), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { newModel(t, seed+uint64(i), sabotage{}).run() })
		}) {
			t.Fatalf("go test ./lambda -run TestModel -model.runs 1 -model.seed %d", seed+uint64(i))
		}
	}
}

// The model notices when a guarantee is broken.
func TestModelNotices(t *testing.T) {
	for name, c := range map[string]struct {
		sabotage
		notice string
	}{
		"what targets have is forgotten":     {sabotage{forgetful: true}, "times"},
		"an answer passes over a record":     {sabotage{careless: true}, "passes over record"},
		"order is not kept":                  {sabotage{unordered: true}, "after a later one"},
		"a record counts that never arrived": {sabotage{lying: true}, "never got record"},
	} {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(500) {
				var n notices
				synctest.Test(t, func(t *testing.T) {
					n.T = t
					newModel(&n, seed, c.sabotage).run()
				})
				if slices.ContainsFunc(n.texts, func(text string) bool { return strings.Contains(text, c.notice) }) {
					return
				}
			}
			t.Errorf("not noticed in 500 runs; want %q", c.notice)
		})
	}
}

// notices collects what a model finds wrong.
type notices struct {
	*testing.T
	texts []string
}

func (n *notices) Errorf(format string, args ...any) {
	n.texts = append(n.texts, fmt.Sprintf(format, args...))
}

const modelStream = "arn:aws:kinesis:eu-west-1:123456789012:stream/model"

type model struct {
	t judge
	sabotage
	rnd     *rand.Rand
	report  bool // batchItemFailures
	specs   []target.Spec
	targets map[string]*modelTarget
	shards  map[string][]modelRecord

	mu      sync.Mutex // of all below, and of rnd while records are under way
	faults  int        // still to come
	dead    bool       // the function crashed, and has not been started again
	crashes int
	handler *Handler
}

// judge hears what is wrong.
type judge interface {
	Context() context.Context
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// sabotage breaks a guarantee, to see whether the model notices.
type sabotage struct {
	forgetful bool // the function forgets what targets have
	careless  bool // answers pass over a record that is needed
	unordered bool // order is not kept where it was asked for
	lying     bool // a sink says that it has delivered, and has not
}

// modelRecord is a source record and the user records in it.
type modelRecord struct {
	seq   string
	users []modelUser
	kpl   bool
}

type modelUser struct{ key, data string }

// modelTarget is what a target has accepted.
type modelTarget struct {
	spec  target.Spec
	sink  *enginetest.Sink
	times map[string]int // by data
	order []string       // data, as first accepted
	lost  bool           // an answer was lost, so records may have come twice
}

func newModel(t judge, seed uint64, s sabotage) *model {
	rnd := rand.New(rand.NewPCG(seed, 0))
	m := &model{t: t, rnd: rnd, sabotage: s, report: rnd.IntN(3) > 0, faults: rnd.IntN(40),
		targets: map[string]*modelTarget{}, shards: map[string][]modelRecord{}}
	for i := range 1 + rnd.IntN(4) {
		spec := target.Spec{
			SourceARN: modelStream, ID: fmt.Sprint("t", i), Type: target.Kinesis, Active: true,
			Collapse: target.CollapseNone, Parallel: rnd.IntN(2) == 0, Deaggregate: rnd.IntN(2) == 0,
		}
		m.specs = append(m.specs, spec)
		mt := &modelTarget{spec: spec, times: map[string]int{}}
		mt.sink = &enginetest.Sink{
			Bounds: engine.Limits{Records: 1 + rnd.IntN(8), OnePerKey: true},
			Whole:  func(ctx context.Context, batch []engine.Record) error { return m.whole(ctx, mt, batch) },
			Script: func(a enginetest.Attempt) error { return m.one(mt, &a.Record) },
		}
		m.targets[spec.ID] = mt
	}
	for s := range 1 + rnd.IntN(3) {
		shard := fmt.Sprintf("shardId-%012d", s)
		for i := range rnd.IntN(30) {
			m.shards[shard] = append(m.shards[shard], m.newRecord(s, i))
		}
	}
	return m
}

func (m *model) newRecord(shard, i int) modelRecord {
	r := modelRecord{seq: fmt.Sprint(98 + i + 1000*shard), kpl: m.rnd.IntN(4) == 0}
	n := 1
	if r.kpl {
		n += m.rnd.IntN(4)
	}
	for k := range n {
		r.users = append(r.users, modelUser{fmt.Sprint("key", m.rnd.IntN(5)), fmt.Sprintf("%d/%05d/%d", shard, i, k)})
	}
	return r
}

// data is what the source record holds, and key its partition key.
func (r *modelRecord) data() (key string, data []byte) {
	if !r.kpl {
		return r.users[0].key, []byte(r.users[0].data)
	}
	var b []byte
	for _, u := range r.users {
		b = protowire.AppendString(protowire.AppendTag(b, 1, protowire.BytesType), u.key)
	}
	for i, u := range r.users {
		c := protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), uint64(i))
		c = protowire.AppendString(protowire.AppendTag(c, 3, protowire.BytesType), u.data)
		b = protowire.AppendBytes(protowire.AppendTag(b, 3, protowire.BytesType), c)
	}
	sum := md5.Sum(b)
	return r.users[0].key, slices.Concat([]byte("\xf3\x89\x9a\xc2"), b, sum[:])
}

// want lists what a target should have of r: data, and the keys they are ordered by.
func (r *modelRecord) want(spec *target.Spec) []modelUser {
	if spec.Deaggregate {
		return r.users
	}
	key, data := r.data()
	return []modelUser{{key, string(data)}}
}

var errCrash = errors.New("the function is no more")

// whole decides about a request: it may fail, hang, panic, or be the function's last.
func (m *model) whole(ctx context.Context, mt *modelTarget, batch []engine.Record) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dead {
		return errCrash
	}
	if m.faults == 0 {
		return nil
	}
	switch p := m.rnd.IntN(100); {
	case p < 4:
		m.faults--
		return enginetest.ErrThrottled
	case p < 8:
		m.faults--
		return enginetest.ErrRetryable
	case p < 10 && len(batch) > 1:
		m.faults--
		panic("the sink's")
	case p < 12: // the request times out
		m.faults--
		m.mu.Unlock()
		<-ctx.Done()
		m.mu.Lock()
		return ctx.Err()
	case p < 14: // it is done, and the answer is lost
		m.faults--
		mt.lost = true
		for i := range batch {
			mt.accept(&batch[i])
		}
		return enginetest.ErrPlain
	case p < 16:
		m.faults--
		m.dead = true
		m.crashes++
		return errCrash
	}
	return nil
}

// one decides about a record of a request.
func (m *model) one(mt *modelTarget, r *engine.Record) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.faults > 0 {
		switch p := m.rnd.IntN(100); {
		case p < 4:
			m.faults--
			return enginetest.ErrThrottled
		case p < 6:
			m.faults--
			if m.lying {
				return nil
			}
			return enginetest.ErrPermanent // until Lambda sends it again
		}
	}
	mt.accept(r)
	return nil
}

func (mt *modelTarget) accept(r *engine.Record) {
	data := string(r.Data.Bytes())
	if mt.times[data]++; mt.times[data] == 1 {
		mt.order = append(mt.order, data)
	}
}

// start makes a new function, as Lambda does after a crash.
func (m *model) start() {
	o := DefaultOptions()
	o.Metrics = metrics.ModeNone
	h, err := New(o, aws.Config{}, zap.NewNop())
	if err != nil {
		m.t.Fatalf("%v", err)
	}
	h.options.ReportBatchItemFailures = m.report
	h.store = specs(m.specs)
	if m.unordered {
		h.store = specs(parallel(m.specs))
	}
	h.openSink = func(_ *accounts, t *target.Spec, _ event.Kind) (engine.Sink, error) { return m.targets[t.ID].sink, nil }
	m.handler, m.dead = h, false
}

func parallel(specs []target.Spec) []target.Spec {
	specs = slices.Clone(specs)
	for i := range specs {
		specs[i].Parallel = true
	}
	return specs
}

// specs is a store of good targets.
type specs []target.Spec

func (s specs) Targets(context.Context, string) (target.Set, error) {
	var set target.Set
	for _, t := range s {
		set.Targets = append(set.Targets, target.Loaded{ID: t.ID, Spec: t})
	}
	return set, nil
}

// run is the event source mapping: each shard in order, a batch again from where
// the answer says, or as a whole and at times in halves.
func (m *model) run() {
	m.start()
	for _, shard := range slices.Sorted(maps.Keys(m.shards)) {
		for recs := m.shards[shard]; len(recs) > 0; {
			n := min(len(recs), 1+m.rnd.IntN(12))
			m.deliver(shard, recs[:n])
			recs = recs[n:]
		}
	}
	for i := range m.specs {
		m.check(m.targets[m.specs[i].ID])
	}
}

func (m *model) deliver(shard string, batch []modelRecord) {
	for attempts := 0; len(batch) > 0; attempts++ {
		if attempts > 200 {
			m.t.Fatalf("%d records of %s are not through after %d attempts", len(batch), shard, attempts)
		}
		ctx, cancel := context.WithTimeout(m.t.Context(), 10*time.Second)
		answer, err := m.handler.Invoke(ctx, m.event(shard, batch))
		cancel()
		if m.dead {
			m.start()
			continue
		}
		if m.forgetful {
			m.handler.memory = newMemory()
		}
		if m.careless && err == nil && m.through(batch, answer) < len(batch) {
			answer = []byte(`{"batchItemFailures":[]}`)
		}
		m.checkAnswer(batch, answer, err)
		if err != nil {
			if len(batch) > 1 && m.rnd.IntN(2) == 0 { // bisect
				m.deliver(shard, batch[:len(batch)/2])
				batch = batch[len(batch)/2:]
			}
			continue
		}
		batch = batch[m.through(batch, answer):]
	}
}

// through returns how many records of batch an answer lets pass.
func (m *model) through(batch []modelRecord, data []byte) int {
	var a answer
	if err := json.Unmarshal(data, &a); err != nil {
		m.t.Fatalf("the answer is %s: %v", data, err)
	}
	if len(a.BatchItemFailures) == 0 {
		return len(batch)
	}
	return slices.IndexFunc(batch, func(r modelRecord) bool { return r.seq == a.BatchItemFailures[0].ItemIdentifier })
}

// checkAnswer checks that the answer names the first record that some target needs.
func (m *model) checkAnswer(batch []modelRecord, answer []byte, err error) {
	first := slices.IndexFunc(batch, func(r modelRecord) bool {
		for _, mt := range m.targets {
			for _, u := range r.want(&mt.spec) {
				if mt.times[u.data] == 0 {
					return true
				}
			}
		}
		return false
	})
	switch {
	case !m.report && (err == nil && first >= 0 || err != nil && first < 0 && m.exact(batch)):
		m.t.Errorf("the answer is error %v, and record %d is the first needed", err, first)
	case err == nil && first >= 0 && m.through(batch, answer) > first:
		m.t.Errorf("the answer %s passes over record %d", answer, first)
	case err == nil && m.report && first >= 0 && m.through(batch, answer) != first && m.exact(batch):
		m.t.Errorf("the answer %s stops before record %d, the first that is needed", answer, first)
	}
}

// exact reports whether the function can know what the targets have: no memory was
// lost in a crash, no answer on the way, and no part of an aggregate came before.
func (m *model) exact(batch []modelRecord) bool {
	for _, mt := range m.targets {
		if mt.lost {
			return false
		}
	}
	return m.crashes == 0 && !slices.ContainsFunc(batch, func(r modelRecord) bool { return r.kpl })
}

// check checks what a target has in the end.
func (m *model) check(mt *modelTarget) {
	place := map[string]int{}
	for i, data := range mt.order {
		place[data] = i
	}
	for shard, recs := range m.shards {
		last := map[string]int{}
		for _, r := range recs {
			for _, u := range r.want(&mt.spec) {
				at, ok := place[u.data]
				if !ok {
					m.t.Errorf("target %s never got record %s of %s", mt.spec.ID, r.seq, shard)
					continue
				}
				if !mt.spec.Parallel && at < last[u.key] {
					m.t.Errorf("target %s got record %s of %s, %s, after a later one of %s", mt.spec.ID, r.seq, shard, u.data, u.key)
				}
				last[u.key] = at
				// A part of an aggregate comes again if another part failed.
				if n := mt.times[u.data]; n > 1 && m.crashes == 0 && !mt.lost && (!r.kpl || !mt.spec.Deaggregate) {
					m.t.Errorf("target %s got record %s of %s %d times", mt.spec.ID, r.seq, shard, n)
				}
			}
		}
	}
}

func (m *model) event(shard string, batch []modelRecord) []byte {
	var recs []string
	for _, r := range batch {
		key, data := r.data()
		recs = append(recs, fmt.Sprintf(`{"eventSource":"aws:kinesis","eventSourceARN":%q,"eventID":"%s:%s","kinesis":`+
			`{"partitionKey":%q,"sequenceNumber":%q,"data":%q,"approximateArrivalTimestamp":1763800000.1}}`,
			modelStream, shard, r.seq, key, r.seq, base64.StdEncoding.EncodeToString(data)))
	}
	return []byte(`{"Records":[` + strings.Join(recs, ",") + `]}`)
}
