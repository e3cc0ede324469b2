package stages

import (
	"bytes"
	"encoding/base64"
	"unicode/utf8"

	"fanout/engine"
	"fanout/engine/ascii"
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
	s := scanner{b: b}
	if s.value(0) && s.end() {
		if s.odd == 0 {
			data.MarkJSON()
			return element{verbatim, len(b)}
		}
		return element{escaped, len(b) + s.odd*(len(`\ufffe`)-len("\uFFFE"))}
	}
	if n := quotedLen(b); n > 0 {
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
			b = bytes.ReplaceAll(b, []byte("\uFFFE"), []byte(`\ufffe`))
			text = append(text, bytes.ReplaceAll(b, []byte("\uFFFF"), []byte(`\uffff`))...)
		case quoted:
			text = appendQuoted(text, b)
		case binaryForm:
			text = append(text, base64Head...)
			text = base64.StdEncoding.AppendEncode(text, b)
			text = append(text, base64Tail...)
		}
	}
	return append(text, jsonTail...)
}

// quotedLen returns the length of text as a JSON string, or 0 if it is not UTF-8.
func quotedLen(text []byte) int {
	n := len(`""`)
	for i := 0; ; {
		plain := ascii.Len(text[i:])
		n, i = n+plain, i+plain
		if i == len(text) {
			return n
		}
		r, size := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && size == 1 {
			return 0
		}
		if e := escape(r); e != "" {
			n += len(e)
		} else {
			n += size
		}
		i += size
	}
}

// appendQuoted appends text, which must be UTF-8, as a JSON string.
func appendQuoted(b, text []byte) []byte {
	b = append(b, '"')
	start := 0 // of the part that needs no escaping
	for i := 0; ; {
		i += ascii.Len(text[i:])
		if i == len(text) {
			return append(append(b, text[start:]...), '"')
		}
		r, size := utf8.DecodeRune(text[i:])
		if e := escape(r); e != "" {
			b = append(append(b, text[start:i]...), e...)
			start = i + size
		}
		i += size
	}
}

// escape returns the escape of r in a JSON string that is XML 1.0 text too, or ""
// if r needs none.
func escape(r rune) string {
	switch {
	case r == '\uFFFE':
		return `\ufffe`
	case r == '\uFFFF':
		return `\uffff`
	case int(r) < len(escapes):
		return escapes[r]
	default:
		return ""
	}
}

// escapes holds the escapes of ASCII characters.
var escapes = func() (t ['\\' + 1]string) {
	const hex = "0123456789abcdef"
	for c := range byte(' ') {
		t[c] = `\u00` + hex[c>>4:c>>4+1] + hex[c&15:c&15+1]
	}
	t['\b'], t['\t'], t['\n'], t['\f'], t['\r'] = `\b`, `\t`, `\n`, `\f`, `\r`
	t['"'], t['\\'] = `\"`, `\\`
	return t
}()
