// Package eventbridge delivers records to event buses of Amazon EventBridge.
package eventbridge

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"

	"fanout/engine"
	"fanout/internal/awscall"
	"fanout/internal/awsname"
	"fanout/internal/xray"
	"fanout/sinks"
	"fanout/sinks/internal/request"
)

// Limits of PutEvents. A request has at most 10 entries (EventBridge API, PutEvents), and their
// total size is below "1 MB" since January 2026 (AWS Compute Blog, More room to build: serverless
// services now support payloads up to 1 MB). AWS does not say whether that is 10^6 or 2^20 bytes,
// so this is the smaller one.
const (
	maxEntries = 10
	maxBytes   = 1_000_000
)

// Sink sends events to a bus with PutEvents, one for each record.
//
// The detail of an event is the record's data if that is a JSON object. Other JSON becomes
// {"data": JSON}, other text {"data": "text"}, and other data {"data": "…", "encoding": "base64"}.
// The time of an event is the record's arrival, and its resource is the ARN of the source.
//
// EventBridge has no idempotency, and its rules deliver events in no particular order. It
// acknowledges events for a bus that does not exist, and drops them.
type Sink struct {
	client *awscall.Client
	name   string
	bus    string
	source string // ARN of the source of the records

	eventSource, detailType part
	resource                string // "": none
	fault                   error  // of a part
}

// service is Amazon EventBridge.
var service = awscall.Service{ID: "EventBridge", Name: "events", GovFIPS: true}

// New returns a sink for an event bus, given by name or ARN. The option sinks.Source names the
// source of the records, and sinks.Event the source and detail type of their events.
func New(cfg aws.Config, bus string, opts ...sinks.Option) *Sink {
	o := sinks.Collect(opts)
	s := &Sink{client: awscall.New(cfg, service, ""), name: "eventbridge " + awsname.Last(bus, "/"), bus: bus, source: o.SourceARN}
	if awsname.IsARN(s.source) {
		s.resource = s.source
	}
	var errSource, errType error
	s.eventSource, errSource = newPart(&sourceKind, o.EventSource, DefaultSource)
	s.detailType, errType = newPart(&detailTypeKind, o.DetailType, DefaultDetailType)
	s.fault = errors.Join(errSource, errType) // the check of the target has found it before
	return s
}

// String returns "eventbridge", a space and the bus's name.
func (s *Sink) String() string { return s.name }

// Limits returns the limits of PutEvents.
func (s *Sink) Limits() engine.Limits {
	return engine.Limits{
		Records:     maxEntries,
		Bytes:       maxBytes,
		RecordBytes: maxBytes,
		Copies:      true,
		OnePerKey:   true, // entries of a request succeed and fail one by one
	}
}

// Sizer counts an event as EventBridge does.
func (s *Sink) Sizer() func(r *engine.Record) int {
	return func(r *engine.Record) int {
		e, _ := s.eventOf(context.Background(), r) // Send fails a record with a fault
		return e.size()
	}
}

// Send makes one PutEvents call.
func (s *Sink) Send(ctx context.Context, batch []engine.Record) engine.Outcome {
	events, size := make([]event, len(batch)), 0
	for i := range batch {
		var err error
		if events[i], err = s.eventOf(ctx, &batch[i]); err != nil {
			return engine.Failed(err) // the engine halves the request until the record is alone
		}
		size += events[i].textLen()
	}
	trace := xray.Header(ctx)
	call := request.NewCall(s.name, &putEvents, len(batch), size+len(batch)*len(trace))
	call.Body.Text(`{"Entries":[`)
	for i := range events {
		call.Body.Comma(i)
		events[i].append(call.Body, s.bus, trace)
	}
	call.Body.Text(`]}`)
	if err := call.Put(ctx, s.client, nil); err != nil {
		return engine.Failed(err)
	}
	return call.Outcome()
}

// Describe implements sinks.Describer.
func (s *Sink) Describe(ctx context.Context, r *engine.Record) (sinks.Entry, error) {
	e, err := s.eventOf(ctx, r)
	if err != nil {
		return sinks.Entry{}, err
	}
	return sinks.Entry{Data: e.detail.Bytes(), Source: e.source, DetailType: e.detailType}, nil
}

// putEvents is the form of PutEvents.
var putEvents = request.Form{
	Operation: "PutEvents", Header: awscall.JSONHeader("1.1", "AWSEvents.PutEvents"), Results: "Entries", ID: "EventId",
}
