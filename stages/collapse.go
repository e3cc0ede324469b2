package stages

import (
	"context"
	"encoding/base64"
	"slices"

	"fanout/engine"
)

// Collapse puts consecutive records into as few messages as hold them. A zero
// bound sets none; a record that exceeds Bytes by itself is a message of its own,
// for the sink's limits to judge.
//
// In mode JSON a message is {"Records":[r1,r2,…]}. A record that is JSON (RFC 8259,
// in UTF-8) goes in as it is, other UTF-8 text as a JSON string, and other bytes as
// {"$base64":"…"}. The message always is text that XML 1.0 allows: the two
// characters that JSON allows and XML does not, U+FFFE and U+FFFF, are escaped.
//
// Every message, even one of a single record, is a merged record whose key is its
// lane; mode None passes records on as they are.
type Collapse struct {
	Mode    Mode
	Records int // records in a message
	Bytes   int // bytes of a message, as it will be sent

	// Text says that the sink takes text only (as Payload.IsText has it) and
	// sends other messages in base64, whose length then counts.
	Text bool
}

// Name returns the stage's name with its mode and the bounds that are set.
func (c Collapse) Name() string {
	return "collapse " + c.Mode.String() + bounds(c.Records, c.Bytes)
}

// Process merges the records of in.
func (c Collapse) Process(_ context.Context, in []engine.Record, out *engine.Out) {
	switch c.Mode {
	case None:
		for _, r := range in {
			out.Emit(r)
		}
	case JSON, Concat, ConcatB64:
		w := writer{Collapse: c}
		for i := range in {
			if i%ahead == 0 {
				engine.Decode(in[i:min(i+ahead, len(in))])
			}
			e := c.measure(in[i].Data)
			if n := len(w.elements); n > 0 && !c.fits(w.sum.plus(e)) {
				out.Emit(w.message(in[i-n : i]))
			}
			w.elements = append(w.elements, e)
			w.sum = w.sum.plus(e)
		}
		if n := len(w.elements); n > 0 {
			out.Emit(w.message(in[len(in)-n:]))
		}
	default:
		for _, r := range in {
			out.Fail(r, engine.Errorf(engine.Permanent, "there is no way to collapse records that is called %v", c.Mode))
		}
	}
}

// ahead is how many records are decoded at once: few enough that they are still in the
// processor's cache when they are looked at.
const ahead = 64

// element is a record as a message will hold it.
type element struct {
	form form
	size int // in bytes, before the base64 of the whole message
}

type form uint8

const (
	verbatim   form = iota // as it is
	escaped                // JSON with U+FFFE or U+FFFF in it
	quoted                 // text, as a JSON string
	binaryForm             // what is not text
)

// measure says how a message holds data.
func (c Collapse) measure(data engine.Payload) element {
	if c.Mode == JSON {
		return measureJSON(data)
	}
	e := element{size: data.Len()}
	if c.Mode == Concat && c.Text && !data.IsText() {
		e.form = binaryForm
	}
	return e
}

// sum is what decides about the length of a message.
type sum struct {
	records, bytes int
	binary         bool // not all of it is text
}

func (s sum) plus(e element) sum {
	return sum{s.records + 1, s.bytes + e.size, s.binary || e.form == binaryForm}
}

// length returns the length of a message as it will be sent.
func (c Collapse) length(s sum) int {
	switch {
	case c.Mode == JSON:
		return len(jsonHead) + s.bytes + s.records - 1 + len(jsonTail)
	case c.Mode == ConcatB64, c.Text && s.binary:
		return base64.StdEncoding.EncodedLen(s.bytes)
	default:
		return s.bytes
	}
}

func (c Collapse) fits(s sum) bool {
	return (c.Records <= 0 || s.records <= c.Records) && (c.Bytes <= 0 || c.length(s) <= c.Bytes)
}

// writer makes one message after another.
type writer struct {
	Collapse
	elements []element // of the next message
	sum      sum       // of elements
	raw      []byte    // what the base64 of a message is made from
}

// message merges recs, whose elements those of w are, and begins the next message.
func (w *writer) message(recs []engine.Record) engine.Record {
	m := engine.Merge(recs, w.data(recs))
	m.Key, m.HashKey = m.Lane, ""
	w.elements, w.sum = w.elements[:0], sum{}
	return m
}

func (w *writer) data(recs []engine.Record) engine.Payload {
	switch w.Mode {
	case JSON:
		text := make([]byte, 0, w.length(w.sum))
		return engine.Bytes(appendJSON(text, recs, w.elements))
	case ConcatB64:
		w.raw = appendAll(slices.Grow(w.raw[:0], w.sum.bytes), recs)
		text := make([]byte, 0, w.length(w.sum))
		return engine.Bytes(base64.StdEncoding.AppendEncode(text, w.raw))
	default:
		if len(recs) == 1 {
			return recs[0].Data
		}
		return engine.Bytes(appendAll(make([]byte, 0, w.sum.bytes), recs))
	}
}

func appendAll(b []byte, recs []engine.Record) []byte {
	for i := range recs {
		b = append(b, recs[i].Data.Bytes()...)
	}
	return b
}
