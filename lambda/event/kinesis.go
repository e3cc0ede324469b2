package event

import (
	"strings"

	"fanout/engine"
	"fanout/internal/jsonscan"
)

// kinesisRecord is the kinesis member of a record (Lambda guide, Process Amazon Kinesis
// Data Streams records).
type kinesisRecord struct {
	kind                             jsonscan.Kind
	data, key, hashKey, seq, arrived jsonscan.Value
	again                            bool // the member appears more than once
}

func (k *kinesisRecord) read(d *decoder) bool {
	*k = kinesisRecord{again: k.kind != jsonscan.Absent}
	v, ok := d.in.Object(func(name jsonscan.Value) (ok bool) {
		switch string(d.mem.bytes(name)) {
		case "data":
			ok = d.note(&k.data)
		case "partitionKey":
			ok = d.note(&k.key)
		case "explicitHashKey":
			ok = d.note(&k.hashKey)
		case "sequenceNumber":
			ok = d.note(&k.seq)
		case "approximateArrivalTimestamp":
			ok = d.note(&k.arrived)
		default:
			_, ok = d.in.Value()
		}
		return ok
	})
	k.kind = v.Kind
	return ok
}

// UnknownShard is the lane of Kinesis records whose eventID names no shard.
const UnknownShard = "unknown-shard"

// kinesis converts the members just read to a record.
func (d *decoder) kinesis() engine.Record {
	k := &d.record.kinesis
	if k.kind != jsonscan.Object {
		d.fail("the record's kinesis is %s, not an object", k.kind)
	}
	shard, number, _ := strings.Cut(d.optional("eventID", d.record.id), ":")
	if shard == "" {
		shard = UnknownShard
	}
	if shard != d.shard {
		d.shard = shard
	}
	r := engine.Record{
		Key:     d.optional("kinesis.partitionKey", k.key),
		HashKey: d.optional("kinesis.explicitHashKey", k.hashKey),
		Lane:    d.shard, // one shared string, so that comparing two lanes reads neither
		Seq:     d.optional("kinesis.sequenceNumber", k.seq),
		Action:  "PUT",
		Arrived: millis(k.arrived),
	}
	if r.Seq == "" && isNumber(number) {
		r.Seq = number
	}
	if text := d.need("kinesis.data", k.data); d.bad == nil {
		r.Data = d.data().Base64(text)
	}
	return r
}

func isNumber(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
