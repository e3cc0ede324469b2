package eventbridge

import (
	"context"
	"strconv"

	"fanout/engine"
	"fanout/internal/jsontext"
	"fanout/sinks/internal/document"
	"fanout/sinks/internal/request"
)

// timeBytes is what the time of an event counts (EventBridge user guide, Calculating PutEvents
// event entry size).
const timeBytes = 14

// event is the event of one record.
type event struct {
	source, detailType, resource string
	detail                       document.Document
	at                           int64 // Unix milliseconds; 0: unknown
}

// eventOf returns the event of r. Its error refuses the record; the event then lacks a part.
func (s *Sink) eventOf(ctx context.Context, r *engine.Record) (e event, err error) {
	e = event{detail: document.Object(r.Data), resource: s.resource, at: r.Arrived}
	if s.fault != nil {
		return e, engine.Errorf(engine.Permanent, "%s: %w", s.name, s.fault)
	}
	if e.source, err = s.fill(ctx, &s.eventSource, r); err != nil {
		return e, err
	}
	e.detailType, err = s.fill(ctx, &s.detailType, r)
	return e, err
}

// size counts an event as EventBridge does.
func (e *event) size() int {
	n := len(e.source) + len(e.detailType) + len(e.resource) + e.detail.Len()
	if e.at != 0 {
		n += timeBytes
	}
	return n
}

// textLen estimates the length of the text of an event in a request: in JSON, one byte in eight
// must be escaped.
func (e *event) textLen() int {
	n := e.size()
	return n + n/8 + 4*request.Framing
}

// append appends the text of an event for a bus. trace is its trace header; "": none.
func (e *event) append(b *request.Body, bus, trace string) {
	b.Text(`{"Detail":`)
	b.Buf = jsontext.AppendString(b.Buf, e.detail.Bytes())
	b.Text(`,"DetailType":`)
	b.Quote(e.detailType)
	b.Text(`,"EventBusName":`)
	b.Quote(bus)
	if e.resource != "" {
		b.Text(`,"Resources":[`)
		b.Quote(e.resource)
		b.Text(`]`)
	}
	b.Text(`,"Source":`)
	b.Quote(e.source)
	if e.at != 0 {
		b.Text(`,"Time":`)
		// Seconds since 1970, down to milliseconds (Smithy, timestamp formats, epoch-seconds).
		b.Buf = strconv.AppendFloat(b.Buf, float64(e.at)/1e3, 'f', -1, 64)
	}
	if trace != "" {
		b.Text(`,"TraceHeader":`)
		b.Quote(trace)
	}
	b.Text(`}`)
}
