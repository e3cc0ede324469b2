package functionmodel

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"time"

	"fanout/lambda/event"
)

// invocation is an invocation of the function with an event, which holds the batches of some
// readers.
type invocation struct {
	readers []*reader
	records []*sourceRecord // of the event, in order
	answer  []byte
	err     error
	late    time.Duration // behind its deadline
}

// drawInvocations draws invocations that are under way at the same time. Most hold one batch, as
// from Lambda; some hold several.
func (w *world) drawInvocations(open []*reader) (all []*invocation) {
	for _, i := range w.Perm(len(open))[:min(len(open), 1+w.IntN(3))] {
		r := open[i]
		w.drawBatch(r)
		if len(all) > 0 && w.OneIn(2) && all[len(all)-1].canHold(r) {
			last := all[len(all)-1]
			last.readers = append(last.readers, r)
			continue
		}
		all = append(all, &invocation{readers: []*reader{r}})
	}
	for _, v := range all {
		w.mix(v)
		w.receive(v)
	}
	return all
}

// canHold reports whether r's batch can be in the same event. An event of DynamoDB does not name
// the shard, so it has records of one shard only. An event of a queue or of Kafka has no other source.
func (v *invocation) canHold(r *reader) bool {
	return !slices.ContainsFunc(v.readers, func(o *reader) bool {
		if o.source != r.source {
			return r.source.sameNumbers || o.source.alone() || r.source.alone()
		}
		return o.shard == r.shard || r.source.kind != event.Kinesis && r.source.kind != event.Kafka && !r.source.fifo()
	})
}

// alone reports whether events with records of s have no other source.
func (s *source) alone() bool { return s.kind == event.SQS || s.kind == event.Kafka }

// mix shuffles the batches into one event. Each batch keeps its order.
func (w *world) mix(v *invocation) {
	next := make([]int, len(v.readers))
	for {
		var unfinished []int
		for i, r := range v.readers {
			if next[i] < r.size {
				unfinished = append(unfinished, i)
			}
		}
		if len(unfinished) == 0 {
			return
		}
		i := unfinished[w.IntN(len(unfinished))]
		v.records = append(v.records, v.readers[i].batch()[next[i]])
		next[i]++
	}
}

// event returns the event as JSON.
func (v *invocation) event() []byte {
	if v.records[0].source.kind == event.Kafka {
		return v.kafkaEvent()
	}
	texts := make([]string, len(v.records))
	for i, r := range v.records {
		texts[i] = r.text()
	}
	return []byte(`{"Records":[` + strings.Join(texts, ",") + `]}`)
}

// invoke runs invocations at the same time.
func (w *world) invoke(all []*invocation) {
	w.mu.Lock()
	w.round++
	w.results = nil
	p := w.process
	w.mu.Unlock()
	var wg sync.WaitGroup
	for _, v := range all {
		w.Count("invocations", 1)
		w.Count("batches", len(v.readers))
		wg.Go(func() {
			deadline := time.Now().Add(10 * time.Second)
			ctx, cancel := p.until(deadline.Add(w.lateness()))
			defer cancel()
			v.answer, v.err = p.Invoke(ctx, v.event())
			v.late = time.Since(deadline)
		})
	}
	wg.Wait()
}

// maxAttempts is the number of attempts after which a batch must be done.
const maxAttempts = 300

// apply applies the answer to the batches of v. It reports false if a batch is never done.
func (w *world) apply(v *invocation) bool {
	for _, r := range v.readers {
		if r.failed > maxAttempts {
			w.Broken(onTime, "a batch of %s is not done after %d attempts", r.source.arn, r.failed)
			return false
		}
	}
	if v.err != nil {
		w.failAll(v)
		return true
	}
	named := w.named(v)
	for _, r := range v.readers {
		if r.source.kind == event.SQS {
			w.settle(r, func(rec *sourceRecord) bool { return slices.Contains(named, rec.id) })
			continue
		}
		r.advance(w.passed(v, r))
		if r.size > 0 {
			w.fail(r, false)
		}
	}
	return true
}

// failAll fails all batches of v. A batch that was alone may be sent in halves.
func (w *world) failAll(v *invocation) {
	for _, r := range v.readers {
		if r.source.kind == event.SQS {
			w.settle(r, func(*sourceRecord) bool { return true })
			continue
		}
		w.fail(r, len(v.readers) == 1)
	}
}

// passed returns how many records of r's batch the answer lets pass.
func (w *world) passed(v *invocation, r *reader) int {
	named := w.named(v)
	first := slices.IndexFunc(r.batch(), func(rec *sourceRecord) bool { return slices.Contains(named, rec.seq) })
	if first < 0 {
		return r.size
	}
	return first
}

// named returns the sequence numbers that the answer names.
func (w *world) named(v *invocation) (seqs []string) {
	var answer struct {
		BatchItemFailures []struct{ ItemIdentifier json.RawMessage }
	}
	if err := json.Unmarshal(v.answer, &answer); err != nil {
		w.T.Fatalf("the answer is %s: %v", v.answer, err)
	}
	for _, f := range answer.BatchItemFailures {
		name, err := itemName(f.ItemIdentifier)
		if err != nil {
			w.T.Fatalf("the answer is %s: %v", v.answer, err)
		}
		seqs = append(seqs, name)
	}
	return seqs
}
