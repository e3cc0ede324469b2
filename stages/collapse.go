package stages

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"

	"fanout/engine"
)

// Collapse merges consecutive records into as few messages as possible. A zero
// bound sets none. A record that alone exceeds Bytes gets its own message, and the
// sink's limits decide about it.
//
// In mode JSON a message is {"Records":[r1,r2,…]}. A record that is JSON (RFC 8259,
// in UTF-8) goes in unchanged, other UTF-8 text as a JSON string, and other bytes
// as {"$base64":"…"}. The message is always text that XML 1.0 allows: the two
// characters that JSON allows and XML does not, U+FFFE and U+FFFF, are escaped.
//
// Every message, even one of a single record, is a merged record whose key is its
// lane. Mode None passes records on unchanged.
type Collapse struct {
	Mode    Mode
	Records int // records in a message
	Bytes   int // bytes of a message, as it will be sent

	// Text says that the sink takes text only (see Payload.IsText) and sends other
	// messages in base64, so that the base64 length counts.
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
		w := writer{Collapse: c, out: out, placing: c.Mode == JSON && len(in) > 0 && measureJSON(in[0].Data).form == verbatim}
		for i := range in {
			if w.placing {
				w.place(in, i)
			} else if i%ahead == 0 {
				engine.DecodeBase64(in[i:min(i+ahead, len(in))])
			}
			w.add(in, i, c.measure(in[i].Data))
		}
		w.flush(in)
	default:
		for _, r := range in {
			out.Fail(r, engine.Errorf(engine.Permanent, "unknown collapse mode %v", c.Mode))
		}
	}
}

// ahead is how many records are decoded at once: few enough to stay in the
// processor's cache until they are scanned.
const ahead = 64

// element is one record in a message.
type element struct {
	form form
	size int // in bytes, before the base64 of the whole message
}

type form uint8

const (
	verbatim   form = iota // unchanged
	escaped                // JSON that holds U+FFFE or U+FFFF
	quoted                 // text, as a JSON string
	quotedOdd              // text that holds U+FFFE or U+FFFF, as a JSON string
	binaryForm             // not text
)

// measure returns the form and size of data in a message.
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

// sum holds the inputs to the length of a message.
type sum struct {
	records, bytes int
	binary         bool // some of it is not text
}

func (s sum) plus(e element) sum {
	return sum{s.records + 1, s.bytes + e.size, s.binary || e.form == binaryForm}
}

// length returns the length of a message as sent.
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

// writer builds one message after another.
type writer struct {
	Collapse
	out      *engine.Out
	elements []element // of the next message
	sum      sum       // of elements
	raw      []byte    // buffer for the input of a message's base64

	placing bool   // all records so far are in a message verbatim
	text    []byte // if placing, the next message without its end
}

// add puts recs[i] into the next message, or begins another if it does not fit.
func (w *writer) add(recs []engine.Record, i int, e element) {
	w.placing = w.placing && e.form == verbatim
	w.makeRoom(recs, i, e)
	w.elements = append(w.elements, e)
	w.sum = w.sum.plus(e)
}

// makeRoom emits the next message, with the records before recs[i], if e does not
// fit into it.
func (w *writer) makeRoom(recs []engine.Record, i int, e element) {
	if len(w.elements) > 0 && !w.fits(w.sum.plus(e)) {
		w.flush(recs[:i])
	}
}

// flush emits the next message, if it has records. Its last record is the last of
// recs.
func (w *writer) flush(recs []engine.Record) {
	if len(w.elements) == 0 {
		return
	}
	recs = recs[len(recs)-len(w.elements):]
	m := engine.Merge(recs, w.data(recs))
	m.Key, m.HashKey = m.Lane, ""
	w.out.Emit(m)
	w.elements, w.sum, w.text = w.elements[:0], sum{}, nil
}

func (w *writer) data(recs []engine.Record) engine.Payload {
	switch w.Mode {
	case JSON:
		if w.placing {
			return engine.KnownText(append(w.text, jsonTail...))
		}
		text := make([]byte, 0, w.length(w.sum))
		return engine.KnownText(appendJSON(text, recs, w.elements))
	case ConcatB64:
		w.raw = appendAll(slices.Grow(w.raw[:0], w.sum.bytes), recs)
		text := make([]byte, 0, w.length(w.sum))
		return engine.KnownText(base64.StdEncoding.AppendEncode(text, w.raw))
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

// Mode says how [Collapse] merges records into a message.
type Mode uint8

// The modes, with the names that ParseMode takes.
const (
	None      Mode = iota // "none": records are not merged
	JSON                  // "JSON": {"Records":[r1,r2,…]}
	Concat                // "concat": the bytes one after another
	ConcatB64             // "concat-b64": the base64 text of those bytes
)

var modes = [...]string{None: "none", JSON: "JSON", Concat: "concat", ConcatB64: "concat-b64"}

// String returns the mode's name.
func (m Mode) String() string {
	if int(m) < len(modes) {
		return modes[m]
	}
	return fmt.Sprintf("mode %d", uint8(m))
}

// ParseMode returns the mode with exactly that name. Its error lists the valid
// names.
func ParseMode(name string) (Mode, error) {
	for m, n := range modes {
		if n == name {
			return Mode(m), nil
		}
	}
	return None, fmt.Errorf("%q is not a collapse mode: use JSON, none, concat or concat-b64", name)
}
