package functionmodel

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

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
	stream stream // of a target with aggregate
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
func (t *modelTarget) ordered() bool { return !t.spec.Parallel }

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
		source: s, account: newAccount(),
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
	if w.sameNumbers && t.fifo { // targets of several sources share a queue
		if w.queueIDs[id] == nil {
			w.queueIDs[id] = t.seenIDs
		}
		t.seenIDs = w.queueIDs[id]
	}
	if w.OneIn(4) {
		t.spec.Type = builtin.Type("sqs")
		t.spec.Collapse = modelkit.Pick(w.Draw, sinks.CollapseJSON, sinks.CollapseConcat, sinks.CollapseConcatB64)
		t.spec.Deaggregate = true
	}
	if s.kind == event.DynamoDB && t.spec.Type == builtin.Type("kinesis") && w.OneIn(3) {
		t.spec.Type, t.spec.Parallel = builtin.Type("redis"), false // it stores items
	}
	if t.spec.Type != builtin.Type("redis") && w.OneIn(3) {
		t.spec.Key = keyProgram
	}
	if s.kind == event.DynamoDB && w.OneIn(3) {
		t.spec.View = modelkit.Pick(w.Draw, sinks.ViewBoth, sinks.ViewEvent)
	} else if s.kind != event.DynamoDB && !s.badNumbers && w.OneIn(4) { // otherwise an id has a digest
		t.spec.Envelope = sinks.EnvelopeCloudEvents
	}
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
	return t
}

// keyProgram gives two keys of the source the same key, and leaves the others as they are.
const keyProgram = `if $key == "key0" or $key == "key1" then "both" else null end`

// key returns the key at t of a record with a key of the source.
func (t *modelTarget) key(ofSource string) string {
	if t.spec.Key != "" && (ofSource == "key0" || ofSource == "key1") {
		return "both"
	}
	return ofSource
}

// part is a piece of a source record as a target's stages make it, before records are merged.
type part struct {
	key, data string
	names     []string // of the user records in it
}

// splits reports whether t gets each user record of r on its own.
func (t *modelTarget) splits(r *sourceRecord) bool {
	return r.aggregate && t.spec.Deaggregate && r.flaw != brokenAggregate
}

// parts returns the parts that t should get of a source record.
func (t *modelTarget) parts(r *sourceRecord) []part {
	parts := []part{{r.key, r.data(), r.names()}}
	if t.splits(r) {
		parts = nil
		for _, u := range r.users {
			parts = append(parts, part{u.key, u.data, []string{u.name}})
		}
	}
	for i := range parts {
		p := &parts[i]
		p.key = t.key(p.key)
		if r.source.kind == event.DynamoDB {
			p.data = t.viewOf(r)
		}
		if t.spec.Envelope != "" {
			p.data = t.cloudEvent(r, p, i)
		}
		if t.spec.AppendNewlines {
			p.data = strings.TrimSuffix(p.data, "\n") + "\n"
		}
	}
	return parts
}

// viewOf returns the part of a change that is its data at t.
func (t *modelTarget) viewOf(r *sourceRecord) string {
	images := r.images(t.spec.ConvertDDB)
	switch {
	case t.spec.View == sinks.ViewBoth:
		return "{" + images + "}"
	case t.spec.View == sinks.ViewEvent && r.flaw == unreadable:
		return r.text()
	case t.spec.View == sinks.ViewEvent:
		return r.changeText(images)
	case t.spec.ConvertDDB:
		return fmt.Sprintf(`{"id":%q,"n":%q}`, r.pk, r.users[0].name)
	}
	return r.data()
}

// cloudEvent returns the event of part i of r, which comes from Kinesis or SNS.
func (t *modelTarget) cloudEvent(r *sourceRecord, p *part, i int) string {
	id, kind, key := r.seq, "com.amazonaws.sns.Notification", ""
	if r.source.kind == event.Kinesis {
		id, kind, key = "shardId-"+r.shard+"/"+r.seq, "com.amazonaws.kinesis.record", fmt.Sprintf(`,"partitionkey":%q`, p.key)
		if i > 0 {
			id = fmt.Sprint(id, "/", i)
		}
	}
	data := fmt.Sprintf(`"application/octet-stream","data_base64":"%s"`, base64.StdEncoding.EncodeToString([]byte(p.data)))
	switch {
	case p.data[0] == '{':
		data = `"application/json","data":` + p.data
	case utf8.ValidString(p.data):
		data = fmt.Sprintf(`"text/plain","data":%q`, p.data)
	}
	return fmt.Sprintf(`{"specversion":"1.0","id":%q,"source":%q,"type":%q,"time":%q%s,"datacontenttype":%s}`,
		id, t.spec.SourceARN, kind, r.created.UTC().Format("2006-01-02T15:04:05.000Z"), key, data)
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
	return slices.ContainsFunc(t.parts(r), func(p part) bool { return t.exceedsLimits(&p) && slices.Contains(p.names, name) })
}

// storesNothing reports whether t stores items, and r has no item to store.
func (t *modelTarget) storesNothing(r *sourceRecord) bool {
	return t.spec.NeedsImages() && r.imageless() && r.action != "REMOVE"
}
