package functionmodel

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"fanout/engine"
	"fanout/lambda/dedup/ledger"
	"fanout/lambda/target"
	"fanout/sinks"
)

// Program is the program under test.
type Program interface {
	// Start starts a process of the function.
	Start(*Environment) (Function, error)

	// Identity returns how the destination of a target knows records again: the deduplication id
	// of a message of a FIFO queue, the name of an execution, or the key of an object.
	Identity(*sinks.Spec, []engine.Record) string
}

// Function is a process of the function.
type Function interface {
	Invoke(ctx context.Context, event []byte) (answer []byte, err error)
	Forget() // makes the process forget which targets have which records
}

// Environment is the surroundings of a process.
type Environment struct {
	InFlight                int        // requests in flight
	ReportBatchItemFailures bool       // the answer names failed records
	Remembered              int        // records that the process can remember
	Ledger                  ledger.API // of the ledger table; nil: there is none
	Targets                 target.Store
	OpenSink                func(*sinks.Spec) engine.Sink
	OpenStore               func(*sinks.Spec) sinks.Store
	OnResults               func([]Result) // gets the results of each event
}

// Result is the outcome of the records of one source in an event.
type Result struct {
	SourceARN string
	Unclaimed bool            // the source has no targets
	Targets   []sinks.Spec    // in the order of the report
	Records   []engine.Record // valid during OnResults
	Report    *engine.Report
}

// clone returns r with records that outlive the event.
func (r Result) clone() Result {
	r.Records = slices.Clone(r.Records)
	for i := range r.Records {
		rec := &r.Records[i]
		rec.Lane, rec.Raw = strings.Clone(rec.Lane), bytes.Clone(rec.Raw)
	}
	return r
}

// process is a process of the function, from its start to its crash.
type process struct {
	Function
	until func(deadline time.Time) (context.Context, context.CancelFunc) // of an invocation
	kill  context.CancelFunc
}

// start starts a process, as Lambda does at first and after a crash.
func (w *world) start() {
	ctx, kill := context.WithCancel(w.T.Context())
	p := &process{kill: kill, until: func(deadline time.Time) (context.Context, context.CancelFunc) {
		return context.WithDeadline(ctx, deadline)
	}}
	f, err := w.program.Start(&Environment{
		InFlight: w.inFlight, ReportBatchItemFailures: w.batchItemFailures, Remembered: w.remembered,
		Targets: &store{world: w},
		OpenSink: func(t *sinks.Spec) engine.Sink {
			s := &sink{world: w, process: p, target: w.source(t.SourceARN).targets[t.ID]}
			switch {
			case t.Aggregate:
				return newAggregator(s)
			case s.target.is(buckets):
				return &bucket{s}
			}
			return s
		},
		OpenStore: func(t *sinks.Spec) sinks.Store {
			id := strings.TrimSuffix(t.ID, sinks.StoreSuffix)
			return bucketStore{&sink{world: w, process: p, target: w.source(t.SourceARN).targets[id]}}
		},
		OnResults: func(results []Result) {
			w.mu.Lock()
			defer w.mu.Unlock()
			if w.process != p {
				return
			}
			for _, r := range results {
				w.results = append(w.results, r.clone())
			}
		},
	})
	if err != nil {
		kill()
		w.T.Fatal(err)
	}
	p.Function = f
	w.process = p
}

var errCrash = errors.New("the process has crashed")

// crash ends the process. It forgets the records in progress, so each may come to a target once
// more.
func (w *world) crash() {
	w.Count("crashes", 1)
	w.crashesLeft--
	w.crashed++
	w.process.kill()
	w.process = nil
	for _, s := range w.sources {
		for _, t := range s.targets {
			t.allowUnreported(w.round)
			clear(t.held)
			for name := range t.arrivals {
				t.mayRepeat[name]++
			}
		}
	}
}

// allowUnreported allows parts that the function knew t to have, and that came again in this round,
// for order. The crash leaves no report that says so.
func (t *modelTarget) allowUnreported(round int) {
	for r := range t.held {
		parts := t.parts(r)
		for _, p := range parts {
			if !t.holds(r, &p, len(parts)) {
				continue
			}
			for _, name := range p.names {
				if t.acknowledged[name] == round {
					t.allowRepeat(name)
				}
			}
		}
	}
}

// store is the target table, which cannot be read or is empty at times.
type store struct{ *world }

// Targets returns the targets of a source.
func (s *store) Targets(_ context.Context, arn string) (target.Set, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	src := s.source(arn)
	if src.readErrors > 0 && s.now("store", arn).OneIn(10) {
		src.readErrors--
		return target.Set{}, errors.New("the table is away")
	}
	if src.emptyReads > 0 && s.now("empty", arn).OneIn(10) {
		src.emptyReads--
		return target.Set{}, nil
	}
	return target.Set{Targets: s.spoilTargets(src.configuration)}, nil
}
