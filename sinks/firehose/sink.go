// Package firehose delivers records to Amazon Data Firehose.
package firehose

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	"github.com/aws/aws-sdk-go-v2/service/firehose/types"

	"fanout/engine"
	"fanout/sinks/internal/classify"
	"fanout/sinks/internal/label"
	"fanout/sinks/internal/request"
)

// Limits of Amazon Data Firehose, from the API reference of PutRecordBatch. They count
// the data before base64.
const (
	firehoseRecords = 500
	firehoseBytes   = 4 << 20
	firehoseRecord  = 1000 << 10
)

// Client is the part of *firehose.Client that NewFirehose needs.
type Client interface {
	PutRecordBatch(context.Context, *firehose.PutRecordBatchInput, ...func(*firehose.Options)) (*firehose.PutRecordBatchOutput, error)
}

// Sink writes to a delivery stream with PutRecordBatch. Firehose joins records
// without a separator, so the data must contain its own, such as a line break.
type Sink struct {
	client Client
	stream string
}

// New returns a sink for a delivery stream, given by name or ARN.
func New(client Client, stream string) *Sink {
	return &Sink{client, label.Last(stream, "/")}
}

// String returns "firehose", a space and the delivery stream's name.
func (f *Sink) String() string { return "firehose " + f.stream }

// Limits returns the limits of PutRecordBatch.
func (f *Sink) Limits() engine.Limits {
	return engine.Limits{
		Records:     firehoseRecords,
		Bytes:       firehoseBytes,
		RecordBytes: firehoseRecord,
		OnePerKey:   true, // "a single record failure does not stop the processing of subsequent records"
	}
}

// Sizer returns nil: only the data counts.
func (*Sink) Sizer() func(r *engine.Record) int { return nil }

// Send makes one PutRecordBatch call.
func (f *Sink) Send(ctx context.Context, batch []engine.Record) engine.Outcome {
	out, refused, err := f.put(ctx, batch)
	switch {
	case err != nil:
		return engine.Failed(classify.Error(f.String(), err))
	case out == nil:
		return request.Refusals(f.String(), refused)
	}
	if len(out.RequestResponses) != len(batch) {
		return engine.Failed(classify.Miscounted(f.String(), len(batch), len(out.RequestResponses)))
	}
	return request.Fates(f.String(), len(batch), aws.ToInt32(out.FailedPutCount), func(i int) (id, code *string) {
		return out.RequestResponses[i].RecordId, out.RequestResponses[i].ErrorCode
	})
}

// put makes the call. It returns no output if the answer acknowledges all records except
// the ones in the list of refusals.
func (f *Sink) put(ctx context.Context, batch []engine.Record) (*firehose.PutRecordBatchOutput, []request.Refusal, error) {
	in := &firehose.PutRecordBatchInput{DeliveryStreamName: &f.stream, Records: []types.Record{}} // the SDK rejects nil
	if _, ok := f.client.(*firehose.Client); ok {
		s := request.New(`"Records":[]`, firehoseTaken, len(batch), request.TextAround(batch))
		appendFirehose(s.List, batch)
		out, err := f.client.PutRecordBatch(ctx, in, func(o *firehose.Options) { o.APIOptions = append(o.APIOptions, s.Install) })
		s.End()
		if s.Acknowledged && err == nil {
			return nil, s.Refused, nil
		}
		if !errors.Is(err, request.ErrSeam) {
			return out, nil, err
		}
	}
	in.Records = make([]types.Record, len(batch))
	for i := range batch {
		in.Records[i].Data = request.Blob(batch[i].Data)
	}
	out, err := f.client.PutRecordBatch(ctx, in)
	return out, nil, err
}

// firehoseTaken is the form in which PutRecordBatch acknowledges records.
var firehoseTaken = request.Acknowledgement{List: "RequestResponses", ID: "RecordId"}

// appendFirehose appends the list of records of a request.
func appendFirehose(b *request.Body, batch []engine.Record) {
	b.Text(`"Records":[`)
	for i := range batch {
		b.Comma(i)
		b.Text(`{"Data":"`)
		b.Base64(batch[i].Data)
		b.Text(`"}`)
	}
	b.Text(`]`)
}
