package lambda

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"fanout/engine"
	"fanout/lambda/envelope"
	"fanout/lambda/event"
	"fanout/lambda/target"
	"fanout/sinks"
	"fanout/stages"
)

// Redrive delivers envelopes to their targets again. It remembers the keys whose envelopes
// failed, so that no later envelope overtakes a failed one. It is safe for concurrent use
// for different targets.
type Redrive struct {
	handler *Handler
	from    sinks.Spec // its Type and Destination

	mu     sync.Mutex
	failed map[lineage]envelope.Envelope // the first undelivered envelope of each key
}

// lineage identifies a sequence of records whose order counts.
type lineage struct{ source, target, shard, key string }

// NewRedrive returns a Redrive that delivers like h. from has the Type and the
// Destination of the queue or file that holds the envelopes; its zero value is neither. If a target's onFailure is the same queue or
// file, the target works without it, because its envelopes would go round forever.
func (h *Handler) NewRedrive(from sinks.Spec) *Redrive {
	return &Redrive{handler: h, from: from, failed: make(map[lineage]envelope.Envelope)}
}

// Target returns the target called id of a source. Its error says why nothing can be
// delivered to it.
func (r *Redrive) Target(ctx context.Context, source, id string) (sinks.Spec, error) {
	p, i, err := r.plan(ctx, source, id)
	if p != nil {
		defer r.handler.release(p)
	}
	if err != nil {
		return sinks.Spec{}, err
	}
	if fault := p.targets[i].Fault; fault != nil {
		return p.specs[i], fmt.Errorf("target %q: %w", id, fault)
	}
	return p.specs[i], nil
}

// unusable is the reason why envelopes cannot go to a target.
type unusable struct{ error }

// plan returns the plan of a source and the index of the target called id. The caller must
// release the plan unless it is nil.
func (r *Redrive) plan(ctx context.Context, source, id string) (*plan, int, error) {
	kind, err := kindOf(source)
	if err != nil {
		return nil, 0, &unusable{err}
	}
	p, err := r.handler.planFor(ctx, source, kind)
	if err != nil {
		return nil, 0, fmt.Errorf("the targets of %s are unknown: %w", source, err)
	}
	i := slices.IndexFunc(p.targets, func(t engine.Target) bool { return t.ID == id })
	switch {
	case i >= 0:
		return p, i, nil
	case slices.ContainsFunc(p.set, func(t target.Loaded) bool { return t.ID == id }):
		err = fmt.Errorf("the target %q of %s is not active; activate it, or name another one", id, source)
	default:
		err = fmt.Errorf("%s has no target %q; add it, or name another one", source, id)
	}
	return p, 0, &unusable{err}
}

// Deliver delivers envelopes to the target called id of a source, in the given order. done
// reports for each envelope whether the target or its onFailure took it, or a stage of the
// target filtered it. Stages that an envelope has passed do not run again. Failures also
// appear in results, which may have several elements. An error means that nothing was
// delivered, because the targets could not be read.
func (r *Redrive) Deliver(ctx context.Context, source, id string, envelopes []envelope.Envelope) (done []bool, results []Result, err error) {
	done = make([]bool, len(envelopes))
	within, cancel := r.handler.beforeDeadline(ctx)
	defer cancel()
	p, i, err := r.plan(within, source, id)
	if p != nil {
		defer r.handler.release(p)
	}
	if _, ok := errors.AsType[*unusable](err); ok {
		return done, []Result{refused(sinks.Spec{SourceARN: source, ID: id}, envelopes, err)}, nil
	}
	if err != nil {
		return done, nil, err
	}
	l := redelivery{Redrive: r, plan: p, spec: p.specs[i], target: p.targets[i], envelopes: envelopes, done: done}
	l.target.Oversize = engine.FailOversize // a redrive must not drop the record
	if l.returns() {
		l.target.OnFailure = nil
	}
	for _, part := range l.parts() {
		if err := l.deliver(ctx, part); err != nil {
			return done, l.results, err
		}
	}
	return done, l.results, nil
}

// redelivery is one call of Deliver.
type redelivery struct {
	*Redrive
	plan      *plan
	spec      sinks.Spec
	target    engine.Target
	envelopes []envelope.Envelope
	done      []bool
	results   []Result
}

// returns reports whether the target's onFailure is known to be the queue or file that
// the envelopes come from.
func (l *redelivery) returns() bool {
	i := slices.IndexFunc(l.plan.set, func(t target.Loaded) bool { return t.ID == l.spec.OnFailure })
	if i < 0 {
		return false
	}
	other := &l.plan.set[i].Spec
	if other.Type != nil && other.Type.Disk {
		path := l.from.Destination.Path
		return path != "" && sameFile(filepath.Join(other.Destination.Root, other.Destination.Path), path)
	}
	differ := func(a, b string) bool { return a != "" && b != "" && a != b }
	from := &l.from.Destination
	return other.Type != nil && other.Type == l.from.Type && other.Destination.Name == from.Name &&
		!differ(other.Destination.Account, from.Account) && !differ(other.Region, from.Region)
}

// sameFile reports whether two paths name the same file, also through links.
func sameFile(a, b string) bool {
	first, err := os.Stat(a)
	if err != nil {
		return false
	}
	second, err := os.Stat(b)
	return err == nil && os.SameFile(first, second)
}

