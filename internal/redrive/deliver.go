package redrive

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"fanout/engine"
	"fanout/internal/awsname"
	"fanout/lambda"
	"fanout/lambda/envelope"
	"fanout/lambda/target"
	"fanout/sinks"
	"fanout/stages"
)

// Delivery delivers envelopes to their targets again. It remembers the keys whose envelopes
// failed, so that no later envelope overtakes a failed one. It is safe for concurrent use
// for different targets.
type Delivery struct {
	handler *lambda.Handler
	from    sinks.Spec // its Type and Destination

	mu     sync.Mutex
	failed map[lineage]envelope.Envelope // the first undelivered envelope of each key
}

// lineage identifies a sequence of records whose order counts.
type lineage struct {
	source, target, shard, key string
	keyless                    bool // the envelope has yet to get its key; key is ""
}

// NewDelivery returns a Delivery with the targets of h. from has the Type and the
// Destination of the queue or file that holds the envelopes; its zero value is neither. If a
// target's onFailure is the same queue or file, the target works without it, because its
// envelopes would go round forever.
func NewDelivery(h *lambda.Handler, from sinks.Spec) *Delivery {
	return &Delivery{handler: h, from: from, failed: make(map[lineage]envelope.Envelope)}
}

// Target returns the target called id of a source. Its error says why nothing can be
// delivered to it.
func (d *Delivery) Target(ctx context.Context, source, id string) (sinks.Spec, error) {
	l, i, err := d.lease(ctx, source, id)
	if l != nil {
		defer l.Release()
	}
	if err != nil {
		return sinks.Spec{}, err
	}
	if fault := l.Targets[i].Fault; fault != nil {
		return l.Specs[i], fmt.Errorf("target %q: %w", id, fault)
	}
	return l.Specs[i], nil
}

// unusable is the reason why envelopes cannot go to a target.
type unusable struct{ error }

// lease returns the targets of a source, and the index of the target called id. The caller
// must release the lease unless it is nil.
func (d *Delivery) lease(ctx context.Context, source, id string) (*lambda.Lease, int, error) {
	if _, ok := target.CheckSource(source); !ok {
		return nil, 0, &unusable{fmt.Errorf("%q is not the ARN of a %s", source, awsname.SourceNouns)}
	}
	l, err := d.handler.Lease(ctx, source)
	if err != nil {
		return nil, 0, err
	}
	i := slices.IndexFunc(l.Targets, func(t engine.Target) bool { return t.ID == id })
	switch {
	case i >= 0:
		return l, i, nil
	case slices.ContainsFunc(l.All, func(t target.Loaded) bool { return t.ID == id }):
		err = fmt.Errorf("the target %q of %s is not active; activate it, or name another one", id, source)
	default:
		err = fmt.Errorf("%s has no target %q; add it, or name another one", source, id)
	}
	return l, 0, &unusable{err}
}

// Deliver delivers envelopes to the target called id of a source, in the given order. done
// reports for each envelope whether the target or its onFailure took it, or a stage of the
// target filtered it. Stages that an envelope has passed do not run again. Failures also
// appear in results, which may have several elements. An error means that nothing was
// delivered, because the targets could not be read.
func (d *Delivery) Deliver(ctx context.Context, source, id string, envelopes []envelope.Envelope) (done []bool, results []lambda.Result, err error) {
	done = make([]bool, len(envelopes))
	lease, i, err := d.lease(ctx, source, id)
	if lease != nil {
		defer lease.Release()
	}
	if _, ok := errors.AsType[*unusable](err); ok {
		return done, []lambda.Result{refused(sinks.Spec{SourceARN: source, ID: id}, envelopes, err)}, nil
	}
	if err != nil {
		return done, nil, err
	}
	r := redelivery{Delivery: d, lease: lease, index: i, spec: lease.Specs[i], target: lease.Targets[i], envelopes: envelopes, done: done}
	r.target.DropOversize = false // a redrive must not drop the record
	if r.returns() {
		r.target.OnFailure = nil
	}
	for _, part := range r.parts() {
		for _, part.index = range r.windows(part.index) {
			if err := r.deliver(ctx, part); err != nil {
				return done, r.results, err
			}
		}
	}
	return done, r.results, nil
}

