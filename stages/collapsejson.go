package stages

import (
	"bytes"
	"encoding/base64"
	"unicode/utf8"

	"fanout/engine"
	"fanout/engine/ascii"
)

// What stands around the records of a JSON message, and around binary data.
const (
	jsonHead, jsonTail     = `{"Records":[`, `]}`
	base64Head, base64Tail = `{"$base64":"`, `"}`
)

// place decodes recs[i] where the next message will have it if it is JSON, as nearly all
// are: then it neither takes memory of its own nor is copied. The first that is not ends
// that, as it will be written in another way, and its message is made once more.
func (w *writer) place(recs []engine.Record, i int) {
	data := recs[i].Data
	w.makeRoom(recs, i, element{verbatim, data.Len()}) // it takes no less in any form
	if w.text == nil {
		w.text = append(make([]byte, 0, w.room(recs[i:])), jsonHead...)
	} else {
		w.text = append(w.text, ',')
	}
	w.text = data.AppendBytes(w.text)
}

// room is the length of the message of the first of recs if all are JSON.
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

// measureJSON says how a JSON message holds data.
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

// appendJSON appends the message that holds recs in the forms of elements.
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

// appendQuoted appends text, which is UTF-8, as a JSON string.
func appendQuoted(b, text []byte) []byte {
	b = append(b, '"')
	start := 0 // of what needs no escaping
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

// escape returns how r is escaped in a JSON string that is XML 1.0 text as well,
// or "" if it stands for itself.
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

// escapes are those of the ASCII characters.
var escapes = func() (t ['\\' + 1]string) {
	const hex = "0123456789abcdef"
	for c := range byte(' ') {
		t[c] = `\u00` + hex[c>>4:c>>4+1] + hex[c&15:c&15+1]
	}
	t['\b'], t['\t'], t['\n'], t['\f'], t['\r'] = `\b`, `\t`, `\n`, `\f`, `\r`
	t['"'], t['\\'] = `\"`, `\\`
	return t
}()
