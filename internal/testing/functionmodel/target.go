package functionmodel

import (
	"fmt"
	"strings"

	"fanout/engine"
	"fanout/internal/testing/modelkit"
	"fanout/lambda/event"
	"fanout/lambda/target"
	"fanout/sinks"
	"fanout/sinks/builtin"
)

// modelTarget is a target: its configuration, the behavior of its service, and the oracle's
// account of its records.
type modelTarget struct {
	source *source
	spec   sinks.Spec
	faulty bool // its configuration has a fault
	service
	account
	stream  stream                   // of a target with aggregate
	program program                  // of its transform
	made    map[*sourceRecord][]part // see parts
}

// service is the behavior of a target's service.
type service struct {
	limits    engine.Limits
	mostBytes int     // of a merged message; an undeclared limit; 0: none
	fifo      bool    // it drops messages with a deduplication id that it has seen
	faultRate float64 // of requests
	maxFaults int     // in requests that begin with the same record
}

// String names the target and its source.
func (t *modelTarget) String() string {
	return fmt.Sprintf("%s of %s", t.spec.ID, t.source.arn[strings.LastIndexByte(t.source.arn, ':')+1:])
}

// merges reports whether messages to t may carry several records.
func (t *modelTarget) merges() bool { return t.spec.Collapse != sinks.CollapseNone }

// ordered reports whether t keeps the order of a key.
func (t *modelTarget) ordered() bool { return t.spec.Ordered() }

// fallback returns the target of onFailure, or nil.
func (t *modelTarget) fallback() *modelTarget { return t.source.targets[t.spec.OnFailure] }

func (w *world) drawTargets(s *source) {
	n := 1 + w.IntN(5)
	for i := range n {
		t := w.drawTarget(s, fmt.Sprint("t", i))
		if n > 1 && w.OneIn(3) {
			t.spec.OnFailure = fmt.Sprint("t", (i+1+w.IntN(n-1))%n)
			if w.OneIn(2) {
				t.spec.MaxAge = 1 + w.IntN(200)
			}
		}
		if i > 0 && w.OneIn(5) {
			t.spec.Active = false // it may still be another's onFailure
		}
		l := target.Loaded{ID: t.spec.ID, Spec: t.spec}
		if t.faulty = w.OneIn(25); t.faulty {
			l.Faults = []target.Fault{{Where: "model", Target: l.ID, Attribute: "type", Text: "is none"}}
		}
		s.configuration = append(s.configuration, l)
		s.targets[l.ID] = t
	}
}

func (w *world) drawTarget(s *source, id string) *modelTarget {
	t := &modelTarget{
		source: s, account: newAccount(), made: map[*sourceRecord][]part{},
		service: service{faultRate: modelkit.Pick(w.Draw, 0, 0, 0.02, 0.1, 0.5), maxFaults: 1 + w.IntN(6), fifo: w.OneIn(4)},
		spec: sinks.Spec{
			SourceARN: s.arn, ID: id, Type: builtin.Type("kinesis"), Active: true, Collapse: sinks.CollapseNone,
			Parallel: w.OneIn(2), Deaggregate: w.OneIn(2), ConvertDDB: w.OneIn(2), AppendNewlines: w.OneIn(4),
			DropOversize: w.OneIn(4), InFlight: w.IntN(4) * w.IntN(2),
		},
	}
	if t.ordered() {
		t.spec.Lanes, t.spec.OrderRequests = w.IntN(2)*w.IntN(9), w.OneIn(3)
	}
	if w.OneIn(3) {
		t.spec.Filter = filters[s.kind]
	}
	t.limits = engine.Limits{Records: w.IntN(9), OnePerKey: w.OneIn(2)}
	if w.OneIn(4) {
		t.spec.Type = builtin.Type("sqs")
		w.drawCollapse(t)
	}
	if s.kind == event.DynamoDB && t.spec.Type == builtin.Type("kinesis") && w.OneIn(3) {
		t.spec.Type, t.spec.Parallel = builtin.Type("redis"), false // it stores items
	}
	if t.spec.Type == builtin.Type("kinesis") && w.OneIn(3) {
		w.drawService(t)
	}
	w.shareService(t)
	w.drawShape(s, t)
	if w.OneIn(4) {
		t.spec.BatchRecords, t.spec.BatchBytes = w.IntN(6), w.IntN(2)*300
	}
	if w.OneIn(3) {
		t.mostBytes = 1 + w.IntN(200)
	}
	if w.OneIn(4) {
		t.limits.RecordBytes = 40 + w.IntN(60)
	}
	if w.OneIn(4) {
		t.limits.Bytes = 120 + w.IntN(200)
	}
	if t.spec.Type == builtin.Type("kinesis") && w.OneIn(4) {
		t.spec.Aggregate, t.limits, t.stream.n = true, engine.Limits{}, 1+w.IntN(4)
	}
	w.drawStore(t)
	if t.spec.Compress != "" { // the model does not know how long the data gets
		t.limits.Bytes, t.limits.RecordBytes = 0, 0
	}
	return t
}