// redelivery is one call of Deliver.
type redelivery struct {
	*Delivery
	lease     *lambda.Lease
	index     int // of the target in the lease
	spec      sinks.Spec
	target    engine.Target
	envelopes []envelope.Envelope
	done      []bool
	results   []lambda.Result
}

// returns reports whether the target's onFailure is known to be the queue or file that
// the envelopes come from.
func (r *redelivery) returns() bool {
	i := slices.IndexFunc(r.lease.All, func(t target.Loaded) bool { return t.ID == r.spec.OnFailure })
	if i < 0 {
		return false
	}
	other := &r.lease.All[i].Spec
	if other.Type != nil && other.Type.Disk {
		path := r.from.Destination.Path
		return path != "" && sameFile(filepath.Join(other.Destination.Root, other.Destination.Path), path)
	}
	differ := func(a, b string) bool { return a != "" && b != "" && a != b }
	from := &r.from.Destination
	return other.Type != nil && other.Type == r.from.Type && other.Destination.Name == from.Name &&
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
	stages  []engine.Stage
	keyless bool  // the envelopes have yet to get their keys, so any two may have the same
	index   []int // indexes of the envelopes
}

// parts groups the envelopes by the stages they need. If the target keeps order, an
// envelope never goes into an earlier part than an earlier envelope that may have its key.
func (r *redelivery) parts() (all []part) {
	last := make(map[lineage]int)                            // by key: the part of its last envelope
	first, top := make(map[string]int), make(map[string]int) // by shard: the first part for later envelopes, and the last one of earlier ones
	for i := range r.envelopes {
		e := &r.envelopes[i]
		need, key, k := r.stages(e), r.lineage(e), 0
		keyless := slices.ContainsFunc(need, rekeys)
		switch {
		case !r.target.Ordered:
		case keyless:
			k = top[e.Shard]
		default:
			k = max(last[key], first[e.Shard])
		}
		for k < len(all) && !slices.Equal(all[k].stages, need) {
			k++
		}
		if k == len(all) {
			all = append(all, part{stages: need, keyless: keyless})
		}
		all[k].index = append(all[k].index, i)
		last[key], top[e.Shard] = k, max(top[e.Shard], k)
		if keyless {
			first[e.Shard] = k
		}
	}
	return all
}

// rekeys reports whether a stage changes keys.
func rekeys(s engine.Stage) bool {
	_, ok := s.(interface{ Rekeys() })
	return ok
}

// stages returns the target's stages that e has not passed. The target may have lost some of
// those that e has passed. The stage that splits requests always runs, because how they are
// split does not depend on the record.
func (r *redelivery) stages(e *envelope.Envelope) (need []engine.Stage) {
	passed := slices.Clone(e.Passed)
	for _, s := range r.target.Stages {
		_, shape := s.(stages.Shape)
		at := slices.IndexFunc(passed, func(name string) bool { return name == s.Name() || name == formerName(s) || sameKind(s, name) })
		switch {
		case e.Staged && !shape:
		case at >= 0:
			passed = slices.Delete(passed, at, at+1)
		case isFilter(s) && slices.ContainsFunc(e.Passed, behindFilter):
		default:
			need = append(need, s)
		}
	}
	return need
}

// isFilter reports whether a stage is the target's filter.
func isFilter(s engine.Stage) bool {
	_, ok := s.(stages.Filter)
	return ok
}

// behindFilter reports whether a stage that an envelope has passed runs behind filters. A
// filter that the target got since would then judge other data than its pattern describes.
func behindFilter(name string) bool {
	kind, _, _ := strings.Cut(name, " ")
	return !slices.ContainsFunc(stages.Types(), func(t *stages.Type) bool { return t.Name == kind && t.Place <= stages.Select })
}

// sameKind reports whether name is that of a stage like s with another setting. Like a
// transform with another program, it does not run on what the former one made.
func sameKind(s engine.Stage, name string) bool {
	switch s.(type) {
	case stages.Decompress, stages.View, stages.Envelope:
		kind, _, _ := strings.Cut(s.Name(), " ")
		return strings.HasPrefix(name, kind+" ")
	}
	return false
}

