package lambda

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"fanout/engine"
	"fanout/engine/enginetest"
	"fanout/lambda/envelope"
	"fanout/lambda/event"
	"fanout/lambda/target"
	"fanout/sinks"
	sqssink "fanout/sinks/sqs"
)

// modelTarget is a target: the behavior of its service, and the records it accepted.
type modelTarget struct {
	source *modelSource
	spec   sinks.Spec
	faulty bool // its configuration is
	limits engine.Limits
	most   int     // bytes of a message of several records, which limits do not tell; 0: any
	fifo   bool    // the service drops messages whose deduplication id it has seen
	rate   float64 // of requests that something befalls
	worst  int     // how often it befalls requests that begin with the same record

	attempts map[string]int  // by the first token of a request
	times    map[string]int  // by token: how often it came, here or to onFailure
	place    map[string]int  // by token: when it first came here
	latest   map[string]int  // by token: when it last came here
	came     int             // here
	diverted map[string]bool // by token: it came to onFailure
	seen     map[string]bool
	acked    map[string]int               // by token: the round in which the service acknowledged it
	excused  map[string]int               // by token: how often it may have come again
	held     map[*modelRecord]engine.Held // the parts that the function knows the target has
	large    map[string]bool              // by token: the service called it too large
	round    int                          // the last in which something befell a request
	hanging  int                          // requests that do not heed their deadline
}

// String names the target and its source.
func (t *modelTarget) String() string {
	return fmt.Sprintf("%s of %s", t.spec.ID, t.source.arn[strings.LastIndexByte(t.source.arn, ':')+1:])
}

func (m *model) newTargets(s *modelSource) {
	n := 1 + m.rnd.IntN(5)
	for i := range n {
		t := m.newTarget(s, fmt.Sprint("t", i))
		if n > 1 && m.chance(3) {
			t.spec.OnFailure = fmt.Sprint("t", (i+1+m.rnd.IntN(n-1))%n)
			if m.chance(2) {
				t.spec.MaxAge = 1 + m.rnd.IntN(200)
			}
		}
		if i > 0 && m.chance(5) {
			t.spec.Active = false // it may still be another's onFailure
		}
		l := target.Loaded{ID: t.spec.ID, Spec: t.spec}
		if t.faulty = m.chance(25); t.faulty {
			l.Faults = []target.Fault{{Where: "model", Target: l.ID, Attribute: "type", Text: "is none"}}
		}
		s.specs = append(s.specs, l)
		s.targets[l.ID] = t
	}
}

func (m *model) newTarget(s *modelSource, id string) *modelTarget {
	t := &modelTarget{
		source: s, attempts: map[string]int{}, times: map[string]int{}, place: map[string]int{}, latest: map[string]int{}, diverted: map[string]bool{}, seen: map[string]bool{},
		acked: map[string]int{}, excused: map[string]int{}, held: map[*modelRecord]engine.Held{}, large: map[string]bool{},
		rate: []float64{0, 0, 0.02, 0.1, 0.5}[m.rnd.IntN(5)], worst: 1 + m.rnd.IntN(6), fifo: m.chance(4),
		spec: sinks.Spec{
			SourceARN: s.arn, ID: id, Type: sinks.Kinesis, Active: true, Collapse: sinks.CollapseNone,
			Parallel: m.chance(2), Deaggregate: m.chance(2), ConvertDDB: m.chance(2), AppendNewlines: m.chance(4),
			DropOversize: m.chance(4), InFlight: m.rnd.IntN(4) * m.rnd.IntN(2),
		},
		limits: engine.Limits{Records: m.rnd.IntN(9), OnePerKey: m.chance(2)},
	}
	if m.alike && t.fifo { // targets of several sources that write to one queue
		if m.queues[id] == nil {
			m.queues[id] = t.seen
		}
		t.seen = m.queues[id]
	}
	if m.chance(4) {
		t.spec.Type = sinks.SQS
		t.spec.Collapse = []sinks.Collapse{sinks.CollapseJSON, sinks.CollapseConcat, sinks.CollapseConcatB64}[m.rnd.IntN(3)]
		t.spec.Deaggregate = true
	}
	if s.kind == event.DynamoDB && t.spec.Type == sinks.Kinesis && m.chance(3) {
		t.spec.Type, t.spec.Parallel = sinks.Redis, false // as it keeps the latest value
	}
	if m.chance(4) {
		t.spec.BatchRecords, t.spec.BatchBytes = m.rnd.IntN(6), m.rnd.IntN(2)*300
	}
	if m.chance(3) {
		t.most = 1 + m.rnd.IntN(200)
	}
	if m.chance(4) {
		t.limits.RecordBytes = 40 + m.rnd.IntN(60)
	}
	if m.chance(4) {
		t.limits.Bytes = 120 + m.rnd.IntN(200)
	}
	return t
}

