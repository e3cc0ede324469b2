package lambda

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"go.uber.org/zap"

	"fanout/engine"
	"fanout/internal/awsname"
	"fanout/lambda/envelope"
	"fanout/lambda/event"
	"fanout/lambda/target"
	"fanout/sinks"
	"fanout/stages"
)

// plan is the wiring of the active targets of a source.
type plan struct {
	set     []target.Loaded // as read from the store
	engine  *engine.Plan
	targets []engine.Target // in the engine's order
	specs   []sinks.Spec    // in the same order
	faulty  map[string]bool // by id: targets with a faulty configuration
	diverts map[string]bool // by id: targets whose rejected records another target takes
	shared  map[sinks.Spec]*sharedTarget

	runs    int  // runs in progress; guarded by Handler.mu
	retired bool // replaced by a newer plan; guarded by Handler.mu
}

// planFor returns the plan of a source; the caller must release it. It makes a new plan if
// the configuration has changed, and keeps the connections of unchanged targets.
func (h *Handler) planFor(ctx context.Context, source string, kind event.Kind) (*plan, error) {
	set, err := h.store.Targets(ctx, source)
	if err != nil {
		return nil, err
	}
	if set.Stale != nil {
		h.log.Warn("the targets could not be read again, so the last good ones are used", requestID(ctx), zap.String("source", source), zap.Error(set.Stale))
	}
	if len(set.Targets) == 0 && !h.options.IgnoreUnknownSource {
		set.Targets = []target.Loaded{h.noTarget(source, set.Elsewhere)}
	}
	p, unused, err := h.current(ctx, source, kind, set.Targets)
	h.close(unused)
	return p, err
}

// NoTarget stands for the id of a target if a source has no targets.
const NoTarget = "(none)"

// noTarget returns a faulty target for a source without targets, so that its records fail.
// If they were acknowledged, they would be lost without a trace. A missing target is
// usually a mistake.
func (h *Handler) noTarget(source, elsewhere string) target.Loaded {
	where := fmt.Sprintf("the target table %q", h.options.Table)
	if h.options.TargetsFile != "" {
		where = "the targets file " + h.options.TargetsFile
	}
	if elsewhere != "" {
		elsewhere = " (" + elsewhere + ")"
	}
	l := target.Loaded{ID: NoTarget, Spec: sinks.Spec{SourceARN: source, ID: NoTarget, Active: true}}
	l.Faults = []target.Fault{l.Fault("", "%s has no target in %s%s; add one, or set FANOUT_UNKNOWN_SOURCE=ignore to let its records pass undelivered (fanout run: --unknown-source ignore)", source, where, elsewhere)}
	return l
}

// current returns the plan for a set of targets, and the sinks that are no longer used.
func (h *Handler) current(ctx context.Context, source string, kind event.Kind, set []target.Loaded) (p *plan, unused []engine.Sink, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	old := h.plans[source]
	if old != nil && same(old.set, set) {
		old.runs++
		return old, nil, nil
	}
	if p, err = h.newPlan(ctx, set, kind, old); err != nil {
		return nil, p.retire(), err
	}
	if old != nil {
		unused = old.retire()
	}
	h.plans[source] = p
	h.logWarnings(ctx, source, set)
	p.runs++
	return p, unused, nil
}

// same reports whether two sets of targets are equal. A store returns the same slice until
// it reads the targets again.
func same(a, b []target.Loaded) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0] || reflect.DeepEqual(a, b))
}

func (h *Handler) newPlan(ctx context.Context, set []target.Loaded, kind event.Kind, old *plan) (*plan, error) {
	b := planner{handler: h, request: requestID(ctx), kind: kind, set: set, old: old, plan: &plan{
		set: set, faulty: make(map[string]bool), diverts: make(map[string]bool), shared: make(map[sinks.Spec]*sharedTarget),
	}}
	for i := range set {
		if t := &set[i]; t.Spec.Active && (h.options.Only == "" || h.options.Only == t.ID) {
			b.plan.specs = append(b.plan.specs, t.Spec)
			out := b.target(t)
			b.plan.faulty[t.ID] = out.Fault != nil
			b.plan.targets = append(b.plan.targets, out)
		}
	}
	var err error
	b.plan.engine, err = engine.NewPlan(h.engineOptions(), b.plan.targets...)
	return b.plan, err
}

