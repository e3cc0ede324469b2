package tune

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"fanout/engine"
	"fanout/sinks"
)

// Request is one request to a target.
type Request struct {
	Bytes int   // total, as the service counts
	Sizes []int // of its records
}

// TargetShape describes the requests that a batch becomes at one target.
type TargetShape struct {
	ID       string
	Service  string // type of the target, with .fifo if it is FIFO
	Ordered  bool   // one request after another
	InFlight int    // the target's own bound; 0: an even share
	Requests []Request
}

// tape collects the entries of recorders.
type tape struct {
	mu      sync.Mutex
	on      bool
	targets map[string]*TargetShape
	faults  map[string]error // by target: the error of the first request that would have failed
}

// start begins a recording.
func (t *tape) start() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.on, t.targets = true, make(map[string]*TargetShape)
}

// stop ends the recording and returns it. Its order does not depend on the speed of
// requests.
func (t *tape) stop(specs []sinks.Spec) []TargetShape {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.on = false
	shapes := make([]TargetShape, len(specs))
	for i := range specs {
		s := t.targets[specs[i].ID]
		if s == nil {
			s = shapeOf(&specs[i])
		}
		if !s.Ordered {
			slices.SortFunc(s.Requests, func(a, b Request) int {
				return cmp.Or(cmp.Compare(len(b.Sizes), len(a.Sizes)), cmp.Compare(b.Bytes, a.Bytes))
			})
		}
		shapes[i] = *s
	}
	return shapes
}

func shapeOf(t *sinks.Spec) *TargetShape {
	service := t.Type.Name
	if t.Destination.FIFO {
		service += ".fifo"
	}
	return &TargetShape{ID: t.ID, Service: service, Ordered: t.Ordered(), InFlight: t.InFlight}
}

// recorder wraps a sink. It reports every record to the engine as delivered.
type recorder struct {
	engine.Sink
	spec *sinks.Spec
	tape *tape
	http bool // the sink's requests end in Services
}

// around returns a recorder around a sink.
func (t *tape) around(spec *sinks.Spec, s engine.Sink) engine.Sink {
	local := spec.Type.NoAWS
	return &recorder{Sink: s, spec: spec, tape: t, http: !local}
}

// Send makes the request, so that its CPU counts, and records it.
func (r *recorder) Send(ctx context.Context, batch []engine.Record) engine.Outcome {
	var err error
	if r.http {
		o := r.Sink.Send(ctx, batch)
		for i := 0; i < len(batch) && err == nil; i++ {
			err = o.Err(i)
		}
	}
	r.tape.book(r, batch, err)
	return engine.Outcome{}
}

func (t *tape) book(r *recorder, batch []engine.Record, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err != nil && t.faults[r.spec.ID] == nil {
		if t.faults == nil {
			t.faults = make(map[string]error)
		}
		t.faults[r.spec.ID] = err
	}
	if !t.on {
		return
	}
	s := t.targets[r.spec.ID]
	if s == nil {
		s = shapeOf(r.spec)
		t.targets[r.spec.ID] = s
	}
	size := engine.SizerOf(r)
	q := Request{Bytes: r.Limits().PerBatch, Sizes: make([]int, len(batch))}
	for i := range batch {
		q.Sizes[i] = size(&batch[i])
		q.Bytes += q.Sizes[i]
	}
	s.Requests = append(s.Requests, q)
}
