// Package lambda delivers records to Lambda functions.
package lambda

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"fanout/engine"
	"fanout/internal/awscall"
	"fanout/internal/awsname"
	"fanout/sinks"
	"fanout/sinks/internal/request"
)

// maxBytes is the limit of an asynchronous invocation: "1 MB" (Lambda API, Invoke),
// which is 2^20 bytes. Lambda counts all its limits that way: its errors named 262,144
// bytes for the earlier limit of 256 KB, and 6,291,456 for 6 MB.
const maxBytes = 1 << 20

// The text around the records of an event, and an event without records.
const (
	eventHead, eventTail = `{"Records":[`, `]}`
	emptyEvent           = eventHead + eventTail
)

// Form is the form of the records in an event. In every form, a record without Raw becomes
// a source record that is made of its data, its other fields and its source.
type Form uint8

const (
	// SourceRecords are the source records, Record.Raw, byte for byte.
	SourceRecords Form = iota

	// KinesisRecords are Kinesis source records with their data replaced by the result of
	// the stages. An aggregate that was taken apart becomes one record per user record:
	// the aggregate's, with data and keys replaced, a subSequenceNumber beside its
	// sequenceNumber, and ":" and that number at the end of its eventID.
	KinesisRecords
	// Notifications are SNS source records with their messages replaced by the result of
	// the stages.
	Notifications
	// Messages are SQS source records with their bodies replaced by the result of the stages.
	Messages
)

// Sink invokes a function asynchronously with events {"Records":[…]}.
//
// A record is delivered when Lambda has queued its event. Lambda runs queued events in no
// particular order, and occasionally more than once (Lambda guide, Invoking a function
// asynchronously). Only the records of one event stay in order.
type Sink struct {
	client *awscall.Client
	name   string
	path   string
	query  string
	form   Form
	source recordSource
}

// service is AWS Lambda.
var service = awscall.Service{ID: "Lambda", Name: "lambda"}

// New returns a sink for a function, given by name, partial ARN or ARN, and for an
// alias or version of it; "" is the unpublished version. The option sinks.Source names the
// source of the records.
func New(cfg aws.Config, function, qualifier string, form Form, opts ...sinks.Option) *Sink {
	l := &Sink{
		client: awscall.New(cfg, service, ""), name: "lambda " + awsname.Last(function, ":"), form: form,
		path:   "/2015-03-31/functions/" + escapePath(function) + "/invocations",
		source: newRecordSource(sinks.Collect(opts).SourceARN),
	}
	if qualifier != "" {
		l.name += ":" + qualifier
		l.query = url.Values{"Qualifier": {qualifier}}.Encode()
	}
	return l
}

// String returns "lambda", a space and the function's name, then ":" and the qualifier if
// there is one.
func (l *Sink) String() string { return l.name }

// Limits returns the limits of an asynchronous Invoke, which accepts an event whole or
// not at all.
func (l *Sink) Limits() engine.Limits {
	return engine.Limits{Bytes: maxBytes, PerBatch: len(emptyEvent) - len(",")}
}

// Sizer counts the record's text in an event and a comma.
func (l *Sink) Sizer() func(r *engine.Record) int {
	var templates kinesisTemplates
	return func(r *engine.Record) int {
		text := l.record(r, &templates)
		return text.size() + len(",")
	}
}

// Send makes one Invoke call.
func (l *Sink) Send(ctx context.Context, batch []engine.Record) engine.Outcome {
	call := request.NewCall(l.name, &invoke, 1, l.textLen(batch)) // the answer has nothing about single records
	if err := l.append(call.Body, batch); err != nil {
		call.Body.Free()
		return engine.Failed(err)
	}
	call.Path, call.Query = l.path, l.query
	if err := call.Put(ctx, l.client, readAnswer); err != nil {
		return engine.Failed(err)
	}
	return engine.Outcome{}
}

// invoke is the form of Invoke. AWS answers an event with an empty body, and emulators with what
// the function returned.
var invoke = request.Form{
	Operation: "Invoke", Opaque: true,
	Header: http.Header{"Content-Type": {"application/octet-stream"}, "X-Amz-Invocation-Type": {"Event"}},
}

// readAnswer checks that Lambda queued the event.
func readAnswer(answer *http.Response, _ []byte) error {
	if answer.StatusCode != http.StatusAccepted || answer.Header.Get("X-Amz-Function-Error") != "" {
		return engine.Errorf(engine.Retryable,
			"the answer (status %d) does not confirm that the event was queued, so it is unknown whether it arrived", answer.StatusCode)
	}
	return nil
}

// escapePath escapes a part of a path as the SDK does: ARNs have colons.
func escapePath(s string) string { return strings.ReplaceAll(url.PathEscape(s), ":", "%3A") }

// minPiece is the length, in bytes, from which a piece of a record is referenced instead
// of copied. There are many small pieces, and each reference keeps memory for itself.
const minPiece = 128

// append appends the event that delivers batch. If a record cannot be part of an event,
// the error makes the engine halve the request until it finds that record.
func (l *Sink) append(b *request.Body, batch []engine.Record) error {
	b.Text(eventHead)
	var templates kinesisTemplates
	for i := range batch {
		text, err := l.checked(&batch[i], &templates)
		if err != nil {
			return err
		}
		b.Comma(i)
		for _, piece := range text {
			b.AddFrom(minPiece, piece)
		}
	}
	b.Text(eventTail)
	return nil
}

// checked returns the text of r in an event, or the reason why r cannot be part of one.
func (l *Sink) checked(r *engine.Record, templates *kinesisTemplates) (pieces, error) {
	text := l.record(r, templates)
	if why := l.fault(r, &text); why != "" {
		return text, engine.Errorf(engine.Refused, "%s: %s", l.name, why)
	}
	return text, nil
}

// Describe implements sinks.Describer.
func (l *Sink) Describe(_ context.Context, r *engine.Record) (sinks.Entry, error) {
	var templates kinesisTemplates
	text, err := l.checked(r, &templates)
	return sinks.Entry{Data: slices.Concat(text[:]...)}, err
}

// textLen estimates the length of the event's own text for batch.
func (l *Sink) textLen(batch []engine.Record) int {
	n := len(emptyEvent)
	for i := range batch {
		n += len(",")
		if l.form != SourceRecords {
			n += min(batch[i].Data.TextLen(), minPiece)
		} else if len(batch[i].Raw) < minPiece {
			n += len(batch[i].Raw)
		}
	}
	return n
}