func (h *Handler) engineOptions() engine.Options {
	return engine.Options{Slots: h.slots, Margin: h.options.DeadlineMargin}
}

// planner builds a plan from a set of targets.
type planner struct {
	handler *Handler
	request zap.Field // of the invocation that needs the plan
	kind    event.Kind
	set     []target.Loaded
	old     *plan // its connections are reused; nil: none
	plan    *plan
}

// target returns the engine's target for t, with its onFailure destination.
func (b *planner) target(t *target.Loaded) engine.Target {
	out := b.sharedTargetOf(t)
	if out.Fault != nil {
		return out
	}
	taker, ok := b.taker(t)
	switch {
	case !ok && t.Spec.OnFailure != "":
		return faulty(t.ID, t.NoFallback())
	case !ok:
		return out
	}
	if taker.Spec.Type != nil && taker.Spec.Type.Events {
		taker.Spec.Decompress, taker.Spec.Deaggregate, taker.Spec.AppendNewlines = "", false, false // an envelope is sent unchanged
	}
	other := b.sharedTargetOf(&taker)
	if other.Fault != nil { // continue without it
		b.handler.log.Warn("onFailure cannot be used", b.request, zap.String("target", t.ID), zap.Error(other.Fault))
		return out
	}
	b.plan.diverts[t.ID] = true
	out.OnFailure = &engine.Fallback{
		ID: other.ID, Sink: other.Sink, MaxAge: time.Duration(t.Spec.MaxAge) * time.Second,
		Wrap: wrapper(&t.Spec, out.Stages),
	}
	if out.OnFailure.Oversize, out.Fault = b.handler.envelopeReferrer(&t.Spec, &taker.Spec); out.Fault != nil {
		return engine.Target{ID: t.ID, Fault: out.Fault}
	}
	return out
}

// taker returns the target that takes what t rejects: the one that its onFailure names, or
// else the function's default.
func (b *planner) taker(t *target.Loaded) (taker target.Loaded, ok bool) {
	o := &b.handler.options
	if t.Diverts(o.OnFailure, b.set) {
		return o.catalog().FailuresQueue(t.Spec.SourceARN, o.OnFailure), true
	}
	i := slices.IndexFunc(b.set, func(o target.Loaded) bool { return o.ID == t.Spec.OnFailure })
	if t.Spec.OnFailure == "" || i < 0 {
		return target.Loaded{}, false
	}
	return b.set[i], true
}

// sharedTargetOf returns the engine's target for t, and builds it only once per plan.
func (b *planner) sharedTargetOf(t *target.Loaded) engine.Target {
	if len(t.Faults) > 0 {
		return faulty(t.ID, t.Faults...)
	}
	if w, ok := b.plan.shared[t.Spec]; ok {
		return w.Target
	}
	var w *sharedTarget
	if b.old != nil {
		w = b.old.shared[t.Spec]
	}
	if w == nil {
		w = &sharedTarget{Target: b.handler.wire(&t.Spec)}
	}
	w.plans++
	b.plan.shared[t.Spec] = w
	return w.Target
}

// faulty returns a target that always fails with the faults. The fault text omits the
// target's id, because log lines and errors add it.
func faulty(id string, faults ...target.Fault) engine.Target {
	text := make([]string, len(faults))
	for i, f := range faults {
		text[i] = f.Brief()
	}
	return engine.Target{ID: id, Fault: engine.Errorf(engine.Permanent, "%s", strings.Join(text, "\n"))}
}

