package engine

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"golang.org/x/sync/semaphore"

	"fanout/engine/plain"
)

// Options are settings that the targets of a plan share.
type Options struct {
	// Slots bounds the requests in flight over all targets. Nil gives the plan its
	// own Slots of DefaultInFlight. A target without InFlight gets an even share, and
	// its OnFailure another.
	Slots *Slots

	// Margin is how long before the context's deadline sending stops. Sinks have half
	// of it to return.
	Margin time.Duration
}

// Target is one destination of a plan and the stages on the way to it.
type Target struct {
	ID     string
	Stages []Stage // in order; equal stages at the head of several targets run once
	Sink   Sink

	// Ordered keeps one request in flight per lane, and never sends a record
	// before an earlier one of its key and lane has been delivered.
	Ordered bool

	// Lanes is how many requests an ordered target may have in flight per lane, each
	// with other keys; 0: one. With several the target keeps the order of each key, and
	// no order among keys.
	Lanes int

	// OrderRequests lets an ordered target send several records of a key in a request to
	// a sink with OnePerKey. If the service refuses one of them and takes a later one,
	// their order is lost. A request is never sent before an earlier one has been
	// delivered.
	OrderRequests bool

	// BatchRecords and BatchBytes bound a request, below the limits of the sink; 0: they
	// do not. A larger record goes alone. Unlike the cuts of a stage they hold in each
	// lane, so several lanes have full requests.
	BatchRecords, BatchBytes int

	InFlight int // requests in flight; 0: an even share of the plan's
	Retry    Retry

	// DropOversize drops records that are too large. Otherwise they fail, or go to OnFailure.
	DropOversize bool

	// Oversize, if set, returns the sink that stores the data of a record that is too large,
	// and the reference that the target gets in its place, once the sink has acknowledged the
	// data. The same record gives the same reference.
	Oversize func(r *Record) (store Sink, reference Payload)

	OnFailure *Fallback // takes the records that this target rejects, before they fail; nil: none

	// Fault, when set, says why the target cannot work. Every record then fails with
	// it, and nothing is sent.
	Fault error
}

// Plan is a tree of stages that ends in targets. It is safe for concurrent use.
type Plan struct {
	opts    Options
	root    node
	targets []*target
	demand  int // requests that all targets may have in flight together
}

type node struct {
	stage    Stage // nil at the root
	children []*node
	targets  []*target
}

type target struct {
	Target
	slots    *semaphore.Weighted
	index    int     // in the plan
	fallback *target // of OnFailure
	learned  learnedSize
	keyed    int // stages after which every record has its key; 0: the source gives it
}

