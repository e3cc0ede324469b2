package ledgermodel

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"fanout/internal/testing/functionmodel"
	"fanout/internal/testing/kpl"
	"fanout/internal/testing/modelkit"
	"fanout/sinks"
	"fanout/sinks/builtin"
)

// world is a stream, its targets, and the processes of the function that share a ledger.
type world struct {
	*modelkit.Judge
	Sabotage
	program functionmodel.Program

	batchItemFailures bool // the answer names failed records
	ledgerFails       bool // at times
	intruder          bool // writes the ledger
	replayed          bool // the stream is read a second time, by targets with another epoch
	targets           []*modelTarget
	shards            []shard

	mu     sync.Mutex // of all below, and of targets
	draw   *modelkit.Draw
	faults int // still to come
	free   []*process
	table  map[string]map[string]item // by shard and batch
}

// shard is a shard of the stream. A mapping with a ParallelizationFactor reads its groups of keys at
// the same time.
type shard struct {
	id     string
	groups [][]aggregate
}

// aggregate is a source record that holds several user records.
type aggregate struct {
	seq, key string
	users    []kpl.User // their data names them
}

// modelTarget is a target, and the oracle's account of its records.
type modelTarget struct {
	spec      sinks.Spec
	arrivals  map[string]int // how often a part came
	firsts    []string       // parts in the order in which they first came
	lastPlace map[string]int // the number of the arrival that was a part's last
	total     int            // arrivals
	mayRepeat map[string]bool
}

const stream = "arn:aws:kinesis:eu-west-1:123456789012:stream/ledger"

func newWorld(j *modelkit.Judge, d *modelkit.Draw, s Sabotage, p functionmodel.Program) *world {
	w := &world{
		Judge: j, Sabotage: s, program: p, draw: d, table: map[string]map[string]item{},
		batchItemFailures: d.OneIn(2), faults: d.IntN(40), replayed: d.OneIn(2),
	}
	w.ledgerFails = d.OneIn(3) && s == Sabotage{}
	w.intruder = d.OneIn(4) && s == Sabotage{}
	for i := range 2 + d.IntN(3) {
		w.targets = append(w.targets, newTarget(sinks.Spec{
			SourceARN: stream, ID: fmt.Sprint("t", i), Type: builtin.Type("kinesis"), Active: true,
			Collapse: sinks.CollapseNone, Deaggregate: true, Parallel: d.OneIn(2),
		}))
	}
	for i := range 1 + d.IntN(2) {
		w.shards = append(w.shards, w.drawShard(i))
	}
	for range 4 {
		w.free = append(w.free, w.start())
	}
	return w
}

// newTarget returns a target that has nothing.
func newTarget(spec sinks.Spec) *modelTarget {
	return &modelTarget{spec: spec, arrivals: map[string]int{}, lastPlace: map[string]int{}, mayRepeat: map[string]bool{}}
}

// target returns the target with an id.
func (w *world) target(id string) *modelTarget {
	return w.targets[slices.IndexFunc(w.targets, func(t *modelTarget) bool { return t.spec.ID == id })]
}

func (w *world) drawShard(i int) shard {
	d := w.draw
	s := shard{fmt.Sprintf("shardId-%012d", i), make([][]aggregate, 1+d.IntN(3))}
	for n := range d.IntN(40) {
		key := d.IntN(6)
		group := key % len(s.groups)
		a := aggregate{seq: fmt.Sprint(95 + n + 1000*i), key: fmt.Sprint("key", key)}
		for k := range 1 + d.IntN(3) {
			key := group + len(s.groups)*d.IntN(3)
			a.users = append(a.users, kpl.User{Key: fmt.Sprint("key", key), Data: fmt.Sprintf("%s/%s/%d", s.id, a.seq, k)})
		}
		s.groups[group] = append(s.groups[group], a)
		w.Count("source records", 1)
	}
	return s
}

func (w *world) run() {
	w.read()
	w.judgeTable()
	if !w.replayed {
		return
	}
	w.Count("replays", 1)
	for i, t := range w.targets {
		spec := t.spec
		spec.Epoch = "2"
		w.targets[i] = newTarget(spec)
	}
	w.mu.Lock()
	w.free = nil // a new process knows the new targets at once
	w.mu.Unlock()
	w.read()
}

// read reads the stream to its end, and judges the targets.
func (w *world) read() {
	var wg sync.WaitGroup
	for _, s := range w.shards {
		for _, records := range s.groups {
			wg.Go(func() {
				for len(records) > 0 {
					n := min(len(records), 1+w.random(12))
					w.deliver(s.id, records[:n])
					records = records[n:]
				}
			})
		}
	}
	wg.Wait()
	for _, t := range w.targets {
		w.judgeTarget(t)
	}
}

func (w *world) random(n int) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.draw.IntN(n)
}

// maxAttempts is the number of attempts after which a batch must be done.
const maxAttempts = 200

// deliver sends a batch until it is done.
func (w *world) deliver(shard string, batch []aggregate) {
	for attempts := 0; len(batch) > 0; attempts++ {
		if attempts > maxAttempts {
			w.Broken(done, "%d records of %s are not done after %d attempts", len(batch), shard, attempts)
			return
		}
		if attempts > 0 {
			w.Count("retries", 1)
		}
		answer, err := w.invoke(shard, batch)
		if err == nil {
			batch = batch[passed(batch, answer):]
		} else if len(batch) > 1 && w.random(3) == 0 {
			w.Count("bisects", 1)
			w.deliver(shard, batch[:len(batch)/2])
			batch = batch[len(batch)/2:]
		}
	}
}

// passed returns how many records of a batch an answer lets pass.
func passed(batch []aggregate, data []byte) int {
	var answer struct {
		BatchItemFailures []struct{ ItemIdentifier string }
	}
	if json.Unmarshal(data, &answer) != nil || len(answer.BatchItemFailures) == 0 {
		return len(batch)
	}
	return slices.IndexFunc(batch, func(a aggregate) bool { return a.seq == answer.BatchItemFailures[0].ItemIdentifier })
}

// invoke invokes a free process. A process that crashes is not free again.
func (w *world) invoke(shard string, batch []aggregate) ([]byte, error) {
	w.Count("invocations", 1)
	p := w.pick()
	ctx, cancel := context.WithTimeout(w.T.Context(), 20*time.Second)
	defer cancel()
	answer, err := p.Invoke(ctx, event(shard, batch))
	w.mu.Lock()
	defer w.mu.Unlock()
	if p.crashed {
		return nil, errCrash
	}
	w.free = append(w.free, p)
	return answer, err
}

// pick returns a free process for an invocation. It starts some, so that there is a choice.
func (w *world) pick() *process {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.free) < 2 {
		w.free = append(w.free, w.start())
	}
	k := w.draw.IntN(len(w.free))
	p := w.free[k]
	w.free = slices.Delete(w.free, k, k+1)
	p.accepted = nil
	return p
}

// event returns an event of Kinesis.
func event(shard string, batch []aggregate) []byte {
	records := make([]string, len(batch))
	for i, a := range batch {
		records[i] = fmt.Sprintf(`{"eventSource":"aws:kinesis","eventSourceARN":%q,"eventID":"%s:%s","kinesis":{"partitionKey":%q,"sequenceNumber":%q,"data":%q}}`,
			stream, shard, a.seq, a.key, a.seq, base64.StdEncoding.EncodeToString(kpl.Aggregate(a.users...)))
	}
	return []byte(`{"Records":[` + strings.Join(records, ",") + `]}`)
}
