package sinks

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"

	"fanout/engine"
)

// The actions of a _bulk request (Elasticsearch and OpenSearch, Bulk API).
const (
	opIndex  = "index"  // writes over what there is
	opCreate = "create" // fails with 409 if there is something
	opDelete = "delete" // has no document
)

// esID is the length of the longest _id, in bytes (Elasticsearch guide, _id field).
const esID = 512

// esBulk is a _bulk request: for each action a line of metadata and, except for a
// delete, one with the document.
type esBulk struct {
	body    *body
	actions []esAction
	outcome engine.Outcome // of the records that are not in it
}

// esAction is an action of a request.
type esAction struct {
	record int // index in the batch
	op     string
	id     string
	bytes  int // of the document
}

// bulk makes the request that delivers batch.
func (e *ES) bulk(batch []engine.Record) esBulk {
	b := esBulk{body: newBody(0), actions: make([]esAction, 0, len(batch))}
	for i := range batch {
		r := &batch[i]
		a := e.action(r)
		a.record = i
		if why := a.fault(r); why != "" {
			b.outcome.Fail(i, engine.Errorf(engine.Permanent, "%s: %s", e.name, why))
			continue
		}
		a.bytes = r.Data.Len()
		b.actions = append(b.actions, a)
		b.body.own = e.appendLine(b.body.own, &a)
		if a.op != opDelete {
			tokens(document(r), b.body.add)
			b.body.text("\n")
		}
	}
	b.body.cut()
	return b
}

// size counts the bytes of r in a request.
func (e *ES) size(r *engine.Record) int {
	a := e.action(r)
	var buf [2 * esID]byte
	n := len(e.appendLine(buf[:0], &a))
	if a.op != opDelete {
		tokens(document(r), func(part []byte) { n += len(part) })
		n += len("\n")
	}
	return n
}

// action returns what becomes of r.
func (e *ES) action(r *engine.Record) esAction {
	a := esAction{op: opCreate}
	one := only(r)
	if one == nil {
		a.id = e.origin.id(r)
		return a
	}
	id := one.Key
	switch one.Action {
	case "INSERT", "MODIFY":
		a.op = opIndex
	case "REMOVE":
		a.op = opDelete
	default:
		id = e.origin.id(one)
	}
	if len(id) > esID || !utf8.ValidString(id) {
		id = sha256Hex([]byte(id))
	}
	a.id = id
	return a
}

// appendLine appends the line of metadata, which says what to do with which document.
// The index is in the URL.
func (e *ES) appendLine(b []byte, a *esAction) []byte {
	b = append(append(append(b, `{"`...), a.op...), `":{"_id":`...)
	b = appendJSON(b, a.id)
	if e.index.DocType != "" {
		b = appendJSON(append(b, `,"_type":`...), e.index.DocType)
	}
	return append(b, "}}\n"...)
}

// fault says why r cannot be sent, "" if it can.
func (a *esAction) fault(r *engine.Record) string {
	switch {
	case a.id == "":
		return "the record has no key that could be the document's _id"
	case a.op == opDelete:
		return ""
	}
	switch doc := document(r); {
	case r.Data.IsStandIn():
		return noImage(r)
	case len(doc) == 0:
		return "the record has no data, and a document is a JSON object"
	case !utf8.Valid(doc):
		return "the record's data is not UTF-8, and a document is a JSON object"
	case doc[0] != '{' || !json.Valid(doc):
		return "the record's data is not a JSON object"
	}
	return ""
}

// space is what JSON takes for white space (RFC 8259, section 2).
const space = " \t\r\n"

// document returns the JSON text of r's document.
func document(r *engine.Record) []byte { return bytes.Trim(r.Data.Bytes(), space) }

// tokens calls f with the parts of JSON text that make one line of it: the text
// itself, or if it has line breaks, what is not white space between tokens.
func tokens(text []byte, f func(part []byte)) {
	if bytes.IndexByte(text, '\n') < 0 {
		f(text)
		return
	}
	start, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			quoted = !quoted
		case quoted && c == '\\':
			i++ // what it escapes
		case !quoted && isSpace(c):
			f(text[start:i])
			start = i + 1
		}
	}
	f(text[start:])
}
