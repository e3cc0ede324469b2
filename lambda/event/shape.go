package event

import (
	"bytes"
	"slices"
)

// shape is how a Kinesis record is written. The records of an event look alike: they
// have the same members in the same order, and all but a few values in common. So
// what stands between these values is compared with that of a record which has been
// read, instead of being read again. Where it is the same, and the values are of the
// same kind, the record is made of the same tokens. Any other record is read from
// its beginning as if nothing were known.
type shape struct {
	known bool
	slots []slot
	room  [6]slot // for slots
	tail  []byte  // behind the last slot
	batch int     // of the records
}

// slot is where a record has a value of its own.
type slot struct {
	before []byte // since the slot before it
	value
	to  *value // of decoder.record
	end int    // of value, in the event
}

// same reports whether other is of the same member.
func (s *slot) same(other slot) bool { return s.to == other.to }

// forget makes room for another shape.
func (s *shape) forget() { s.known, s.slots = false, s.room[:0] }

// note reads a value, which is one that differs from record to record.
func (d *decoder) note(to *value) (ok bool) {
	*to, ok = d.value()
	end := d.pos
	if to.kind == plain {
		end-- // the quote
	}
	d.shape.slots = append(d.shape.slots, slot{value: *to, to: to, end: end})
	return ok
}

// learn keeps the shape of the record that was read, from start on, if others may
// have it too.
func (d *decoder) learn(start int) {
	s := &d.shape
	if d.batches[d.last].Kind != Kinesis || d.bad != nil || d.record.kinesis.again {
		return
	}
	for i := range s.slots {
		slot := &s.slots[i]
		if slot.kind != plain && slot.kind != number || slices.ContainsFunc(s.slots[:i], slot.same) {
			return // of a member that is there twice, only the last is looked at
		}
		slot.before = d.text[start : slot.end-len(slot.raw)]
		start = slot.end
	}
	s.known, s.tail, s.batch = true, d.text[start:d.pos], d.last
}

// alike reads a record of the shape that is known. If the next one has another, it
// reports false and has read nothing.
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
	if r.Data.Err() != nil { // fill has not looked at data
		d.pos = start
		return false
	}
	b.Records = append(b.Records, r)
	d.n++
	return true
}

// skip moves past known if that comes next.
func (d *decoder) skip(known []byte) bool {
	end := d.pos + len(known)
	if end > len(d.text) || string(d.text[d.pos:end]) != string(known) {
		return false
	}
	d.pos = end
	return true
}

// fill reads the value of a slot: one of the kind that the record before has there.
// Data may be anything up to a quote. If it turns out to be base64 it was a string
// without escapes.
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
