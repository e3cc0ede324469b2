package functionmodel

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"fanout/lambda/event"
	"fanout/sinks"
)

// part is a piece of a source record as a target's stages make it, before records are merged.
type part struct {
	key, data string
	names     []string // of the user records in it
	sub       int      // its place in the source record
	end       end
}

// end is what the stages of a target do with a part.
type end uint8

const (
	passes end = iota
	filtered
	fails // its data is the input of the stage that fails it
)

// parts returns the parts that t should make of a source record.
func (t *modelTarget) parts(r *sourceRecord) []part {
	all, ok := t.made[r]
	if !ok {
		all = t.makeParts(r)
		t.made[r] = all
	}
	return all
}

func (t *modelTarget) makeParts(r *sourceRecord) (all []part) {
	whole := part{key: t.key(r, r.key), data: r.data(), names: r.names()}
	if r.flaw == unreadable || t.cannotDecompress(r) {
		whole.end = fails
		return []part{whole}
	}
	if t.decompresses(r) {
		whole.data = r.plain()
	}
	if !t.splits(r) {
		return t.shape(r, whole)
	}
	for k, u := range r.users {
		all = append(all, t.shape(r, part{key: t.key(r, u.key), data: u.data, names: []string{u.name}, sub: k})...)
	}
	return all
}

// shape returns what the stages behind deaggregate make of a part.
func (t *modelTarget) shape(r *sourceRecord, p part) []part {
	if r.source.kind == event.DynamoDB {
		p.data = t.viewOf(r)
	}
	if !t.wants(r, &p) {
		p.end = filtered
		return []part{p}
	}
	all := t.transformed(p)
	for i := range all {
		if all[i].end == passes {
			t.wrap(r, &all[i])
		}
	}
	return all
}

// wrap puts a part into the envelope of t.
func (t *modelTarget) wrap(r *sourceRecord, p *part) {
	switch {
	case t.spec.Envelope == sinks.EnvelopeCloudEvents:
		p.data = t.cloudEvent(r, p)
	case t.failsInEnvelope(r):
		p.end = fails
		return
	case t.spec.Envelope == sinks.EnvelopeDebezium:
		p.data = t.changeEvent(r, p)
	}
	if t.spec.AppendNewlines {
		p.data = strings.TrimSuffix(p.data, "\n") + "\n"
	}
}

// failsInEnvelope reports whether r, the change of an item, has no new image for the envelope of t.
func (t *modelTarget) failsInEnvelope(r *sourceRecord) bool {
	return t.spec.Envelope == sinks.EnvelopeDebezium && r.imageless() && r.action != "REMOVE"
}

// splits reports whether t gets each user record of r on its own.
func (t *modelTarget) splits(r *sourceRecord) bool {
	return r.aggregate && t.spec.Deaggregate && r.flaw != brokenAggregate && (!r.compressed || t.decompresses(r))
}

// part returns the part of r that has a user record, or nil.
func (t *modelTarget) part(r *sourceRecord, name string) *part {
	all := t.parts(r)
	if i := slices.IndexFunc(all, func(p part) bool { return slices.Contains(p.names, name) }); i >= 0 {
		return &all[i]
	}
	return nil
}

// viewOf returns the part of a change that is its data at t.
func (t *modelTarget) viewOf(r *sourceRecord) string {
	plain := t.spec.ConvertDDB
	switch old := r.oldImage(plain); {
	case t.spec.View == sinks.ViewBoth:
		return "{" + r.images(plain) + "}"
	case t.spec.View == sinks.ViewEvent:
		return r.changeText(r.images(plain))
	case t.spec.View == sinks.ViewOld && old != "":
		return old
	case t.spec.View == sinks.ViewOld, t.spec.View == sinks.ViewKeys, r.imageless():
		return r.keys(plain)
	}
	return r.item(plain)
}

// cloudEvent returns the event of a part of r.
func (t *modelTarget) cloudEvent(r *sourceRecord, p *part) string {
	id, kind, attributes := r.seq, "com.amazonaws.sns.Notification", ""
	switch r.source.kind {
	case event.Kinesis:
		id, kind, attributes = "shardId-"+r.shard+"/"+r.seq, "com.amazonaws.kinesis.record", fmt.Sprintf(`,"partitionkey":%q`, p.key)
	case event.DynamoDB:
		key := p.key
		if key == r.key {
			key = r.itemKey()
		}
		kind, attributes = "com.amazonaws.dynamodb."+strings.ToLower(r.action), fmt.Sprintf(`,"subject":%q,"partitionkey":%[1]q`, key)
	case event.Kafka:
		id, kind, attributes = r.lane()+"/"+r.seq, "org.apache.kafka.record", fmt.Sprintf(`,"partitionkey":%q`, p.key)
	case event.SQS:
		kind = "com.amazonaws.sqs.message"
		if r.source.fifo() {
			id = r.group + "/" + r.seq
		}
		if p.key != r.seq {
			attributes = fmt.Sprintf(`,"partitionkey":%q`, p.key)
		}
	default:
	}
	if p.sub > 0 {
		id = fmt.Sprint(id, "/", p.sub)
	}
	data := fmt.Sprintf(`"application/octet-stream","data_base64":"%s"`, base64.StdEncoding.EncodeToString([]byte(p.data)))
	switch {
	case json.Valid([]byte(p.data)):
		data = `"application/json","data":` + p.data
	case utf8.ValidString(p.data):
		data = fmt.Sprintf(`"text/plain","data":%q`, p.data)
	}
	return fmt.Sprintf(`{"specversion":"1.0","id":%q,"source":%q,"type":%q,"time":%q%s,"datacontenttype":%s}`,
		id, t.spec.SourceARN, kind, r.created.UTC().Format("2006-01-02T15:04:05.000Z"), attributes, data)
}

// changeEvent returns the Debezium event of a part of r, the change of an item.
func (t *modelTarget) changeEvent(r *sourceRecord, p *part) string {
	op := map[string]string{"INSERT": "c", "MODIFY": "u", "REMOVE": "d"}[r.action]
	before, after := r.oldImage(t.spec.ConvertDDB), p.data
	if t.spec.Transform != "" { // a program hides the source record
		before = ""
	}
	if op == "d" {
		after = "null"
	}
	switch {
	case before != "":
	case op == "d":
		before = p.data
	default:
		before = "null"
	}
	table, _, _ := strings.Cut(r.source.arn[strings.IndexByte(r.source.arn, '/')+1:], "/")
	return fmt.Sprintf(`{"before":%s,"after":%s,"source":{"version":"1.0","connector":"dynamodb","name":%q,"ts_ms":%d,"snapshot":"false","db":"eu-west-1","sequence":%q,"table":%q},"op":%q,"ts_ms":%[4]d}`,
		before, after, r.source.arn, r.created.UnixMilli(), r.seq, table, op)
}