// configured returns the store's targets for s.
func (m *model) configured(s *modelSource) []target.Loaded {
	all := append([]target.Loaded(nil), s.specs...)
	for i := range all {
		all[i].Spec.Parallel = all[i].Spec.Parallel || m.unordered
		if m.bypassing {
			all[i].Spec.OnFailure, all[i].Spec.MaxAge = "", 0
		}
	}
	return all
}

// modelSink is a target's service, as one process of the function sees it.
type modelSink struct {
	m       *model
	process *process
	target  *modelTarget
}

// Limits returns the target's limits.
func (s *modelSink) Limits() engine.Limits { return s.target.limits }

// Sizer counts the data alone.
func (s *modelSink) Sizer() func(*engine.Record) int { return nil }

// befall is an event that may befall a request.
type befall uint8

const (
	throttles befall = iota
	partial
	unavailable
	plainly // an error without a class
	tooLarge
	panicking
	slow
	hangs
	hangsForLong      // it does not heed its deadline
	lost              // it is done, and the connection breaks before the answer
	lostAndHangs      // the same, and the deadline comes
	crashes           // the function's last
	crashesAfterwards // the same, and the service has it
	befalls           // how many there are
)

// Send makes a request, which something may befall.
func (s *modelSink) Send(ctx context.Context, batch []engine.Record) (o engine.Outcome) {
	m, t := s.m, s.target
	defer m.share()()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.process != s.process {
		return engine.Failed(errCrash)
	}
	for i := range batch {
		if t.spec.NeedsImages() && batch[i].Data.IsStandIn() {
			return engine.Failed(engine.Errorf(engine.Refused, "a record has no image"))
		}
	}
	rnd, what := t.draw(m, &batch[0])
	if rnd == nil {
		return s.take(batch, nil)
	}
	t.round = m.round
	wait := func(c <-chan time.Time) error {
		m.mu.Unlock()
		defer m.mu.Lock()
		select {
		case <-c:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	switch what {
	case throttles:
		return engine.Failed(&engine.Error{Class: engine.Throttled, After: time.Duration(rnd.IntN(3)) * time.Second, Err: enginetest.ErrThrottled})
	case partial:
		return s.take(batch, rnd)
	case unavailable:
		return engine.Failed(enginetest.ErrRetryable)
	case tooLarge:
		for _, tok := range tokensOf(string(batch[0].Data.Bytes())) {
			t.large[tok] = t.large[tok] || len(batch) == 1 // once dropped, it may come out of order
		}
		return engine.Failed(enginetest.ErrTooLarge)
	case panicking:
		panic("the model's")
	case slow:
		if err := wait(time.After(time.Duration(rnd.IntN(3000)) * time.Millisecond)); err != nil {
			return engine.Failed(err)
		}
		return s.take(batch, nil)
	case hangs:
		return engine.Failed(wait(nil))
	case hangsForLong:
		t.hanging++
		m.mu.Unlock()
		time.Sleep(15 * time.Second)
		m.mu.Lock()
		t.hanging--
		t.round = m.round // it held up this one until now
		return engine.Failed(enginetest.ErrRetryable)
	case lost, lostAndHangs:
		for i := range batch {
			t.accept(m, &batch[i], false)
		}
		if what == lostAndHangs {
			return engine.Failed(wait(nil))
		}
	case crashes, crashesAfterwards:
		if m.crashes == 0 {
			return engine.Failed(enginetest.ErrRetryable)
		}
		m.crashes--
		if what == crashesAfterwards {
			o = s.take(batch, nil)
		}
		m.crash()
		return engine.Failed(errCrash)
	case plainly, befalls:
	}
	return engine.Failed(enginetest.ErrPlain)
}

// draw decides whether and how a request that begins with first is disturbed.
func (t *modelTarget) draw(m *model, first *engine.Record) (*rand.Rand, befall) {
	id := fmt.Sprint(t.source.arn, t.spec.ID, " ", first.Seq, " ", first.Sub)
	n := t.attempts[id]
	t.attempts[id]++
	if t.rate == 0 || n >= t.worst {
		return nil, 0
	}
	rnd := m.draw(fmt.Sprint(id, " ", n))
	if rnd.Float64() >= t.rate {
		return nil, 0
	}
	return rnd, befall(rnd.IntN(int(befalls)))
}

// take handles a request that arrives. It accepts all records, or with rnd some. If it
// refuses a record and is not OnePerKey, it also refuses later records with the same key.
func (s *modelSink) take(batch []engine.Record, rnd *rand.Rand) (o engine.Outcome) {
	refused := map[string]bool{}
	for i := range batch {
		if r := &batch[i]; s.target.most > 0 && len(r.Parts()) > 1 && r.Data.Len() > s.target.most {
			return engine.Failed(enginetest.ErrTooLarge)
		}
	}
	for i := range batch {
		r := &batch[i]
		if rnd != nil && rnd.IntN(3) == 0 || refused[r.Lane+r.Key] {
			if s.m.lying {
				continue
			}
			refused[r.Lane+r.Key] = !s.target.limits.OnePerKey
			o.Fail(i, []error{enginetest.ErrRetryable, enginetest.ErrThrottled, enginetest.ErrPermanent, enginetest.ErrPlain}[rnd.IntN(4)])
			continue
		}
		s.target.accept(s.m, r, true)
	}
	return o
}

// accept takes one of the target's own records, or an envelope. With heard false the
// function does not learn of it.
func (t *modelTarget) accept(m *model, r *engine.Record, heard bool) {
	data, own := string(r.Data.Bytes()), t
	tokens := tokensOf(data)
	if strings.HasPrefix(data, `{"fanout":`) {
		e, err := envelope.Parse([]byte(data))
		if err != nil {
			m.t.Errorf("target %s got an envelope that cannot be read: %v", t, err)
			return
		}
		if own = t.source.targets[e.Target]; own.spec.OnFailure != t.spec.ID {
			m.t.Errorf("target %s got an envelope of %s, whose onFailure it is not", t, e.Target)
		}
		m.checkEnvelope(own, &e)
		if tokens = tokensOf(string(e.Data)); tokens == nil {
			tokens = m.records[string(e.Event)].tokens()
		}
	} else if want, ok := t.wants(r, m.record(r)); ok && want != data {
		m.t.Errorf("target %s got %q of record %s; want %q", t, data, r.Seq, want)
	}
	m.checkKey(t, r)
	again := false
	if t.fifo {
		id := t.dedupID(m, r)
		again = t.seen[id]
		t.seen[id] = true
	}
	for _, tok := range tokens {
		if heard {
			own.acked[tok] = m.round
		}
		if again {
			continue
		}
		if own != t {
			own.diverted[tok] = true
		} else {
			t.came++
			t.latest[tok] = t.came
		}
		if own.times[tok]++; own.times[tok] == 1 && own == t {
			t.place[tok] = len(t.place)
		}
		if !heard {
			own.excused[tok]++
		}
	}
}

// idReader is a queue's client that keeps the deduplication id of the last message.
type idReader struct{ id string }

func (d *idReader) SendMessageBatch(_ context.Context, in *sqs.SendMessageBatchInput, _ ...func(*sqs.Options)) (*sqs.SendMessageBatchOutput, error) {
	d.id = *in.Entries[0].MessageDeduplicationId
	return &sqs.SendMessageBatchOutput{}, nil
}

// dedupID is the deduplication id that the function gives r in a FIFO queue.
func (t *modelTarget) dedupID(m *model, r *engine.Record) string {
	var d idReader
	sqssink.New(&d, "https://host/queue.fifo", fromSource(&t.spec)).Send(m.t.Context(), []engine.Record{*r})
	return d.id
}

// checkKey checks that no other item has the key of r.
func (m *model) checkKey(t *modelTarget, r *engine.Record) {
	src := m.record(r)
	if src == nil || src.source.kind != event.DynamoDB || src.flaw == unreadable {
		return
	}
	if item, ok := m.items[r.Key]; ok && item != src.key {
		m.t.Errorf("target %s got %q as the key of two items, %q and %q", t, r.Key, item, src.key)
	}
	m.items[strings.Clone(r.Key)] = src.key
}

// wants returns the data that t should get of a record, if the record comes alone.
func (t *modelTarget) wants(r *engine.Record, source *modelRecord) (data string, ok bool) {
	if t.spec.Collapse != sinks.CollapseNone {
		return "", false
	}
	parts := t.parts(source)
	return parts[min(r.Sub, len(parts)-1)].data, true
}

// takesApart reports whether t gets the user records of r, an aggregate. One that is
// broken passes as it is.
func (t *modelTarget) takesApart(r *modelRecord) bool {
	return r.kpl && t.spec.Deaggregate && r.flaw != broken
}

// key is the key that u, a user record of r, has at t.
func (t *modelTarget) key(r *modelRecord, u modelUser) string {
	if t.takesApart(r) {
		return u.key
	}
	return r.key
}

// parts lists the parts of a source record that t should get after its stages.
func (t *modelTarget) parts(r *modelRecord) []modelUser {
	parts := []modelUser{{key: r.key, data: r.data()}}
	if t.takesApart(r) {
		parts = append([]modelUser(nil), r.users...)
	}
	for i := range parts {
		p := &parts[i]
		if r.source.kind == event.DynamoDB && t.spec.ConvertDDB {
			p.data = fmt.Sprintf(`{"id":%q,"n":%q}`, r.pk, r.users[0].token)
		}
		if t.spec.AppendNewlines {
			p.data = strings.TrimSuffix(p.data, "\n") + "\n"
		}
	}
	return parts
}

// tokens lists the tokens in part k of a source record.
func (t *modelTarget) tokens(r *modelRecord, k int) []string {
	if t.takesApart(r) {
		return []string{r.users[k].token}
	}
	return r.tokens()
}

// tokens lists the tokens in a source record.
func (r *modelRecord) tokens() (all []string) {
	for _, u := range r.users {
		all = append(all, u.token)
	}
	return all
}