// wrapper returns a function that wraps undelivered records in envelopes. An envelope has a
// lane and Seq of its own. If it had the lane and Seq of its record, a destination that
// deduplicates would confuse it with that record, or with another target's envelope.
func wrapper(t *sinks.Spec, all []engine.Stage) func(engine.Rejected) engine.Record {
	return func(r engine.Rejected) engine.Record {
		out := engine.Record{
			Key: r.Record.Key, HashKey: r.Record.HashKey, Arrived: r.Record.Arrived,
			Lane: t.ID + "/" + r.Record.Lane, Seq: r.Record.Seq, Sub: r.Record.Sub,
		}
		if r.Record.Parts() != nil { // other messages may start with the same record
			out.Seq = fmt.Sprintf("%s/%x", out.Seq, sha256.Sum256(r.Record.Data.Bytes()))
		}
		e := envelope.Wrap(t.SourceARN, t.ID, r, time.Now())
		uses := t.Type.UsesSource
		if uses != nil && uses(&r.Record) || r.Unstaged && slices.ContainsFunc(all[r.Passed:], readsSource) {
			e.Event = r.Record.Raw
		}
		for _, s := range all[:r.Passed] {
			e.Passed = append(e.Passed, s.Name())
		}
		text, err := e.Marshal()
		if err != nil {
			out.Data = engine.Unreadable(err)
			return out
		}
		out.Data, out.Raw = engine.Bytes(text), text
		return out
	}
}

// readsSource reports whether a stage may read source records.
func readsSource(s engine.Stage) bool {
	reader, ok := s.(stages.SourceReader)
	return ok && reader.ReadsSource()
}

// logWarnings logs the warnings of a new configuration once.
func (h *Handler) logWarnings(ctx context.Context, source string, set []target.Loaded) {
	for i := range set {
		for _, w := range set[i].Warnings {
			h.log.Warn("configuration", requestID(ctx), zap.String("target", set[i].ID), zap.String("source", source), zap.Error(errors.New(w.Brief())))
		}
	}
	if !slices.ContainsFunc(set, func(t target.Loaded) bool { return t.Spec.Active }) {
		h.log.Warn("the source has no active target, so its records are acknowledged without delivery", requestID(ctx), zap.String("source", source), zap.Int("targets", len(set)))
	}
}

// kindOf returns the kind of source of an ARN.
func kindOf(source string) (event.Kind, error) {
	if awsname.IsKafka(source) {
		return event.Kafka, nil
	}
	if a, err := arn.Parse(source); err == nil {
		if kind := event.KindOf(a.Service); kind != 0 {
			return kind, nil
		}
	}
	return 0, fmt.Errorf("%q is not the ARN of a %s", source, awsname.SourceNouns)
}

// sharedTarget is an engine target that a plan passes on to its successor, so it counts the plans
// that use it.
type sharedTarget struct {
	engine.Target
	plans int // plans that use it and are current or running; guarded by Handler.mu
}

// retire marks p as replaced, and returns the sinks that are no longer used. Handler.mu
// must be held.
func (p *plan) retire() []engine.Sink {
	p.retired = true
	return p.unused()
}

// release ends one use of p.
func (h *Handler) release(p *plan) {
	h.mu.Lock()
	p.runs--
	unused := p.unused()
	h.mu.Unlock()
	h.close(unused)
}

// unused releases the sinks of p once p is retired and no longer runs. It returns the sinks
// that no other plan uses.
func (p *plan) unused() (sinks []engine.Sink) {
	if !p.retired || p.runs > 0 {
		return nil
	}
	for _, w := range p.shared {
		if w.plans--; w.plans == 0 && w.Sink != nil {
			sinks = append(sinks, w.Sink)
		}
	}
	p.shared = nil
	return sinks
}

// close closes sinks that have connections of their own.
func (h *Handler) close(sinks []engine.Sink) {
	for _, s := range sinks {
		if c, ok := s.(io.Closer); ok {
			if err := c.Close(); err != nil {
				h.log.Debug("closing an unused target", zap.Error(err))
			}
		}
	}
}
