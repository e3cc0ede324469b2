package harness

import (
	"context"
	"fmt"
	"net"
	"time"

	"fanout/bench"
)

// Harness has a core for functions.
type Harness struct{ core int }

// New moves this process off a core and reserves that core for functions.
func New() (*Harness, error) {
	core, err := leave()
	if err != nil {
		return nil, fmt.Errorf("no core is available for functions: %w", err)
	}
	return &Harness{core}, nil
}

// Run is a function with its own workload and AWS. Stop ends it.
type Run struct {
	*Process
	Services *bench.Services

	workload *bench.Workload
	close    func()
	events   int // so far
}

// Start starts f with the targets of w.
func (h *Harness) Start(f *Function, w *bench.Workload) (*Run, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	at := *w // with an address that its targets can use
	at.Host = l.Addr().String()
	r := &Run{Services: &bench.Services{Latency: w.Latency, Faults: w.Faults, Query: at.Query()}, workload: &at}
	r.close = r.Services.Serve(l)
	if r.Process, err = h.start(f, &at, "http://"+at.Host); err != nil {
		r.close()
		return nil, err
	}
	return r, nil
}

// Stop ends the function and its AWS.
func (r *Run) Stop() error {
	defer r.close()
	return r.Process.Stop()
}

// Sample is the mean cost of an event of a workload.
type Sample struct {
	Processor time.Duration // user and system time
	Wall      time.Duration // from the event to the answer
	Calls     float64       // calls with records
}

// Measure sends the workload's event repeatedly for at least the given time, and at least
// once. It returns an error if not all records are delivered.
func (r *Run) Measure(ctx context.Context, atLeast time.Duration) (s Sample, err error) {
	before, err := r.ProcessorTime()
	if err != nil {
		return s, err
	}
	calls, n := r.Services.Calls(), 0
	for ; n == 0 || s.Wall < atLeast; n++ {
		took, err := r.Invoke(ctx, r.workload.Event)
		if err != nil {
			return s, err
		}
		s.Wall += took
	}
	after, err := r.ProcessorTime()
	if err != nil {
		return s, err
	}
	r.events += n
	if got, want := r.Services.Acknowledged(), int64(r.workload.Acknowledged()*r.events); got != want {
		return s, fmt.Errorf("%s delivered %d records of %d of workload %s", r.function.Name, got, want, r.workload.Name)
	}
	s.Processor, s.Wall = (after-before)/time.Duration(n), s.Wall/time.Duration(n)
	s.Calls = float64(r.Services.Calls()-calls) / float64(n)
	return s, nil
}
