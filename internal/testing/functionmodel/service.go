package functionmodel

import (
	"context"
	"fmt"
	"strings"

	"fanout/engine"
	"fanout/engine/enginetest"
	"fanout/internal/testing/modelkit"
	"fanout/lambda/event"
	"fanout/sinks"
	"fanout/sinks/builtin"
)

// The types of targets whose services differ from a stream.
const (
	buses    = "eventbridge"
	machines = "stepfunctions"
	buckets  = "s3"
	servers  = "http"
)

// drawService makes t a target of one of these types.
func (w *world) drawService(t *modelTarget) {
	name := modelkit.Pick(w.Draw, buses, machines, buckets, servers)
	t.spec.Type, t.fifo = builtin.Type(name), false
	switch name {
	case buses:
		t.limits = engine.Limits{Records: 1 + w.IntN(10), OnePerKey: true}
	case buckets:
		t.limits = engine.Limits{Whole: true}
	default:
		t.limits = engine.Limits{Records: 1}
		if w.OneIn(3) {
			w.drawCollapse(t)
		}
	}
}

// drawCollapse makes messages to t carry several records.
func (w *world) drawCollapse(t *modelTarget) {
	t.spec.Collapse = modelkit.Pick(w.Draw, sinks.CollapseJSON, sinks.CollapseConcat, sinks.CollapseConcatB64)
	t.spec.Deaggregate = true
}

// is reports whether t has a type.
func (t *modelTarget) is(name string) bool { return t.spec.Type == builtin.Type(name) }

// identifies reports whether the service of t knows what it has by an id.
func (t *modelTarget) identifies() bool { return t.fifo || t.is(machines) || t.is(buckets) }

// shareService makes the targets of all sources with an id share a queue.
func (w *world) shareService(t *modelTarget) {
	if !w.sameNumbers || !t.identifies() {
		return
	}
	if w.queueIDs[t.spec.ID] == nil {
		w.queueIDs[t.spec.ID] = t.seenIDs
	}
	t.seenIDs = w.queueIDs[t.spec.ID]
}

// request is a request as a service sees it.
type request struct {
	names  []string // of the user records in it
	object string   // the key of the object; "": it is none
}

// request returns the request that carries batch.
func (s *sink) request(batch []engine.Record) *request {
	q := &request{names: namesOf(batch)}
	if s.target.is(buckets) {
		q.object = s.identity(batch)
	}
	return q
}

// identity returns the id of records.
func (s *sink) identity(batch []engine.Record) string {
	id := s.program.Identity(&s.target.spec, batch)
	switch {
	case s.Rename:
		return fmt.Sprint(id, s.round)
	case s.ReplaceObjects && s.target.is(buckets):
		return batch[0].Lane
	}
	return id
}

// errOtherInput is the error of a state machine for a name that it knows with another input.
var errOtherInput = engine.Errorf(engine.Permanent, "the execution exists with another input")

// sees notes that the service gets r. It reports whether the service has r already, and so takes
// nothing.
func (s *sink) sees(r *engine.Record, q *request) (has bool, err error) {
	t := s.target
	id, content := q.object, strings.Join(q.names, "")
	switch {
	case !t.identifies():
		return false, nil
	case t.is(buckets):
		id = "object " + id
	default:
		id, content = s.identity([]engine.Record{*r}), string(r.Data.Bytes())
	}
	before, known := t.seenIDs[id]
	t.seenIDs[id] = content
	switch {
	case known && t.is(machines) && before != content && (!isEnvelope(before) || !isEnvelope(content)):
		t.seenIDs[id] = before
		return false, errOtherInput
	case t.is(buckets):
		if known && before != content {
			s.Broken(noneTwice, "target %s: an object with %q replaced one with %q", t, content, before)
		}
		one := fmt.Sprint(id, " ", r.Lane, " ", r.Seq, " ", r.Sub)
		_, known = t.seenIDs[one]
		t.seenIDs[one] = ""
	}
	return known, nil
}

// takesOnce reports whether t must not have a part twice, however often it comes.
func (w *world) takesOnce(t *modelTarget) bool {
	switch s := t.source; {
	case !t.identifies() || s.badNumbers || t.merges():
		return false
	case t.is(buckets): // a retry has the same records, unless a batch is cut elsewhere
		return !s.bisect && s.kind != event.SQS && t.spec.MaxAge == 0 && w.crashed == 0 && w.remembersAll()
	}
	return true
}

// bucket is the sink of a target of type s3: a request has records of one lane.
type bucket struct{ *sink }

// Pack implements engine.Packer.
func (b *bucket) Pack(context.Context) engine.Packing { return &object{sink: b.sink} }

// object is a request of a bucket.
type object struct {
	*sink
	records []engine.Record
}

// Add implements engine.Packing.
func (o *object) Add(r *engine.Record) bool {
	if len(o.records) > 0 && o.records[0].Lane != r.Lane {
		return false
	}
	o.records = append(o.records, *r)
	return true
}

// Send implements engine.Packing.
func (o *object) Send(ctx context.Context) engine.Outcome { return o.sink.Send(ctx, o.records) }

// refuseWhole makes a service that takes requests whole refuse one.
func (s *sink) refuseWhole(d *modelkit.Draw) engine.Outcome {
	if s.Lie {
		return engine.Outcome{}
	}
	return engine.Failed(modelkit.Pick(d, enginetest.ErrRetryable, enginetest.ErrThrottled, enginetest.ErrPermanent, enginetest.ErrPlain))
}
