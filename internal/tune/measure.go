package tune

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"go.uber.org/zap"

	"fanout/lambda"
	"fanout/lambda/metrics"
	"fanout/lambda/target"
	"fanout/sinks"
)

// Shape describes the requests that one batch becomes.
type Shape struct {
	Records int           // in the batch
	CPU     time.Duration // of handling it, on a core of this machine
	Decode  time.Duration // the part of CPU before the first request can be made
	Targets []TargetShape
}

// requests returns the number of requests to all targets.
func (s *Shape) requests() (n int) {
	for i := range s.Targets {
		n += len(s.Targets[i].Requests)
	}
	return n
}

// Configured stands for the collapse in each target's configuration.
const Configured = "configured"

// Measurement holds the shapes of a sample's batches, by collapse, parallelization
// factor and size.
type Measurement struct {
	Curves  map[Variant][]Shape // ascending by size; factor 1 stands for all, unless Ordered
	Ordered bool                // some target keeps order, so the keys of a batch matter
	Targets []sinks.Spec        // the active ones, as configured
	Notes   []string            // reasons why the measurement is inexact
	Metrics MetricsShape

	Collapses []string // the measured ones
	Changes   []Change // of single targets
}

// Variant is everything besides batch size that affects a measurement.
type Variant struct {
	Collapse string // Configured, or the collapse of every target that can collapse
	Factor   int
}

// curve returns the shapes that belong to a setting.
func (m *Measurement) curve(s *Setting) []Shape {
	v := Variant{s.Collapse, 1}
	if m.Ordered {
		v.Factor = s.Factor
	}
	return m.Curves[v]
}

// Meter returns the CPU time of one call of f. It may call f any number of times.
type Meter func(f func() error) (time.Duration, error)

// MeasureOptions are the settings of a measurement.
type MeasureOptions struct {
	Catalog  *target.Catalog // nil: the built-in one
	Store    target.Store
	Region   string   // of the simulated calls
	Collapse []string // modes to compare, including Configured; nil: Configured, JSON and none, as far as they differ
	Factors  []int
	Largest  int                   // size of the largest batch to measure; 0: Lambda's largest
	Meter    Meter                 // nil: CPUMeter
	Progress func(done, total int) // nil: none
	Log      *zap.Logger           // nil: none
}

// sizes are the measured batch sizes. Sizes between them are interpolated.
var sizes = []int{1, 10, 50, 100, 200, 500, 1000, 2000, 5000, 10_000}

