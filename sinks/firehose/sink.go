// Package firehose delivers records to Amazon Data Firehose.
package firehose

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/firehose"
	"github.com/aws/aws-sdk-go-v2/service/firehose/types"

	"fanout/engine"
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
	client *firehose.Client
	stream string
	name   string
}

// New returns a sink for a delivery stream, given by name or ARN.
func New(client *firehose.Client, stream string) *Sink {
	stream = awsname.Last(stream, "/")
	return &Sink{client, stream, "firehose " + stream}
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
	in := &firehose.PutRecordBatchInput{DeliveryStreamName: &f.stream, Records: []types.Record{}} // the SDK rejects nil
	call := request.NewCall(f.name, &putRecordBatch, len(batch), request.TextLen(batch))
	appendRecords(call.Body, batch)
	out, err := request.Put(ctx, call, f.client.PutRecordBatch, in, func(o *firehose.Options) { o.APIOptions = append(o.APIOptions, call.Install) })
	if err != nil {
		return engine.Failed(err)
	}
	return call.Outcome(len(out.RequestResponses), out.FailedPutCount, func(i int) (id, code *string) {
		return out.RequestResponses[i].RecordId, out.RequestResponses[i].ErrorCode
	})
}

// putRecordBatch is the form of PutRecordBatch.
var putRecordBatch = request.Form{Empty: `"Records":[]`, Results: "RequestResponses", ID: "RecordId"}

// appendRecords appends the list of records of a request.
func appendRecords(b *request.Body, batch []engine.Record) {
	b.Text(`"Records":[`)
	for i := range batch {
		b.Comma(i)
		b.Text(`{"Data":"`)
		b.Base64(batch[i].Data)
		b.Text(`"}`)
	}
	b.Text(`]`)
}
