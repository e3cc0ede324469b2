package lambda

import (
	"context"
	"fmt"
	"reflect"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"go.uber.org/zap"

	"fanout/engine"
	"fanout/lambda/event"
	"fanout/lambda/target"
)

// plan is what the active targets of a source amount to.
type plan struct {
	set    []target.Loaded // as the store had it
	engine *engine.Plan
	specs  []target.Spec // of the engine's targets, in its order
	wired  map[target.Spec]engine.Target
}

// planFor returns the plan of a source. It makes a new one if the configuration
// has changed, and keeps the connections of targets that have not.
func (h *Handler) planFor(ctx context.Context, source string, kind event.Kind) (*plan, error) {
	set, err := h.store.Targets(ctx, source)
	if err != nil {
		return nil, err
	}
	if set.Stale != nil {
		h.log.Warn("targets not read again, the last good ones are used", zap.String("source", source), zap.Error(set.Stale))
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	old := h.plans[source]
	if old != nil && same(old.set, set.Targets) {
		return old, nil
	}
	p, err := h.newPlan(set.Targets, kind, old)
	if err != nil {
		return nil, err
	}
	h.plans[source] = p
	h.logWarnings(source, set.Targets)
	return p, nil
}

// same reports whether two sets of targets are equal. A store gives out the same
// slice until it reads the targets again.
func same(a, b []target.Loaded) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0] || reflect.DeepEqual(a, b))
}

func (h *Handler) newPlan(set []target.Loaded, kind event.Kind, old *plan) (*plan, error) {
	p := &plan{set: set, wired: make(map[target.Spec]engine.Target)}
	var targets []engine.Target
	for i := range set {
		t := &set[i]
		if !t.Spec.Active {
			continue
		}
		p.specs = append(p.specs, t.Spec)
		if err := t.Err(); err != nil {
			targets = append(targets, engine.Target{ID: t.ID, Fault: engine.Errorf(engine.Permanent, "%w", err)})
			continue
		}
		wired, ok := engine.Target{}, false
		if old != nil {
			wired, ok = old.wired[t.Spec]
		}
		if !ok {
			wired = h.wire(&t.Spec, kind)
		}
		p.wired[t.Spec] = wired
		targets = append(targets, wired)
	}
	var err error
	p.engine, err = engine.NewPlan(engine.Options{Slots: h.slots, Margin: h.options.DeadlineMargin}, targets...)
	return p, err
}

// logWarnings says once what is odd about a configuration.
func (h *Handler) logWarnings(source string, set []target.Loaded) {
	for i := range set {
		for _, w := range set[i].Warnings {
			h.log.Warn("target", zap.String("source", source), zap.Error(w))
		}
	}
	if len(set) == 0 {
		h.log.Warn("no targets for the source", zap.String("source", source))
	}
}

// kindOf returns the kind of source that an ARN names.
func kindOf(source string) (event.Kind, error) {
	a, err := arn.Parse(source)
	if err == nil {
		for _, kind := range []event.Kind{event.Kinesis, event.DynamoDB, event.SNS} {
			if kind.String() == "aws:"+a.Service {
				return kind, nil
			}
		}
	}
	return 0, fmt.Errorf("%q is not the ARN of a Kinesis stream, DynamoDB stream or SNS topic", source)
}