// formerName returns the name that older envelopes use for a stage of a function target.
func formerName(s engine.Stage) string {
	if s == (stages.ConvertDDB{Event: true}) {
		return stages.ConvertDDB{}.Name()
	}
	return ""
}

// deliver delivers one part.
func (r *redelivery) deliver(ctx context.Context, part part) error {
	t := r.target
	t.Stages = part.stages
	var overtaking []envelope.Envelope
	var index []int
	var records []engine.Record
	for _, i := range part.index {
		e := &r.envelopes[i]
		if r.overtakes(e, part.keyless) {
			overtaking = append(overtaking, *e)
			continue
		}
		whole, err := r.whole(ctx, e)
		if err != nil {
			r.remember(e, part.keyless, false)
			r.results = append(r.results, refused(r.spec, []envelope.Envelope{*e}, err))
			continue
		}
		index, records = append(index, i), append(records, r.record(&whole))
	}
	if len(overtaking) > 0 {
		r.results = append(r.results, refused(r.spec, overtaking, errOvertakes))
	}
	if len(index) == 0 {
		return nil
	}
	res, err := r.lease.Deliver(ctx, r.index, t, records)
	if err != nil {
		return err
	}
	for k, i := range index {
		fate := res.Report.Targets[0].Fate(k)
		r.done[i] = fate == engine.FateDelivered || fate == engine.FateDiverted || fate == engine.FateFiltered
		r.remember(&r.envelopes[i], part.keyless, r.done[i])
	}
	r.results = append(r.results, res)
	return nil
}

// record returns the record for an envelope. A message of several records must not count as
// its first record: not for deduplication at the destination, and not in attributes.
func (r *redelivery) record(e *envelope.Envelope) engine.Record {
	rec := e.Record()
	if e.Records > 1 {
		rec.Action = ""
		rec.Seq = fmt.Sprintf("%s/%x", rec.Seq, sha256.Sum256(e.Data))
		if !r.spec.Destination.FIFO && r.spec.Type.Messages {
			rec.Key = ""
		}
	}
	return rec
}

var errOvertakes = errors.New("an earlier record of its key failed, and the target keeps order; it was not sent")

// overtakes reports whether e follows a failed envelope that may have its key.
func (r *redelivery) overtakes(e *envelope.Envelope, keyless bool) bool {
	if !r.target.Ordered {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	of := r.lineage(e)
	for _, l := range []lineage{of, of.anyKey()} {
		if first, ok := r.failed[l]; ok && envelope.Compare(e, &first) > 0 {
			return true
		}
	}
	if keyless {
		for l, first := range r.failed {
			if l.anyKey() == of.anyKey() && envelope.Compare(e, &first) > 0 {
				return true
			}
		}
	}
	return false
}

// remember stores the outcome of e.
func (r *redelivery) remember(e *envelope.Envelope, keyless, done bool) {
	if !r.target.Ordered {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	key := r.lineage(e)
	if keyless {
		key = key.anyKey()
	}
	first, ok := r.failed[key]
	switch {
	case done && ok && envelope.Compare(e, &first) == 0:
		delete(r.failed, key)
	case !done && (!ok || envelope.Compare(e, &first) < 0):
		r.failed[key] = envelope.Envelope{Sequence: e.Sequence, Sub: e.Sub}
	}
}

func (r *redelivery) lineage(e *envelope.Envelope) lineage {
	return lineage{source: r.spec.SourceARN, target: r.target.ID, shard: e.Shard, key: e.Key}
}

// anyKey returns the lineage of the shard's envelopes that have yet to get their keys.
func (l lineage) anyKey() lineage {
	l.key, l.keyless = "", true
	return l
}

// refused returns the result of envelopes that are not sent, with the reason.
func refused(t sinks.Spec, envelopes []envelope.Envelope, err error) lambda.Result {
	first := engine.Record{Lane: envelopes[0].Shard, Seq: envelopes[0].Sequence}
	return lambda.Refused(t, first, len(envelopes), err)
}
