package event

import (
	"bytes"
	"slices"
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

// shape describes how a Kinesis record is written. Records of an event look alike: they
// have the same members in the same order, and differ in only a few values. So alike
// compares the text between these values with that of the previous record, instead of
// parsing it. If the text matches and the values are of the same kind, the record has the
// same tokens. Any other record is parsed from the start.
type shape struct {
	known bool
	slots []slot
	room  [6]slot // array for slots
	tail  []byte  // text after the last slot
	batch int     // of the records
}

// slot is a value that differs between records.
type slot struct {
	before []byte // text since the previous slot
	jsonscan.Value
	to  *jsonscan.Value // in decoder.record
	end int             // offset of the value's end in the event
}

// same reports whether other is for the same member.
func (s *slot) same(other slot) bool { return s.to == other.to }

// forget clears the shape.
func (s *shape) forget() { s.known, s.slots = false, s.room[:0] }

// note reads a value that differs between records, and records its slot.
func (d *decoder) note(to *jsonscan.Value) (ok bool) {
	*to, ok = d.in.Value()
	end := d.in.Pos
	if to.Kind == jsonscan.Plain {
		end-- // exclude the quote
	}
	d.shape.slots = append(d.shape.slots, slot{Value: *to, to: to, end: end})
	return ok
}

// learn keeps the shape of the record just read, from start on, if later records may have
// the same shape.
func (d *decoder) learn(start int) {
	s := &d.shape
	if d.batches[d.last].Kind != Kinesis || d.bad != nil || d.record.kinesis.again {
		return
	}
	for i := range s.slots {
		slot := &s.slots[i]
		if slot.Kind != jsonscan.Plain && slot.Kind != jsonscan.Number || slices.ContainsFunc(s.slots[:i], slot.same) {
			return // of duplicate members, only the last counts
		}
		slot.before = d.in.Text[start : slot.end-len(slot.Raw)]
		start = slot.end
	}
	s.known, s.tail, s.batch = true, d.in.Text[start:d.in.Pos], d.last
}

// alike reads a record of the known shape. If the next record has another shape, it reports
// false and reads nothing.
func (d *decoder) alike() bool {
	start := d.in.Pos
	for i := range d.shape.slots {
		slot := &d.shape.slots[i]
		if !d.in.Skip(slot.before) || !d.fill(slot) {
			d.in.Pos = start
			return false
		}
	}
	if !d.in.Skip(d.shape.tail) {
		d.in.Pos = start
		return false
	}
	d.record.raw.Raw, d.bad = d.in.Since(start), nil
	b := &d.batches[d.shape.batch]
	r := d.build(b)
	if r.Data.Err() != nil { // fill has not checked data
		d.in.Pos = start
		return false
	}
	b.Records = append(b.Records, r)
	d.n++
	return true
}

// fill reads a slot's value, which must be of the same kind as in the previous record. It
// scans data only up to the next quote: if that is valid base64, it was a string without
// escapes.
func (d *decoder) fill(s *slot) bool {
	start := d.in.Pos
	switch {
	case s.Kind == jsonscan.Number:
		if !d.in.Number() {
			return false
		}
	case s.to == &d.record.kinesis.data:
		n := bytes.IndexByte(d.in.Text[start:], '"')
		if n < 0 {
			return false
		}
		d.in.Pos += n
	default:
		if d.in.Pos = jsonscan.Mark(d.in.Text, start); d.in.Pos == len(d.in.Text) || d.in.Text[d.in.Pos] != '"' {
			return false
		}
	}
	s.to.Raw = d.in.Since(start)
	return true
}