// part is a group of envelopes that need the same stages.
type part struct {
	stages []engine.Stage
	index  []int // indexes of the envelopes
}

// parts groups the envelopes by the stages they need. If the target keeps order, an
// envelope never goes into an earlier part than an earlier envelope of its key.
func (l *redelivery) parts() (all []part) {
	last := make(map[string]int) // by key: the part of its last envelope
	for i := range l.envelopes {
		e := &l.envelopes[i]
		need, key, k := l.stages(e), e.Shard+"\x00"+e.Key, 0
		if l.target.Ordered {
			k = last[key]
		}
		for k < len(all) && !slices.Equal(all[k].stages, need) {
			k++
		}
		if k == len(all) {
			all = append(all, part{stages: need})
		}
		all[k].index = append(all[k].index, i)
		last[key] = k
	}
	return all
}

// stages returns the target's stages that e has not passed. The stage that splits requests
// always runs, because how they are split does not depend on the record.
func (l *redelivery) stages(e *envelope.Envelope) (need []engine.Stage) {
	passed := e.Passed
	for _, s := range l.target.Stages {
		_, shape := s.(stages.Shape)
		switch {
		case e.Staged && !shape:
		case len(passed) > 0 && (passed[0] == s.Name() || passed[0] == formerName(s)):
			passed = passed[1:]
		default:
			need = append(need, s)
		}
	}
	return need
}

// formerName returns the name that older envelopes use for a stage of a function target.
func formerName(s engine.Stage) string {
	if s == (stages.ConvertDDB{Event: true}) {
		return stages.ConvertDDB{}.Name()
	}
	return ""
}

// deliver delivers one part.
func (l *redelivery) deliver(ctx context.Context, part part) error {
	t := l.target
	t.Stages = part.stages
	var overtaking []envelope.Envelope
	var index []int
	res := Result{SourceARN: l.spec.SourceARN, Kind: l.kind(), Targets: []sinks.Spec{l.spec}}
	for _, i := range part.index {
		if e := &l.envelopes[i]; l.overtakes(e) {
			overtaking = append(overtaking, *e)
		} else {
			index, res.records = append(index, i), append(res.records, l.record(e))
		}
	}
	if len(overtaking) > 0 {
		l.results = append(l.results, refused(l.spec, overtaking, errOvertakes))
	}
	if len(index) == 0 {
		return nil
	}
	plan, err := engine.NewPlan(engine.Options{Slots: l.handler.slots, Margin: l.handler.options.DeadlineMargin}, t)
	if err != nil {
		return err
	}
	res.Report = plan.Run(ctx, slices.Clone(res.records))
	for k, i := range index {
		fate := res.Report.Targets[0].Fate(k)
		l.done[i] = fate == engine.FateDelivered || fate == engine.FateDiverted || fate == engine.FateFiltered
		l.remember(&l.envelopes[i], l.done[i])
	}
	l.results = append(l.results, res)
	return nil
}

func (l *redelivery) kind() event.Kind {
	kind, _ := kindOf(l.spec.SourceARN) // the plan was found by this ARN, so it parses
	return kind
}

// record returns the record for an envelope. A message of several records must not count as
// its first record: not for deduplication at the destination, and not in attributes.
func (l *redelivery) record(e *envelope.Envelope) engine.Record {
	rec := e.Record()
	if e.Records > 1 {
		rec.Action = ""
		rec.Seq = fmt.Sprintf("%s/%x", rec.Seq, sha256.Sum256(e.Data))
		if !l.spec.Destination.FIFO && l.spec.Type.Messages {
			rec.Key = ""
		}
	}
	return rec
}

var errOvertakes = errors.New("an earlier record of its key failed, and the target keeps order; it was not sent")

// overtakes reports whether e follows a failed envelope of its key.
func (l *redelivery) overtakes(e *envelope.Envelope) bool {
	if !l.target.Ordered {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	first, ok := l.failed[l.lineage(e)]
	return ok && envelope.Compare(e, &first) > 0
}

// remember stores the outcome of e.
func (l *redelivery) remember(e *envelope.Envelope, done bool) {
	if !l.target.Ordered {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	key := l.lineage(e)
	first, ok := l.failed[key]
	switch {
	case done && ok && envelope.Compare(e, &first) == 0:
		delete(l.failed, key)
	case !done && (!ok || envelope.Compare(e, &first) < 0):
		l.failed[key] = envelope.Envelope{Sequence: e.Sequence, Sub: e.Sub}
	}
}

func (l *redelivery) lineage(e *envelope.Envelope) lineage {
	return lineage{l.spec.SourceARN, l.target.ID, e.Shard, e.Key}
}

// refused returns the result for envelopes that are not sent, with the reason.
func refused(t sinks.Spec, envelopes []envelope.Envelope, err error) Result {
	return Result{
		SourceARN: t.SourceARN, Targets: []sinks.Spec{t}, records: make([]engine.Record, len(envelopes)),
		Report: &engine.Report{Targets: []engine.TargetReport{{
			ID: t.ID, Failed: len(envelopes),
			Failures: []engine.Failure{{Err: err, Lane: envelopes[0].Shard, Seq: envelopes[0].Sequence, Count: len(envelopes)}},
		}}},
	}
}
