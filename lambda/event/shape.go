package event

import (
	"bytes"
	"slices"
)

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
	value
	to  *value // in decoder.record
	end int    // offset of the value's end in the event
}

// same reports whether other is for the same member.
func (s *slot) same(other slot) bool { return s.to == other.to }

// forget clears the shape.
func (s *shape) forget() { s.known, s.slots = false, s.room[:0] }

// note reads a value that differs between records, and records its slot.
func (d *decoder) note(to *value) (ok bool) {
	*to, ok = d.value()
	end := d.pos
	if to.kind == plain {
		end-- // exclude the quote
	}
	d.shape.slots = append(d.shape.slots, slot{value: *to, to: to, end: end})
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
		if slot.kind != plain && slot.kind != number || slices.ContainsFunc(s.slots[:i], slot.same) {
			return // of duplicate members, only the last counts
		}
		slot.before = d.text[start : slot.end-len(slot.raw)]
		start = slot.end
	}
	s.known, s.tail, s.batch = true, d.text[start:d.pos], d.last
}

// alike reads a record of the known shape. If the next record has another shape, it reports
// false and reads nothing.
func (d *decoder) alike() bool {
	start := d.pos
	for i := range d.shape.slots {
		slot := &d.shape.slots[i]
		if !d.skip(slot.before) || !d.fill(slot) {
			d.pos = start
			return false
		}
	}
	if !d.skip(d.shape.tail) {
		d.pos = start
		return false
	}
	d.record.raw.raw, d.bad = d.text[start:d.pos:d.pos], nil
	b := &d.batches[d.shape.batch]
	r := d.build(b)
	if r.Data.Err() != nil { // fill has not checked data
		d.pos = start
		return false
	}
	b.Records = append(b.Records, r)
	d.n++
	return true
}

// skip moves past known if the text continues with it.
func (d *decoder) skip(known []byte) bool {
	end := d.pos + len(known)
	if end > len(d.text) || string(d.text[d.pos:end]) != string(known) {
		return false
	}
	d.pos = end
	return true
}

// fill reads a slot's value, which must be of the same kind as in the previous record. It
// scans data only up to the next quote: if that is valid base64, it was a string without
// escapes.
func (d *decoder) fill(s *slot) bool {
	start := d.pos
	switch {
	case s.kind == number:
		if !d.number() {
			return false
		}
	case s.to == &d.record.kinesis.data:
		n := bytes.IndexByte(d.text[start:], '"')
		if n < 0 {
			return false
		}
		d.pos += n
	default:
		if d.pos = special(d.text, start); d.pos == len(d.text) || d.text[d.pos] != '"' {
			return false
		}
	}
	s.to.raw = d.text[start:d.pos:d.pos]
	return true
}
