package lambda

import (
	"github.com/sourcegraph/conc/panics"

	"fanout/engine"
	"fanout/lambda/event"
	"fanout/sinks"
	"fanout/stages"
)

// wire builds the engine target for a configured target: a sink with its own client, and
// the stages for its options.
func (h *Handler) wire(t *sinks.Spec, kind event.Kind) engine.Target {
	out := engine.Target{ID: t.ID, Ordered: t.Ordered(), InFlight: t.InFlight}
	if t.DropOversize {
		out.Oversize = engine.DropOversize
	}
	out.Sink, out.Fault = h.openSink(h.env, t)
	if out.Fault != nil {
		return out
	}
	out.Stages, out.Fault = stagesOf(t, kind, out.Sink.Limits())
	return out
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

// stagesOf returns the stages for all options, in the order in which they run. Stages that
// several targets share come first, so that they run once.
func stagesOf(t *sinks.Spec, kind event.Kind, limits engine.Limits) (all []engine.Stage, err error) {
	if t.Deaggregate && kind == event.Kinesis {
		all = append(all, stages.Deaggregate{})
	}
	if t.ConvertDDB && kind == event.DynamoDB {
		all = append(all, stages.ConvertDDB{Event: t.Type.Events, Exponents: t.Type.Exponents})
	}
	inside := t.Type.Events && kind == event.DynamoDB // images inside records do not end lines
	if t.AppendNewlines && !inside {
		all = append(all, stages.Newline{})
	}
	if t.Collapse != sinks.CollapseNone {
		mode, err := stages.ParseMode(string(t.Collapse))
		if err != nil {
			return nil, err
		}
		c := stages.Collapse{
			Mode: mode, Records: t.BatchRecords, Bytes: limits.RecordBytes,
			Text: t.Type.Messages,
		}
		if c.Text && mode == stages.Concat {
			c.Bytes -= encodingBytes
		}
		c.Bytes = lower(c.Bytes, t.BatchBytes)
		return append(all, c), nil
	}
	if t.BatchRecords > 0 || t.BatchBytes > 0 {
		all = append(all, stages.Shape{Records: t.BatchRecords, Bytes: t.BatchBytes})
	}
	return all, nil
}

// encodingBytes is the size of the attribute that marks a base64 message. Concatenated
// records become base64 if they are not text.
const encodingBytes = len("encoding" + "String" + "base64")

// lower returns the lower of two limits; zero means no limit.
func lower(a, b int) int {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}
