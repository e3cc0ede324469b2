// Package firehose delivers records to Amazon Data Firehose.
package firehose

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"

	"fanout/engine"
	"fanout/internal/awscall"
	"fanout/internal/awsname"
	"fanout/sinks/internal/request"
)

// Limits of Amazon Data Firehose, from the API reference of PutRecordBatch. They count
// the data before base64.
const (
	maxRecords     = 500
	maxBytes       = 4 << 20
	maxRecordBytes = 1000 << 10
)

// Sink writes to a delivery stream with PutRecordBatch. Firehose joins records
// without a separator, so the data must contain its own, such as a line break.
type Sink struct {
	client *awscall.Client
	stream string
	name   string
}

// service is Amazon Data Firehose.
var service = awscall.Service{ID: "Firehose", Name: "firehose"}

// New returns a sink for a delivery stream, given by name or ARN.
func New(cfg aws.Config, stream string) *Sink {
	stream = awsname.Last(stream, "/")
	return &Sink{awscall.New(cfg, service, ""), stream, "firehose " + stream}
}

// String returns "firehose", a space and the delivery stream's name.
func (f *Sink) String() string { return f.name }

// Limits returns the limits of PutRecordBatch.
func (f *Sink) Limits() engine.Limits {
	return engine.Limits{
		Records:     maxRecords,
		Bytes:       maxBytes,
		RecordBytes: maxRecordBytes,
		OnePerKey:   true, // "a single record failure does not stop the processing of subsequent records"
	}
}

// Sizer returns nil: only the data counts.
func (*Sink) Sizer() func(r *engine.Record) int { return nil }

// Send makes one PutRecordBatch call.
func (f *Sink) Send(ctx context.Context, batch []engine.Record) engine.Outcome {
	call := request.NewCall(f.name, &putRecordBatch, len(batch), request.TextLen(batch))
	f.appendRecords(call.Body, batch)
	if err := call.Put(ctx, f.client, nil); err != nil {
		return engine.Failed(err)
	}
	return call.Outcome()
}

// putRecordBatch is the form of PutRecordBatch.
var putRecordBatch = request.Form{
	Operation: "PutRecordBatch", Header: awscall.JSONHeader("1.1", "Firehose_20150804.PutRecordBatch"), Results: "RequestResponses", ID: "RecordId",
}

// appendRecords appends the text of a request.
func (f *Sink) appendRecords(b *request.Body, batch []engine.Record) {
	b.Text(`{"DeliveryStreamName":`)
	b.Quote(f.stream)
	b.Text(`,"Records":[`)
	for i := range batch {
		b.Comma(i)
		b.Text(`{"Data":"`)
		b.Base64(batch[i].Data)
		b.Text(`"}`)
	}
	b.Text(`]}`)
}
