package lambda

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
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
	"fanout/engine/enginetest"
	"fanout/lambda/dedup"
	"fanout/lambda/dedup/ledger"
	"fanout/lambda/event"
	"fanout/lambda/metrics"
	"fanout/lambda/target"
	"fanout/sinks"
)

// TestLedgerModel runs instances of the function that share a ledger. A mapping with a
// parallelization factor sends each attempt to any of them, with random faults. No record
// is lost, ordered keys stay in order, and no older value of a key replaces a newer one. A
// part of a record comes twice only if the instance that sent it crashed, if its target's
// or the ledger's answer was lost, or if an intruder wrote the ledger.
func TestLedgerModel(t *testing.T) {
	seed := *modelSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	begun := time.Now()
	for i := 0; i < *modelRuns || time.Since(begun) < *modelTime; i++ {
		if !t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { newFleet(t, seed, fleetSabotage{}).run() })
		}) {
			t.Fatalf("go test ./lambda -run '^TestLedgerModel$' -model.runs 1 -count 5 -model.seed %d", seed)
		}
		seed++
	}
}

// The model notices when a guarantee is broken.
func TestLedgerModelNotices(t *testing.T) {
	for name, c := range map[string]struct {
		fleetSabotage
		notice string
	}{
		"the ledger forgets":              {fleetSabotage{forgets: true}, "times"},
		"an entry says more than is true": {fleetSabotage{lies: true}, "never got"},
	} {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(500) {
				n := fleetNotices{T: t}
				synctest.Test(t, func(t *testing.T) {
					n.T = t
					newFleet(&n, seed, c.fleetSabotage).run()
				})
				if slices.ContainsFunc(n.texts, func(text string) bool { return strings.Contains(text, c.notice) }) {
					return
				}
			}
			t.Errorf("not noticed in 500 runs; want %q", c.notice)
		})
	}
}

// fleetNotices collects the violations that a fleet finds.
type fleetNotices struct {
	*testing.T
	texts []string
}

func (n *fleetNotices) Errorf(format string, args ...any) {
	n.texts = append(n.texts, fmt.Sprintf(format, args...))
}

type fleetJudge interface {
	Context() context.Context
	Errorf(format string, args ...any)
}

// fleetSabotage breaks a guarantee, to see whether the model notices.
type fleetSabotage struct {
	forgets bool // nothing is written
	lies    bool // each target has every record that some target has
}

// fleet is the function's instances and the mapping that invokes them.
type fleet struct {
	t fleetJudge
	fleetSabotage
	report  bool // batchItemFailures
	unsure  bool // the ledger fails at times
	poison  bool // an intruder writes the ledger
	replay  bool // in the end the stream is read again, and the targets have another epoch
	specs   []sinks.Spec
	targets map[string]*fleetTarget
	shards  [][][]fleetRecord // by shard and group of keys

	mu     sync.Mutex // of all below
	rnd    *rand.Rand
	faults int // still to come
	free   []*instance
	items  map[string]map[string]map[string]ledgerValue // by shard and batch
}

// fleetRecord is an aggregate.
type fleetRecord struct {
	seq, key string
	users    []modelUser
}

// fleetTarget holds the records that a target has accepted.
type fleetTarget struct {
	spec    sinks.Spec
	times   map[string]int // by data
	order   []string       // of first arrivals
	latest  map[string]int // by data: when it last came
	came    int
	excused map[string]bool // may come again
}

// instance is one process of the function.
type instance struct {
	fleet    *fleet
	handler  *Handler
	dead     bool
	accepted []func() // functions that excuse each record accepted in this invocation
}

func newFleet(t fleetJudge, seed uint64, s fleetSabotage) *fleet {
	rnd := rand.New(rand.NewPCG(seed, 1))
	f := &fleet{t: t, fleetSabotage: s, rnd: rnd, report: rnd.IntN(2) == 0, faults: rnd.IntN(40),
		unsure: s == fleetSabotage{} && rnd.IntN(3) == 0, targets: map[string]*fleetTarget{},
		items: map[string]map[string]map[string]ledgerValue{}}
	f.poison = s == fleetSabotage{} && rnd.IntN(4) == 0
	f.replay = rnd.IntN(2) == 0
	for i := range 2 + rnd.IntN(3) {
		spec := sinks.Spec{SourceARN: fleetStream, ID: fmt.Sprint("t", i), Type: sinks.Kinesis, Active: true,
			Collapse: sinks.CollapseNone, Deaggregate: true, Parallel: rnd.IntN(2) == 0}
		f.specs = append(f.specs, spec)
	}
	f.empty()
	for shard := range 1 + rnd.IntN(2) {
		groups := make([][]fleetRecord, 1+rnd.IntN(3))
		for i := range rnd.IntN(40) {
			key := rnd.IntN(6)
			g := key % len(groups)
			r := fleetRecord{seq: fmt.Sprint(95 + i + 1000*shard), key: fmt.Sprint("key", key)}
			for k := range 1 + rnd.IntN(3) { // with keys of the same group
				key := g + len(groups)*rnd.IntN(3)
				r.users = append(r.users, modelUser{key: fmt.Sprint("key", key), data: fmt.Sprintf("shardId-%012d/%s/%d", shard, r.seq, k)})
			}
			groups[g] = append(groups[g], r)
		}
		f.shards = append(f.shards, groups)
	}
	for range 4 {
		f.free = append(f.free, f.start())
	}
	return f
}

