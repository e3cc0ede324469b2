package stages

import (
	"bytes"
	"context"
	"encoding/base64"
	"slices"

	"fanout/engine"
	"fanout/internal/jsonscan"
)

// Newline ends each record with "\n" unless it already ends with one, so that
// Firehose, which concatenates records, writes one record a line. JSON of several
// lines, such as an image of an indented event, becomes one line without white
// space between its tokens. Other data keeps its inner newlines.
//
// Data that came as base64 text stays text, unless it is JSON of several lines:
// only its last four characters are decoded.
type Newline struct{}

// Name returns "newline".
func (Newline) Name() string { return "newline" }

// Process passes every record on, with a newline at its end.
func (Newline) Process(_ context.Context, in []engine.Record, out *engine.Out) {
	for _, r := range in {
		if r.Data.Encoded() {
			out.EmitWithSource(endText(r), r.Raw)
		} else {
			out.EmitWithSource(endBytes(r), r.Raw)
		}
	}
}

var newline = []byte("\n")

func endBytes(r engine.Record) engine.Record {
	b := r.Data.Bytes()
	ended := bytes.HasSuffix(b, newline)
	switch {
	case bytes.IndexByte(bytes.TrimSuffix(b, newline), '\n') >= 0 && jsonscan.Valid(b):
		return r.With(engine.Bytes(oneLine(b)))
	case ended:
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
	ended := bytes.HasSuffix(last, newline)
	several := bytes.IndexByte(bytes.TrimSuffix(last, newline), '\n') >= 0 || hasNewline(text[:whole])
	switch {
	case several && jsonscan.Valid(r.Data.Bytes()):
		return r.With(engine.Bytes(oneLine(r.Data.Bytes())))
	case ended:
		return r
	}
	line := make([]byte, 0, base64.StdEncoding.EncodedLen(r.Data.Len()+1))
	line = append(line, text[:whole]...)
	return r.With(engine.Base64(base64.StdEncoding.AppendEncode(line, append(last, newline...))))
}

// oneLine returns the JSON in b without white space between its tokens, and with a
// newline at the end.
func oneLine(b []byte) []byte {
	line := make([]byte, 0, len(b)+1)
	jsonscan.Tokens(b, func(part []byte) { line = append(line, part...) })
	return append(line, '\n')
}

// hasNewline reports whether the decoded base64 text has a newline. The text is
// whole quanta: four characters for three bytes. A newline, 00001010, shows in two
// characters of its quantum, in one of three places:
//
//	000010 10····  ······ ······    'C', then 'g' to 'v'
//	······ ··0000  1010·· ······    'A', 'Q', 'g' or 'w', then 'o' to 'r'
//	······ ······  ····00 001010    every fourth letter, then 'K'
func hasNewline(text []byte) bool {
	for ; len(text) >= 4; text = text[4:] {
		q := [4]byte(text)
		if newlineIn[q[0]]&inFirst != 0 && newlineIn[q[1]]&afterFirst != 0 ||
			newlineIn[q[1]]&inSecond != 0 && newlineIn[q[2]]&afterSecond != 0 ||
			q[3] == 'K' && newlineIn[q[2]]&inThird != 0 {
			return true
		}
	}
	return false
}

// Parts of a newline that a base64 character may hold.
const (
	inFirst     = 1 << iota // the first six bits, in a quantum's first byte
	afterFirst              // the last two
	inSecond                // the first four, in its second byte
	afterSecond             // the last four
	inThird                 // the first two, in its third byte
)

// newlineIn maps each base64 character to the parts of a newline that it may hold.
var newlineIn = func() (t [256]uint8) {
	for value, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") {
		for part, holds := range map[uint8]bool{
			inFirst: value == '\n'>>2, afterFirst: value>>4 == '\n'&3,
			inSecond: value&15 == '\n'>>4, afterSecond: value>>2 == '\n'&15,
			inThird: value&3 == '\n'>>6,
		} {
			if holds {
				t[c] |= part
			}
		}
	}
	return t
}()
