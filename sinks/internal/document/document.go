// Package document makes JSON documents of the data of records, for services that take nothing
// else.
package document

import (
	"fanout/engine"
	"fanout/internal/jsonscan"
	"fanout/internal/jsontext"
)

// The text around data that is no document.
const (
	head       = `{"data":`
	tail       = `}`
	base64Head = `{"data":"`
	base64Tail = `","encoding":"base64"}`
)

// form is how data becomes a document.
type form uint8

const (
	whole  form = iota // the data is one
	value              // {"data": the data, which is JSON}
	text               // {"data": "the data"}
	binary             // {"data": "the data in base64", "encoding": "base64"}
)

// Document is the JSON document of a record.
type Document struct {
	data engine.Payload
	form form
}

// Of returns the document of data that is JSON: the data itself. Any other text becomes
// {"data": "text"}, and other data {"data": "…", "encoding": "base64"}. Text has only characters
// that XML 1.0 allows, as in messages of SQS.
func Of(data engine.Payload) Document {
	switch {
	case isJSON(data):
		return Document{data, whole}
	case data.IsText():
		return Document{data, text}
	}
	return Document{data, binary}
}

// isJSON reports whether data is JSON. It marks data that is, because a sink asks twice: to size
// the record, and to send it.
func isJSON(data engine.Payload) bool {
	switch {
	case data.KnownJSON():
		return data.Len() > 0
	case data.Len() == 0 || !jsonscan.Valid(data.Bytes()):
		return false
	case data.IsText():
		data.MarkJSON()
	}
	return true
}

// Object is like Of, but always returns an object: JSON that is none becomes {"data": JSON}.
func Object(data engine.Payload) Document {
	d := Of(data)
	if c := (jsonscan.Cursor{Text: data.Bytes()}); d.form == whole && c.Peek() != '{' {
		d.form = value
	}
	return d
}

// Len returns the length of the document in bytes.
func (d Document) Len() int {
	switch d.form {
	case whole:
		return d.data.Len()
	case value:
		return len(head) + d.data.Len() + len(tail)
	case text:
		n, _ := jsontext.StringLen(d.data.Bytes()) // text is UTF-8
		return len(head) + n + len(tail)
	case binary:
	}
	return len(base64Head) + d.data.TextLen() + len(base64Tail)
}

// Bytes returns the document. It may share memory with the record.
func (d Document) Bytes() []byte {
	if d.form == whole {
		return d.data.Bytes()
	}
	b := make([]byte, 0, d.Len())
	switch d.form {
	case value:
		b = append(append(append(b, head...), d.data.Bytes()...), tail...)
	case text:
		b = append(jsontext.AppendString(append(b, head...), d.data.Bytes()), tail...)
	default:
		b = append(d.data.AppendText(append(b, base64Head...)), base64Tail...)
	}
	return b
}