const fleetStream = "arn:aws:kinesis:eu-west-1:123456789012:stream/fleet"

// start makes an instance, which remembers nothing.
func (f *fleet) start() *instance {
	o := DefaultOptions()
	o.Metrics, o.LedgerTable, o.ReportBatchItemFailures = metrics.ModeNone, "ledger", f.report
	h, err := New(o, aws.Config{}, zap.NewNop())
	if err != nil {
		f.t.Errorf("%v", err)
		return nil
	}
	in := &instance{fleet: f, handler: h}
	h.known = dedup.Stores{dedup.NewMemory(), &dedup.Shared{
		Table: &ledger.Table{Client: &fleetLedger{in}, Name: "ledger"}, Function: o.FunctionName, Log: zap.NewNop(),
	}}
	h.store = fleetStore(f.specs)
	limit := 1 + f.rnd.IntN(8)
	h.openSink = func(_ *accounts, t *sinks.Spec, _ event.Kind) (engine.Sink, error) {
		ft := f.targets[t.ID]
		return &enginetest.Sink{
			Bounds: engine.Limits{Records: limit, OnePerKey: true},
			Whole:  func(ctx context.Context, batch []engine.Record) error { return in.whole(ctx, ft, batch) },
			Script: func(a enginetest.Attempt) error { return in.one(ft, &a.Record) },
		}, nil
	}
	return in
}

// fleetStore is a store of good targets.
type fleetStore []sinks.Spec

func (s fleetStore) Targets(context.Context, string) (set target.Set, err error) {
	for _, t := range s {
		set.Targets = append(set.Targets, target.Loaded{ID: t.ID, Spec: t})
	}
	return set, nil
}

var errInstance = errors.New("the instance is no more")

// whole decides about a request: it may fail, hang, or be the instance's last.
func (in *instance) whole(ctx context.Context, ft *fleetTarget, batch []engine.Record) error {
	f := in.fleet
	f.mu.Lock()
	defer f.mu.Unlock()
	if in.dead {
		return errInstance
	}
	if f.faults == 0 {
		return nil
	}
	p := f.rnd.IntN(100)
	if p < 16 {
		f.faults--
	}
	switch {
	case p < 4:
		return enginetest.ErrThrottled
	case p < 8:
		return enginetest.ErrRetryable
	case p < 11: // it hangs until the deadline
		f.mu.Unlock()
		<-ctx.Done()
		f.mu.Lock()
		return ctx.Err()
	case p < 13: // it is done, and the answer is lost
		for i := range batch {
			in.accept(ft, &batch[i])()
		}
		return enginetest.ErrPlain
	case p < 16:
		in.dead = true
		for _, excuse := range in.accepted {
			excuse()
		}
		return errInstance
	}
	return nil
}

// one decides about a record of a request.
func (in *instance) one(ft *fleetTarget, r *engine.Record) error {
	f := in.fleet
	f.mu.Lock()
	defer f.mu.Unlock()
	if in.dead {
		return errInstance
	}
	if f.faults > 0 && f.rnd.IntN(100) < 5 {
		f.faults--
		return enginetest.ErrPermanent // until Lambda sends it again
	}
	in.accepted = append(in.accepted, in.accept(ft, r))
	return nil
}

// accept takes a record, and returns a function that excuses its repetition.
func (in *instance) accept(ft *fleetTarget, r *engine.Record) (excuse func()) {
	data := string(r.Data.Bytes())
	ft.came++
	ft.latest[data] = ft.came
	if ft.times[data]++; ft.times[data] == 1 {
		ft.order = append(ft.order, data)
	}
	return func() { ft.excused[data] = true }
}

// empty makes the targets new.
func (f *fleet) empty() {
	for _, spec := range f.specs {
		f.targets[spec.ID] = &fleetTarget{spec: spec, times: map[string]int{}, latest: map[string]int{}, excused: map[string]bool{}}
	}
}

func (f *fleet) run() {
	f.read()
	if !f.replay {
		return
	}
	f.specs = slices.Clone(f.specs)
	for i := range f.specs {
		f.specs[i].Epoch = "2"
	}
	f.empty()
	f.mu.Lock()
	f.free = nil // instances know the new targets in time
	f.mu.Unlock()
	f.read()
}