// Measure runs batches of s through the function, with the targets that o.Store has
// for its source. It sends nothing. It returns an error if targets cannot be read,
// if there are none, or if one is faulty.
func Measure(ctx context.Context, s *Sample, o MeasureOptions) (*Measurement, error) {
	set, err := o.Store.Targets(ctx, s.Source)
	if err != nil {
		return nil, err
	}
	m := &Measurement{Curves: make(map[Variant][]Shape)}
	var faults []error
	for i := range set.Targets {
		t := &set.Targets[i]
		if !t.Spec.Active {
			continue
		}
		faults = append(faults, t.Err())
		m.Targets = append(m.Targets, t.Spec)
		m.Ordered = m.Ordered || t.Spec.Ordered()
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	if len(m.Targets) == 0 {
		return nil, fmt.Errorf("there is no active target for %s; add one, or correct its sourceArn", s.Source)
	}
	if o.Meter == nil {
		o.Meter = CPUMeter
	}
	if o.Largest == 0 {
		o.Largest = sizes[len(sizes)-1]
	}
	if o.Log == nil {
		o.Log = zap.NewNop()
	}
	if m.Collapses = o.Collapse; m.Collapses == nil {
		m.Collapses = collapses(m.Targets)
	}
	m.noteKept()
	m.Metrics, err = metricsOf(ctx, s.Source, m.Targets)
	if err != nil {
		return nil, err
	}
	return m, m.measure(ctx, s, &o)
}

// measure fills the curves.
func (m *Measurement) measure(ctx context.Context, s *Sample, o *MeasureOptions) error {
	factors := []int{1}
	if m.Ordered {
		factors = o.Factors
	}
	var batches []int
	for _, n := range sizes {
		if batches = append(batches, n); n >= min(o.Largest, s.MaxBatch()) {
			break
		}
	}
	if o.Progress != nil {
		defer o.Progress(1, 1)
	}
	m.Changes = changesOf(m.Targets)
	b := bench{MeasureOptions: o, sample: s, factors: factors, batches: batches}
	b.total = (len(m.Collapses) + len(m.Changes)) * len(factors) * len(batches)
	for _, collapse := range m.Collapses {
		r, err := newRehearsal(o, collapse, m.Targets)
		if err != nil {
			return err
		}
		curves, err := b.curves(ctx, r)
		if err != nil {
			return err
		}
		for factor, shapes := range curves {
			m.Curves[Variant{collapse, factor}] = shapes
		}
		m.note(r)
	}
	for i := range m.Changes {
		c := &m.Changes[i]
		r, err := newRehearsal(o, m.Collapses[0], c.apply(m.Targets))
		if err == nil {
			c.curves, err = b.curves(ctx, r)
		}
		if err != nil {
			return err
		}
	}
	if b.extrapolated > 0 && b.extrapolated < batches[len(batches)-1] {
		m.addNote("batches of more than %d records are extrapolated, because measuring one takes more than %v of CPU", b.extrapolated, enough)
	}
	if s.Records() < min(o.Largest, s.MaxBatch()) {
		m.addNote("the sample has %s; larger batches repeat the sample and its keys", recordsOf(s.Records()))
	}
	return nil
}

// bench measures batches of all sizes.
type bench struct {
	*MeasureOptions
	sample           *Sample
	factors, batches []int
	done, total      int
	extrapolated     int // the smallest size that was the last to be measured
}

// curves measures batches with the function of r, by parallelization factor.
func (b *bench) curves(ctx context.Context, r *rehearsal) (map[int][]Shape, error) {
	curves := make(map[int][]Shape)
	for _, factor := range b.factors {
		for _, n := range b.batches {
			shape, err := r.batch(ctx, b.sample, n, factor, b.Meter)
			if err != nil {
				return nil, err
			}
			c := curves[factor]
			if k := len(c); k == 0 || c[k-1].Records < shape.Records {
				curves[factor] = append(c, shape)
			}
			if b.done++; b.Progress != nil {
				b.Progress(b.done, b.total)
			}
			if shape.CPU > enough {
				if b.extrapolated == 0 || n < b.extrapolated {
					b.extrapolated = n
				}
				break
			}
		}
	}
	return curves, nil
}

// noteKept names the targets whose collapse stays none.
func (m *Measurement) noteKept() {
	merges := func(c string) bool { return c != Configured && c != string(sinks.CollapseNone) }
	if !slices.ContainsFunc(m.Collapses, merges) {
		return
	}
	for i := range m.Targets {
		if t := &m.Targets[i]; t.Type.Collapse && t.HasPlaces() {
			m.addNote("target %s is measured with collapse none, because it has places such as ${.id}", t.ID)
		}
	}
}

// note keeps the findings of a rehearsal.
func (m *Measurement) note(r *rehearsal) {
	for _, t := range m.Targets {
		if err := r.tape.faults[t.ID]; err != nil {
			m.addNote("target %s: some requests of the measurement failed, so their CPU may be too low: %v", t.ID, err)
		}
		if !r.http(&t) {
			m.addNote("target %s: the CPU of its %s client is not measured", t.ID, t.Type)
		}
	}
	for _, text := range r.notes {
		m.addNote("%s", text)
	}
}

func (m *Measurement) addNote(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(m.Notes, text) {
		m.Notes = append(m.Notes, text)
	}
}

// rehearsal is the function with one collapse mode.
type rehearsal struct {
	handler *lambda.Handler
	tape    *tape
	notes   []string
}

func newRehearsal(o *MeasureOptions, collapse string, specs []sinks.Spec) (*rehearsal, error) {
	r := &rehearsal{tape: new(tape)}
	cfg := aws.Config{
		Region:      o.Region,
		Credentials: credentials.NewStaticCredentialsProvider("none", "none", ""),
		HTTPClient:  &http.Client{Transport: Services{}},
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	}
	lo := lambda.DefaultOptions()
	lo.Metrics, lo.Catalog = metrics.ModeNone, o.Catalog
	lo.Store, lo.Around = newStore(specs, collapse), r.tape.around
	var err error
	r.handler, err = lambda.New(lo, cfg, o.Log)
	return r, err
}

func (r *rehearsal) http(t *sinks.Spec) bool { return r.tape.http(t) }

// batch measures one batch of n records.
func (r *rehearsal) batch(ctx context.Context, s *Sample, n, factor int, meter Meter) (Shape, error) {
	data, n, err := s.Event(n, factor)
	if err != nil {
		return Shape{}, err
	}
	r.tape.start()
	results, err := r.handler.Handle(ctx, bytes.Clone(data))
	if err != nil {
		return Shape{}, err
	}
	shape := Shape{Records: n, Targets: r.tape.stop(results[0].Targets)}
	for _, t := range results[0].Report.Targets {
		if t.Failed > 0 && len(t.Failures) > 0 {
			r.notes = append(r.notes, fmt.Sprintf("target %s does not accept all records of the sample: %v", t.ID, t.Failures[0].Err))
		}
	}
	if shape.Decode, err = meter(func() error { _, err := lambda.Sources(data); return err }); err != nil {
		return Shape{}, err
	}
	shape.CPU, err = meter(func() error {
		_, _ = r.handler.Invoke(ctx, data) // failed deliveries are noted already
		return nil
	})
	shape.Decode = min(shape.Decode, shape.CPU)
	return shape, err
}

// enough is the CPU time of a batch beyond which larger batches are not measured.
const enough = 150 * time.Millisecond

// Bounds of one metering. A shorter one says little, and a longer one needs no
// second round.
const (
	meterRounds = 3
	meterLeast  = 5 * time.Millisecond
	meterMost   = 30 * time.Millisecond
)

// CPUMeter measures the CPU time of the whole process, including garbage
// collection. It returns the best of a few rounds, because disturbances only add
// time.
func CPUMeter(f func() error) (time.Duration, error) {
	best := time.Duration(0)
	for round := range meterRounds {
		began, calls := cpuTime(), 0
		for took := time.Duration(0); calls == 0 || took < meterLeast && calls < 1000; took = cpuTime() - began {
			if err := f(); err != nil {
				return 0, err
			}
			calls++
		}
		if each := (cpuTime() - began) / time.Duration(calls); round == 0 || each < best {
			best = each
		}
		if best > meterMost {
			break
		}
	}
	return best, nil
}