// NewPlan checks ts and builds their plan. Its error joins all faults, and each
// names the target and the field.
func NewPlan(o Options, ts ...Target) (*Plan, error) {
	if o.Slots == nil {
		o.Slots = NewSlots(DefaultInFlight)
	}
	p := &Plan{opts: o}
	shares := len(ts)
	for _, t := range ts {
		if t.OnFailure != nil {
			shares++
		}
	}
	seen := make(map[string]bool, len(ts))
	var faults []error
	for i, t := range ts {
		if seen[t.ID] {
			faults = append(faults, fmt.Errorf("target %q: ID: an earlier target has the same ID", t.ID))
		}
		seen[t.ID] = true
		if err := t.check(); err != nil {
			faults = append(faults, err)
			continue
		}
		p.add(i, t, max(1, o.Slots.n/shares))
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	return p, nil
}

func (t *Target) check() error {
	var faults []error
	fault := func(field, format string, args ...any) {
		faults = append(faults, fmt.Errorf("target %q: %s: %w", t.ID, field, fmt.Errorf(format, args...)))
	}
	if t.ID == "" {
		fault("ID", "empty")
	}
	if t.Sink == nil && t.Fault == nil {
		fault("Sink", "none")
	}
	if t.OnFailure != nil && t.OnFailure.Sink == nil {
		fault("OnFailure", "no sink")
	}
	if t.InFlight < 0 {
		fault("InFlight", "%d is negative", t.InFlight)
	}
	if t.Lanes < 0 {
		fault("Lanes", "%d is negative", t.Lanes)
	}
	if t.BatchRecords < 0 || t.BatchBytes < 0 {
		fault("BatchRecords, BatchBytes", "negative")
	}
	if t.Retry.Attempts < 0 || t.Retry.Base < 0 || t.Retry.Max < 0 {
		fault("Retry", "negative")
	}
	for i, s := range t.Stages {
		if s == nil {
			fault(fmt.Sprintf("Stages[%d]", i), "nil")
		} else if !reflect.ValueOf(s).Comparable() {
			fault(fmt.Sprintf("Stages[%d]", i), "%s (%T) is not comparable", s.Name(), s)
		}
	}
	return errors.Join(faults...)
}

func (p *Plan) add(i int, tt Target, share int) {
	t := newTarget(tt, share)
	t.index = i
	p.targets = append(p.targets, t)
	if t.Fault != nil {
		return // nothing to send, so no stage to run
	}
	p.demand += t.InFlight
	if f := t.OnFailure; f != nil {
		t.fallback = newTarget(Target{ID: f.ID, Sink: f.Sink, Oversize: f.Oversize, Retry: t.Retry, InFlight: t.InFlight}, 0)
	}
	n := &p.root
	for _, s := range t.Stages {
		n = n.child(s)
	}
	n.targets = append(n.targets, t)
}

func newTarget(tt Target, share int) *target {
	t := &target{Target: tt}
	t.InFlight = cmp.Or(t.InFlight, share)
	t.Retry.Attempts = cmp.Or(t.Retry.Attempts, defaultRetry.Attempts)
	t.Retry.Base = cmp.Or(t.Retry.Base, defaultRetry.Base)
	t.Retry.Max = cmp.Or(t.Retry.Max, defaultRetry.Max)
	t.slots = semaphore.NewWeighted(int64(t.InFlight))
	for i, s := range t.Stages {
		if _, ok := s.(interface{ Rekeys() }); ok {
			t.keyed = i + 1
		}
	}
	return t
}

// child returns the child of n that runs s.
func (n *node) child(s Stage) *node {
	for _, k := range n.children {
		if k.stage == s {
			return k
		}
	}
	k := &node{stage: s}
	n.children = append(n.children, k)
	return k
}

// String draws the tree of stages and targets. Names are escaped, so they cannot
// add lines.
func (p *Plan) String() string {
	var b strings.Builder
	b.WriteString("records\n")
	p.root.draw(&b, "")
	for _, t := range p.targets {
		if t.Fault != nil {
			fmt.Fprintf(&b, "✗ %s: %s\n", plain.Line(t.ID), strings.ReplaceAll(plain.Text(t.Fault.Error()), "\n", "\n  "))
		}
	}
	return b.String()
}

func (n *node) draw(b *strings.Builder, indent string) {
	branches := len(n.targets) + len(n.children)
	branch := func(i int) (mark, below string) {
		if i == branches-1 {
			return indent + "└─ ", indent + "   "
		}
		return indent + "├─ ", indent + "│  "
	}
	for i, t := range n.targets {
		mark, _ := branch(i)
		fmt.Fprintf(b, "%s→ %s\n", mark, t)
	}
	for i, k := range n.children {
		mark, below := branch(len(n.targets) + i)
		name := k.stage.Name()
		if s, ok := k.stage.(fmt.Stringer); ok {
			name = s.String()
		}
		fmt.Fprintf(b, "%s%s\n", mark, plain.Line(name))
		k.draw(b, below)
	}
}

// String describes how t is delivered to.
func (t *target) String() string {
	parts := []string{plain.Line(t.ID)}
	if s, ok := t.Sink.(fmt.Stringer); ok {
		parts[0] += " (" + plain.Line(s.String()) + ")"
	}
	if t.Ordered {
		parts = append(parts, t.describeOrder())
	}
	parts = append(parts, fmt.Sprintf("%d in flight", t.InFlight))
	limits := t.Sink.Limits()
	if n := lower(limits.Records, t.BatchRecords); n > 0 {
		parts = append(parts, "≤ "+count(n, "record"))
	}
	if n := lower(limits.Bytes, t.BatchBytes); n > 0 {
		parts = append(parts, fmt.Sprintf("≤ %d bytes per request", n))
	}
	if n := limits.RecordBytes; n > 0 {
		parts = append(parts, fmt.Sprintf("≤ %d bytes per record", n))
	}
	if t.Oversize != nil {
		parts = append(parts, "larger ones by reference")
	}
	return strings.Join(parts, ", ")
}

// describeOrder describes how an ordered target keeps order.
func (t *target) describeOrder() string {
	order := "in order"
	if t.OrderRequests {
		order = "requests in order"
	}
	if t.Lanes > 1 {
		order += fmt.Sprintf(" in %d lanes", t.Lanes)
	}
	return order
}

// count formats n things.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