// read is the mapping: each group of each shard in order, all at the same time.
func (f *fleet) read() {
	var wg sync.WaitGroup
	for shard, groups := range f.shards {
		for _, recs := range groups {
			wg.Go(func() {
				for len(recs) > 0 {
					n := min(len(recs), 1+f.random(12))
					f.deliver(fmt.Sprintf("shardId-%012d", shard), recs[:n])
					recs = recs[n:]
				}
			})
		}
	}
	wg.Wait()
	for _, ft := range f.targets {
		f.check(ft)
	}
	if n := len(f.items); n > 0 && f.specs[0].Epoch == "" && !f.unsure && !f.poison && f.crashless() {
		f.t.Errorf("entries of %d shards are left", n)
	}
}

func (f *fleet) random(n int) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.rnd.IntN(n)
}

// crashless reports whether no entry can have been left by an instance that crashed
// after its last record was delivered.
func (f *fleet) crashless() bool {
	return !slices.ContainsFunc(f.specs, func(s sinks.Spec) bool { return len(f.targets[s.ID].excused) > 0 })
}

func (f *fleet) deliver(shard string, batch []fleetRecord) {
	for attempts := 0; len(batch) > 0; attempts++ {
		if attempts > 200 {
			f.t.Errorf("%d records of %s are not through after %d attempts", len(batch), shard, attempts)
			return
		}
		answer, err := f.invoke(shard, batch)
		if err == nil {
			batch = batch[fleetThrough(batch, answer):]
		} else if len(batch) > 1 && f.random(3) == 0 { // bisect
			f.deliver(shard, batch[:len(batch)/2])
			batch = batch[len(batch)/2:]
		}
	}
}

// fleetThrough returns how many records of a batch an answer lets pass.
func fleetThrough(batch []fleetRecord, data []byte) int {
	var a answer
	if json.Unmarshal(data, &a) != nil || len(a.BatchItemFailures) == 0 {
		return len(batch)
	}
	return slices.IndexFunc(batch, func(r fleetRecord) bool { return r.seq == a.BatchItemFailures[0].ItemIdentifier })
}

// invoke invokes an instance that is free. One that crashes is replaced.
func (f *fleet) invoke(shard string, batch []fleetRecord) ([]byte, error) {
	f.mu.Lock()
	for len(f.free) < 2 { // so that it is not always the same
		f.free = append(f.free, f.start())
	}
	k := f.rnd.IntN(len(f.free))
	in := f.free[k]
	f.free = slices.Delete(f.free, k, k+1)
	in.accepted = nil
	f.mu.Unlock()

	ctx, cancel := context.WithTimeout(f.t.Context(), 20*time.Second)
	defer cancel()
	answer, err := in.handler.Invoke(ctx, fleetEvent(shard, batch))
	f.mu.Lock()
	defer f.mu.Unlock()
	if in.dead {
		return nil, errInstance
	}
	f.free = append(f.free, in)
	return answer, err
}

func fleetEvent(shard string, batch []fleetRecord) []byte {
	recs := make([]string, len(batch))
	for i, r := range batch {
		recs[i] = fmt.Sprintf(`{"eventSource":"aws:kinesis","eventSourceARN":%q,"eventID":"%s:%s","kinesis":{"partitionKey":%q,"sequenceNumber":%q,"data":%q}}`,
			fleetStream, shard, r.seq, r.key, r.seq, base64.StdEncoding.EncodeToString(aggregateOf(r.users)))
	}
	return []byte(`{"Records":[` + strings.Join(recs, ",") + `]}`)
}

// check checks the records that a target has in the end.
func (f *fleet) check(ft *fleetTarget) {
	for s, groups := range f.shards {
		for _, recs := range groups {
			last, latest := map[string]int{}, map[string]int{}
			for _, u := range users(recs) {
				at := slices.Index(ft.order, u.data)
				if at < 0 {
					f.t.Errorf("target %s never got %s", ft.spec.ID, u.data)
				}
				if !ft.spec.Parallel && at < last[u.key] {
					f.t.Errorf("target %s got %s after a later one of %s", ft.spec.ID, u.data, u.key)
				}
				if !ft.spec.Parallel && ft.latest[u.data] < latest[u.key] && !f.unsure && !f.poison {
					f.t.Errorf("target %s keeps an older value of %s in shard %d than %s", ft.spec.ID, u.key, s, u.data)
				}
				last[u.key], latest[u.key] = at, ft.latest[u.data]
				if n := ft.times[u.data]; n > 1 && !ft.excused[u.data] && !f.unsure && !f.poison {
					f.t.Errorf("target %s got %s %d times", ft.spec.ID, u.data, n)
				}
			}
		}
	}
}

func users(recs []fleetRecord) (all []modelUser) {
	for _, r := range recs {
		all = append(all, r.users...)
	}
	return all
}
