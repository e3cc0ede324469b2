package s3

import (
	"bytes"
	"unicode/utf8"

	"fanout/engine"
	"fanout/internal/jsonscan"
	"fanout/sinks/internal/request"
)

// appendLine appends the line of a record: JSON on one line as it is, other text as a JSON
// string, and other bytes as {"$base64":"…"}, as the elements of a collapsed message are.
func appendLine(b *request.Body, p engine.Payload) {
	data := p.Bytes()
	switch {
	case jsonscan.Valid(data):
		data = bytes.TrimSpace(data)
		if bytes.ContainsAny(data, "\r\n") { // only between tokens
			data = bytes.Map(unbroken, data)
		}
		b.Add(data)
	case utf8.Valid(data):
		b.Quote(string(data))
	default:
		b.Text(`{"$base64":"`)
		b.Base64(p)
		b.Text(`"}`)
	}
	b.Text("\n")
}

// unbroken returns a space instead of a line break.
func unbroken(r rune) rune {
	if r == '\r' || r == '\n' {
		return ' '
	}
	return r
}
