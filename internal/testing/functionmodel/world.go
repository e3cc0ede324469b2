package functionmodel

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"fanout/internal/testing/modelkit"
	"fanout/lambda/dedup"
	"fanout/lambda/event"
	"fanout/sinks"
)

// world is the sources, their records and targets, and the function.
type world struct {
	*modelkit.Judge
	*modelkit.Draw // for the main goroutine; others use For
	Sabotage
	program Program

	batchItemFailures bool // the answer names failed records
	inFlight          int  // requests
	remembered        int  // records that the function can remember
	sameNumbers       bool // sources number their shards and records alike
	sources           []*source
	records           map[string]*sourceRecord // by their text in an event
	names             map[string]*sourceRecord // by the names of their user records

	mu          sync.Mutex // of all below, and of the accounts of targets
	process     *process   // nil after a crash
	crashesLeft int
	crashed     int
	round       int
	results     []Result                     // of the round
	queueIDs    map[string]map[string]string // by id of the target: seenIDs of a service that sources share
	items       map[string]string            // by record key: the DynamoDB item that has it
	objects     objects                      // of the bucket for records that are too large
	slot        chan struct{}                // for the sabotage Shared
}

func newWorld(j *modelkit.Judge, d *modelkit.Draw, s Sabotage, p Program) *world {
	w := &world{
		Judge: j, Draw: d, Sabotage: s, program: p, inFlight: 1000, remembered: dedup.MaxRemembered,
		records: map[string]*sourceRecord{}, names: map[string]*sourceRecord{}, queueIDs: map[string]map[string]string{}, items: map[string]string{}, objects: objects{}, slot: make(chan struct{}, 1),
	}
	w.batchItemFailures = !d.OneIn(3)
	w.crashesLeft = d.IntN(2) * d.IntN(6)
	w.sameNumbers = d.OneIn(2)
	if d.OneIn(4) {
		w.remembered = d.IntN(20)
	}
	for i := range 1 + d.IntN(2)*d.IntN(3) {
		w.sources = append(w.sources, w.drawSource(i))
	}
	if len(w.sources) == 1 { // targets of several sources are not isolated from each other
		w.inFlight = 6*len(w.sources[0].targets) + d.IntN(32)
	}
	return w
}

// now returns a Draw for something that happens once a round at most.
func (w *world) now(what, where string) *modelkit.Draw {
	return w.For(fmt.Sprint(what, where, w.round))
}

// source returns the source with an ARN.
func (w *world) source(arn string) *source {
	return w.sources[slices.IndexFunc(w.sources, func(s *source) bool { return s.arn == arn })]
}

// run runs rounds until every record is delivered or given up.
func (w *world) run() {
	w.start()
	defer func() { w.process.kill() }()
	var open []*reader
	for _, s := range w.sources {
		open = append(open, s.readers...)
		w.countSource(s)
	}
	for {
		open = slices.DeleteFunc(open, func(r *reader) bool { return len(r.rest) == 0 })
		if len(open) == 0 {
			break
		}
		if !w.playRound(w.drawInvocations(open)) {
			return
		}
		time.Sleep(time.Duration(w.IntN(1000)) * time.Millisecond)
	}
	for _, s := range w.sources {
		for _, t := range s.targets {
			w.judgeEnd(t)
		}
	}
	time.Sleep(time.Minute) // requests that hang return
}

// playRound runs some invocations at the same time, judges their reports and
// answers, and applies the answers. It reports whether the world is to go on.
func (w *world) playRound(all []*invocation) bool {
	w.invoke(all)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.process != nil && w.crashesLeft > 0 && w.OneIn(30) { // after the last request, before the answer
		w.crash()
	}
	if w.process == nil {
		w.start()
		for _, v := range all {
			w.failAll(v)
		}
		return true
	}
	lacking := w.judgeReports(all)
	for _, v := range all {
		w.spoilAnswer(v)
		w.judgeAnswer(v, lacking)
		if !w.apply(v) {
			return false
		}
	}
	return true
}

func (w *world) countSource(s *source) {
	w.Count("sources", 1)
	w.Count("targets", len(s.targets))
	for _, r := range s.readers {
		w.Count("source records", len(r.all))
		if s.fifo() {
			w.Count("messages of FIFO queues", len(r.all))
		} else if s.kind == event.SQS {
			w.Count("messages of standard queues", len(r.all))
		} else if s.kind == event.Kafka {
			w.Count("records of Kafka", len(r.all))
		}
	}
	for _, t := range s.targets {
		for what, has := range t.traits() {
			if has {
				w.Count(what, 1)
			}
		}
	}
}

// traits returns what a target may have, in the words of the model's counts.
func (t *modelTarget) traits() map[string]bool {
	return map[string]bool{
		"faulty targets":                      t.faulty,
		"targets with order: request":         t.spec.OrderRequests,
		"targets with lanes":                  t.spec.Lanes > 1,
		"targets with a key":                  t.spec.Key != "",
		"targets with onFailure":              t.spec.OnFailure != "",
		"targets with transform":              t.spec.Transform != "",
		"targets with decompress":             t.spec.Decompress != "",
		"targets with compress":               t.spec.Compress != "",
		"targets with envelope cloudevents":   t.spec.Envelope == sinks.EnvelopeCloudEvents,
		"targets with envelope debezium":      t.spec.Envelope == sinks.EnvelopeDebezium,
		"targets of type " + t.spec.Type.Name: true,
		"targets with view " + t.spec.View:    t.spec.View != "",
	}
}