// drawShape draws the options of a target that change its records.
func (w *world) drawShape(s *source, t *modelTarget) {
	stores := t.spec.Type == builtin.Type("redis")
	if !stores && w.OneIn(3) {
		t.spec.Key = keyPrograms[s.kind]
	}
	switch {
	case s.kind == event.DynamoDB && s.namedKeys && w.OneIn(2):
		t.spec.View = modelkit.Pick(w.Draw, sinks.ViewOld, sinks.ViewKeys)
		if stores {
			t.spec.View = sinks.ViewKeys // an old image would replace a newer one
		}
	case s.kind == event.DynamoDB && !s.namedKeys && w.OneIn(3):
		t.spec.View = modelkit.Pick(w.Draw, sinks.ViewBoth, sinks.ViewEvent)
	case s.badNumbers: // an id has a digest
	case s.kind == event.DynamoDB && !s.namedKeys && w.OneIn(3):
		t.spec.Envelope = sinks.EnvelopeDebezium
	case w.OneIn(4):
		t.spec.Envelope = sinks.EnvelopeCloudEvents
	}
	if w.OneIn(3) {
		t.program = modelkit.Pick(w.Draw, programs()...)
		t.spec.Transform = t.program.text()
		t.spec.TransformOutput = modelkit.Pick(w.Draw, "", "text")
	}
	if s.kind == event.Kinesis && (w.OneIn(2) || t.merges()) {
		t.spec.Decompress = modelkit.Pick(w.Draw, "auto", "auto", "auto", gzipFormat)
	}
	if t.spec.Type == builtin.Type("kinesis") && w.OneIn(5) {
		t.spec.Compress = gzipFormat
	}
}

// keyPrograms are the programs of the attribute key that targets may have, by the kind of their
// source. key says what they mean.
var keyPrograms = map[event.Kind]string{
	event.Kinesis:  `if $key == "key0" or $key == "key1" then "both" else null end`,
	event.DynamoDB: `if $action == "MODIFY" then "both" else null end`,
	event.Kafka:    `if $key == "key0" or $key == "key1" then "both" else null end`,
	event.SNS:      `null`,
	event.SQS:      `$attributes.tag`,
}

// key returns the key at t of r, or of a part of r, with a key of the source.
func (t *modelTarget) key(r *sourceRecord, ofSource string) string {
	if r.source.kind == event.SQS {
		if t.spec.Key != "" && t.spec.Transform == "" { // a program hides the attributes
			return r.tag
		}
		return ofSource
	}
	if t.spec.Key != "" && (ofSource == "key0" || ofSource == "key1" || r.source.kind == event.DynamoDB && r.action == "MODIFY") {
		return "both"
	}
	return ofSource
}

// exceedsLimits reports whether a part is larger than a declared limit.
func (t *modelTarget) exceedsLimits(p *part) bool {
	l := &t.limits
	return l.RecordBytes > 0 && len(p.data) > l.RecordBytes || l.Bytes > 0 && len(p.data) > l.Bytes
}

// limitsBytes reports whether t has a declared limit on bytes.
func (t *modelTarget) limitsBytes() bool { return t.limits.Bytes > 0 || t.limits.RecordBytes > 0 }

// mayDrop reports whether t may drop the user record with a name because it is too large.
func (t *modelTarget) mayDrop(r *sourceRecord, name string) bool {
	switch {
	case !t.spec.DropOversize:
		return false
	case t.refusedAsLarge[name]:
		return true
	case t.merges():
		return t.limitsBytes()
	}
	p := t.part(r, name)
	return p != nil && p.end == passes && t.exceedsLimits(p)
}

// storesNothing reports whether t stores items, and r has no item to store.
func (t *modelTarget) storesNothing(r *sourceRecord) bool {
	return t.spec.NeedsImages() && r.imageless() && r.action != "REMOVE"
}
