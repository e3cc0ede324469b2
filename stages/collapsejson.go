package stages

import (
	"bytes"
	"encoding/base64"

	"fanout/engine"
	"fanout/internal/jsonscan"
	"fanout/internal/jsontext"
)

// The text around the records of a JSON message, and around binary data.
const (
	jsonHead, jsonTail     = `{"Records":[`, `]}`
	base64Head, base64Tail = `{"$base64":"`, `"}`
)

// place decodes recs[i] directly into the next message, as if it were JSON. Nearly
// all records are, and JSON then needs neither memory of its own nor a copy. The
// first record that is not JSON ends this: it is written in another form, and its
// message is built again.
func (w *writer) place(recs []engine.Record, i int) {
	data := recs[i].Data
	w.makeRoom(recs, i, element{verbatim, data.Len()}) // no form is shorter
	if w.text == nil {
		w.text = append(make([]byte, 0, w.room(recs[i:])), jsonHead...)
	} else {
		w.text = append(w.text, ',')
	}
	w.text = data.AppendBytes(w.text)
}

// room returns the length of the message that begins with recs, if all are JSON.
func (w *writer) room(recs []engine.Record) int {
	var s sum
	for i := range recs {
		next := s.plus(element{verbatim, recs[i].Data.Len()})
		if i > 0 && !w.fits(next) {
			break
		}
		s = next
	}
	return w.length(s)
}

// measureJSON returns the form and size of data in a JSON message.
func measureJSON(data engine.Payload) element {
	b := data.Bytes()
	if data.KnownJSON() {
		return element{verbatim, len(b)}
	}
	c := jsonscan.Cursor{Text: b}
	if _, ok := c.Value(); ok && c.End() {
		if n := odd(b); n > 0 {
			return element{escaped, len(b) + n*oddEscape}
		}
		data.MarkJSON()
		return element{verbatim, len(b)}
	}
	if n, valid := jsontext.StringLen(b); valid {
		if odd := odd(b); odd > 0 {
			return element{quotedOdd, n + odd*oddEscape}
		}
		return element{quoted, n}
	}
	return element{binaryForm, len(base64Head) + base64.StdEncoding.EncodedLen(len(b)) + len(base64Tail)}
}

// appendJSON appends the message of recs in the forms of elements.
func appendJSON(text []byte, recs []engine.Record, elements []element) []byte {
	text = append(text, jsonHead...)
	for i := range recs {
		if i > 0 {
			text = append(text, ',')
		}
		b := recs[i].Data.Bytes()
		switch elements[i].form {
		case verbatim:
			text = append(text, b...)
		case escaped:
			text = append(text, escapeOdd(b)...)
		case quoted:
			text = jsontext.AppendString(text, b)
		case quotedOdd:
			text = append(text, escapeOdd(jsontext.AppendString(nil, b))...)
		case binaryForm:
			text = append(text, base64Head...)
			text = base64.StdEncoding.AppendEncode(text, b)
			text = append(text, base64Tail...)
		}
	}
	return append(text, jsonTail...)
}

// The characters U+FFFE and U+FFFF are odd: JSON allows them in strings, and XML does
// not.

// oddEscape is how much longer the escape of an odd character is.
const oddEscape = len(`\ufffe`) - len("\uFFFE")

// odd counts the odd characters of UTF-8 text.
func odd(text []byte) int {
	if bytes.IndexByte(text, "\uFFFE"[0]) < 0 {
		return 0
	}
	return bytes.Count(text, []byte("\uFFFE")) + bytes.Count(text, []byte("\uFFFF"))
}

// escapeOdd returns a copy of JSON text with its odd characters escaped.
func escapeOdd(text []byte) []byte {
	text = bytes.ReplaceAll(text, []byte("\uFFFE"), []byte(`\ufffe`))
	return bytes.ReplaceAll(text, []byte("\uFFFF"), []byte(`\uffff`))
}
