package stages

import (
	"bytes"
	"context"
	"encoding/base64"
	"slices"

	"fanout/engine"
)

// Newline ends each record with "\n" unless it already ends with one, so that what
// Firehose writes behind one another stays one record a line. Data that came as
// base64 text stays text: only its last four characters are decoded.
type Newline struct{}

// Name returns "newline".
func (Newline) Name() string { return "newline" }

// Process passes every record on, with a newline at its end.
func (Newline) Process(_ context.Context, in []engine.Record, out *engine.Out) {
	for _, r := range in {
		if r.Data.Encoded() {
			out.Emit(endText(r))
		} else {
			out.Emit(endBytes(r))
		}
	}
}

var newline = []byte("\n")

func endBytes(r engine.Record) engine.Record {
	b := r.Data.Bytes()
	if bytes.HasSuffix(b, newline) {
		return r
	}
	return r.With(engine.Bytes(slices.Concat(b, newline)))
}

func endText(r engine.Record) engine.Record {
	text := r.Data.Text()
	whole := max(0, len(text)-4) // before the last quantum
	var quantum [4]byte
	// The engine has checked the text, so this cannot fail.
	n, _ := base64.StdEncoding.Decode(quantum[:], text[whole:])
	last := quantum[:n]
	if bytes.HasSuffix(last, newline) {
		return r
	}
	line := make([]byte, 0, base64.StdEncoding.EncodedLen(r.Data.Len()+1))
	line = append(line, text[:whole]...)
	return r.With(engine.Base64(base64.StdEncoding.AppendEncode(line, append(last, newline...))))
}
