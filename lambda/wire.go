package lambda

import (
	"github.com/sourcegraph/conc/panics"

	"fanout/engine"
	"fanout/sinks"
	"fanout/stages"
)

// wire builds the engine target for a configured target: a sink with its own client, and
// the stages for its options.
func (h *Handler) wire(t *sinks.Spec) engine.Target {
	out := engine.Target{ID: t.ID, DropOversize: t.DropOversize, Ordered: t.Ordered(), InFlight: t.InFlight, Lanes: t.Lanes, OrderRequests: t.OrderRequests}
	if out.Sink, out.Fault = h.openSink(h.env, t); out.Fault != nil {
		return out
	}
	if out.Oversize, out.Fault = h.referrer(t); out.Fault != nil {
		return out
	}
	out.Sink = h.traceSink(t, out.Sink)
	if h.options.Around != nil {
		out.Sink = h.options.Around(t, out.Sink)
	}
	out.Stages, out.Fault = h.options.catalog().StagesOf(t, out.Sink.Limits().RecordBytes)
	if t.Lanes > 1 || out.Sink.Limits().Whole {
		unshape(&out)
	}
	return out
}

// unshape moves the bounds of a request from the stage to the target. The pieces that the
// stage makes of a shard would leave little for each lane, and would begin elsewhere when a
// part of a batch comes again.
func unshape(t *engine.Target) {
	if last := len(t.Stages) - 1; last >= 0 {
		if shape, ok := t.Stages[last].(stages.Shape); ok {
			t.Stages, t.BatchRecords, t.BatchBytes = t.Stages[:last], shape.Records, shape.Bytes
		}
	}
}

// open opens the sink of a target. A type from outside may panic, which fails the target
// alone.
func open(env sinks.Env, t *sinks.Spec) (sink engine.Sink, err error) {
	if t.Type == nil {
		return nil, engine.Errorf(engine.Permanent, "the type of the target is unknown")
	}
	if p := panics.Try(func() { sink, err = t.Type.Open(env, t) }); p != nil {
		return nil, engine.Errorf(engine.Permanent, "targets of type %s cannot be opened: it panicked (%T)", t.Type, p.Value)
	}
	return sink, err
}
