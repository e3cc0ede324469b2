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
	Sizes []int // of its records, or of the aggregates that they are in
	Lane  int   // with Lanes: requests with the same number go one after another
}

// TargetShape describes the requests that a batch becomes at one target.
type TargetShape struct {
	ID       string
	Service  string // type of the target, with .fifo if it is FIFO
	Ordered  bool   // the requests of a lane go one after another
	Lanes    int    // with Ordered: requests in flight at most, each of another lane
	InFlight int    // the target's own bound; 0: an even share
	Rate     int    // requests a second at most; 0: any number
	Requests []Request

	keys []keys // of each request, with Lanes
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
		switch {
		case s.Lanes > 1:
			s.sortLanes()
		case !s.Ordered:
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
	return &TargetShape{ID: t.ID, Service: service, Ordered: t.Ordered(), Lanes: max(1, t.Lanes), InFlight: t.InFlight, Rate: t.RateLimit}
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
	r := &recorder{Sink: s, spec: spec, tape: t, http: t.http(spec)}
	if p, ok := s.(engine.Packer); ok {
		return &packer{r, p}
	}
	return r
}

// http reports whether the requests of a target's sink end in Services.
func (*tape) http(spec *sinks.Spec) bool { return !spec.Type.NoAWS && !spec.Type.OwnClient }

// Limits returns the limits of the sink without its pace: the simulation has it, and the
// measurement must not wait.
func (r *recorder) Limits() engine.Limits {
	l := r.Sink.Limits()
	l.Pace = nil
	return l
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
	size := engine.SizerOf(r)
	sizes := make([]int, len(batch))
	var ks keys
	for i := range batch {
		sizes[i] = size(&batch[i])
		ks.add(r.spec, &batch[i])
	}
	r.tape.book(r, sizes, ks, err)
	return engine.Outcome{}
}

// packer is a recorder around a sink that packs its requests.
type packer struct {
	*recorder
	sink engine.Packer
}

// Pack implements engine.Packer.
func (p *packer) Pack(ctx context.Context) engine.Packing {
	return &packing{Packing: p.sink.Pack(ctx), recorder: p.recorder}
}

// packing is a request of a packer.
type packing struct {
	engine.Packing
	recorder *recorder
	sizes    []int // of the records
	keys     keys
}

// Add implements engine.Packing.
func (p *packing) Add(r *engine.Record) bool {
	ok := p.Packing.Add(r)
	if ok {
		p.sizes = append(p.sizes, engine.SizerOf(p.recorder)(r))
		p.keys.add(p.recorder.spec, r)
	}
	return ok
}

// Send makes the request and records the sizes of its entries, or of its records if the sink puts
// each in an entry of its own.
func (p *packing) Send(ctx context.Context) engine.Outcome {
	sizes := p.sizes
	if s, ok := p.Packing.(interface{ Sizes() []int }); ok {
		sizes = s.Sizes()
	}
	o := p.Packing.Send(ctx)
	var err error
	for i := 0; i < len(p.sizes) && err == nil; i++ {
		err = o.Err(i)
	}
	p.recorder.tape.book(p.recorder, sizes, p.keys, err)
	return engine.Outcome{}
}

// book records a request, with the sizes of its records.
func (t *tape) book(r *recorder, sizes []int, ks keys, err error) {
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
	q := Request{Bytes: r.Limits().PerBatch, Sizes: sizes}
	for _, size := range sizes {
		q.Bytes += size
	}
	s.Requests = append(s.Requests, q)
	if ks.names != nil {
		s.keys = append(s.keys, ks)
	}
}
