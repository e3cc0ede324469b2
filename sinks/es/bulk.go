package es

import (
	"bytes"
	"context"
	"strings"
	"unicode/utf8"

	"fanout/engine"
	"fanout/internal/jsonscan"
	"fanout/internal/jsontext"
	"fanout/sinks"
	"fanout/sinks/internal/fill"
	"fanout/sinks/internal/ids"
	"fanout/sinks/internal/image"
	"fanout/sinks/internal/request"
)

// The actions of a _bulk request (Elasticsearch and OpenSearch, Bulk API).
const (
	opIndex  = "index"  // replaces an existing document
	opCreate = "create" // fails with 409 if the document exists
	opDelete = "delete" // has no document
)

// maxID is the maximum length of an _id, in bytes (Elasticsearch guide, _id field).
const maxID = 512

// bulk is a _bulk request. Each action has a line of metadata and, except for a delete,
// a line with the document.
type bulk struct {
	batch   []engine.Record
	body    *request.Body
	actions []action
	outcome engine.Outcome // of the records that are not in the request
}

// action is an action of a request. It does not keep the _id, because ids take more
// memory than the documents of small records. The sink makes the _id again to compare it
// with the answer.
type action struct {
	record int // index in the batch
	op     string
}

// bulk returns the request that delivers batch.
func (e *Sink) bulk(ctx context.Context, batch []engine.Record) bulk {
	b := bulk{batch: batch, body: request.NewBody(e.textOf(batch)), actions: make([]action, 0, len(batch))}
	var buf [maxID]byte
	for i := range batch {
		r := &batch[i]
		op := e.opOf(r)
		id := e.appendID(buf[:0], r)
		index, err := e.check(ctx, r, op, id)
		if err != nil {
			b.outcome.Fail(i, err)
			continue
		}
		b.actions = append(b.actions, action{i, op})
		b.body.Buf = e.appendLine(b.body.Buf, op, id, index)
		if op != opDelete {
			tokens(document(r), b.body.Add)
			b.body.Text("\n")
		}
	}
	return b
}

// check returns the index for r's document, as indexOf does, or the reason why the action
// cannot be sent.
func (e *Sink) check(ctx context.Context, r *engine.Record, op string, id []byte) ([]byte, error) {
	if why := faultOf(r, op, id); why != "" {
		return nil, engine.Errorf(engine.Permanent, "%s: %s", e.name, why)
	}
	return e.indexOf(ctx, r)
}

// Describe implements sinks.Describer.
func (e *Sink) Describe(ctx context.Context, r *engine.Record) (sinks.Entry, error) {
	index, err := e.check(ctx, r, e.opOf(r), e.appendID(nil, r))
	return sinks.Entry{Index: string(index)}, err
}

// textOf estimates the length of a request's own text, for a request that refers to the
// documents of batch. Short documents are copied, so they count as text.
func (e *Sink) textOf(batch []engine.Record) int {
	n := 0
	for i := range batch {
		r := &batch[i]
		n += request.Framing + len(e.origin) + max(len(r.Lane)+len(r.Seq), len(r.Key))
		if size := r.Data.Len(); size < request.MinRef {
			n += size
		}
	}
	return n
}

// size counts the bytes of r in a request.
func (e *Sink) size(r *engine.Record) int {
	op := e.opOf(r)
	var id [maxID]byte
	var line [2 * maxID]byte
	index, _ := e.indexOf(context.Background(), r) // a record without one is not sent
	n := len(e.appendLine(line[:0], op, e.appendID(id[:0], r), index))
	if op != opDelete {
		tokens(document(r), func(part []byte) { n += len(part) })
		n += len("\n")
	}
	return n
}

// opOf returns the action for r's document.
func (e *Sink) opOf(r *engine.Record) string {
	if one := ids.Single(r); one != nil {
		switch one.Action {
		case "INSERT", "MODIFY":
			return opIndex
		case "REMOVE":
			return opDelete
		}
		if e.index.Keyed {
			return opIndex
		}
	}
	return opCreate
}

// appendID appends the _id of r's document to b, which must be empty. It appends nothing
// if the document has no _id.
func (e *Sink) appendID(b []byte, r *engine.Record) []byte {
	if e.opOf(r) == opCreate {
		b = e.origin.AppendID(b, r)
	} else {
		b = append(b, ids.Single(r).Key...)
	}
	if len(b) > maxID || !utf8.Valid(b) {
		return append(b[:0], ids.Hash(b)...)
	}
	return b
}

// names reports whether id, from an answer, is the _id of r's document.
func (e *Sink) names(r *engine.Record, id string) bool {
	var buf [maxID]byte
	return string(e.appendID(buf[:0], r)) == id
}

// indexOf returns the index for r's document, or nil if all documents have the same.
func (e *Sink) indexOf(ctx context.Context, r *engine.Record) ([]byte, error) {
	if e.places == nil {
		return nil, nil
	}
	index, err := fill.Append(ctx, nil, e.places, r, e.source, e.name)
	if err != nil {
		return nil, err
	}
	if name := string(index); !isIndexName(name) || strings.ContainsAny(name[:1], "._-+") {
		return nil, engine.Errorf(engine.Permanent, "%s: the places of the index make no name of an index for the record", e.name)
	}
	return index, nil
}

// appendLine appends the line of metadata with the action and the document's _id. If index
// is nil, it is in the URL.
func (e *Sink) appendLine(b []byte, op string, id, index []byte) []byte {
	b = append(append(append(b, `{"`...), op...), `":{"_id":`...)
	b = jsontext.AppendString(b, id)
	if index != nil {
		b = jsontext.AppendString(append(b, `,"_index":`...), index)
	}
	if e.index.DocType != "" {
		b = jsontext.AppendString(append(b, `,"_type":`...), e.index.DocType)
	}
	return append(b, "}}\n"...)
}

// faultOf returns the reason why an action with r cannot be sent, or "".
func faultOf(r *engine.Record, op string, id []byte) string {
	switch {
	case len(id) == 0:
		return "the record has no key that could be the document's _id"
	case op == opDelete:
		return ""
	}
	switch doc := document(r); {
	case r.Data.IsStandIn():
		return image.Missing(r)
	case len(doc) == 0:
		return "the record has no data, and a document is a JSON object"
	case doc[0] == '{' && jsonscan.Valid(doc):
		return ""
	case !utf8.Valid(doc):
		return "the record's data is not UTF-8, and a document is a JSON object"
	}
	return "the record's data is not a JSON object"
}

// space is the white space of JSON (RFC 8259, section 2).
const space = " \t\r\n"

// document returns the JSON text of r's document.
func document(r *engine.Record) []byte { return bytes.Trim(r.Data.Bytes(), space) }

// tokens calls f with the parts of JSON text that form one line. If the text has line
// breaks they are the parts without white space between tokens; otherwise the text
// itself.
func tokens(text []byte, f func(part []byte)) {
	if bytes.IndexByte(text, '\n') < 0 {
		f(text)
		return
	}
	jsonscan.Tokens(text, f)
}
