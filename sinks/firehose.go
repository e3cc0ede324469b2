package sinks

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	"github.com/aws/aws-sdk-go-v2/service/firehose/types"

	"fanout/engine"
)

// Limits of Amazon Data Firehose, from the API reference of PutRecordBatch. They count
// the data before base64.
const (
	firehoseRecords = 500
	firehoseBytes   = 4 << 20
	firehoseRecord  = 1000 << 10
)

// FirehoseAPI is the part of *firehose.Client that NewFirehose needs.
type FirehoseAPI interface {
	PutRecordBatch(context.Context, *firehose.PutRecordBatchInput, ...func(*firehose.Options)) (*firehose.PutRecordBatchOutput, error)
}

// Firehose writes to a delivery stream with PutRecordBatch. Firehose joins records
// without a separator, so the data must contain its own, such as a line break.
type Firehose struct {
	client FirehoseAPI
	stream string
}

// NewFirehose returns a sink for a delivery stream, given by name or ARN.
func NewFirehose(client FirehoseAPI, stream string) *Firehose {
	return &Firehose{client, lastPart(stream, "/")}
}

// String returns "firehose", a space and the delivery stream's name.
func (f *Firehose) String() string { return "firehose " + f.stream }

// Limits returns the limits of PutRecordBatch.
func (f *Firehose) Limits() engine.Limits {
	return engine.Limits{
		Records:     firehoseRecords,
		Bytes:       firehoseBytes,
		RecordBytes: firehoseRecord,
		OnePerKey:   true, // "a single record failure does not stop the processing of subsequent records"
	}
}

// Sizer returns nil: only the data counts.
func (*Firehose) Sizer() func(r *engine.Record) int { return nil }

// Send makes one PutRecordBatch call.
func (f *Firehose) Send(ctx context.Context, batch []engine.Record) engine.Outcome {
	out, refused, err := f.put(ctx, batch)
	switch {
	case err != nil:
		return engine.Failed(classify(f.String(), err))
	case out == nil:
		return refusals(f.String(), refused)
	}
	if len(out.RequestResponses) != len(batch) {
		return engine.Failed(miscounted(f.String(), len(batch), len(out.RequestResponses)))
	}
	return fates(f.String(), len(batch), aws.ToInt32(out.FailedPutCount), func(i int) (id, code *string) {
		return out.RequestResponses[i].RecordId, out.RequestResponses[i].ErrorCode
	})
}

// put makes the call. It returns no output if the answer acknowledges all records except
// the ones in the list of refusals.
func (f *Firehose) put(ctx context.Context, batch []engine.Record) (*firehose.PutRecordBatchOutput, []refusal, error) {
	in := &firehose.PutRecordBatchInput{DeliveryStreamName: &f.stream, Records: []types.Record{}} // the SDK rejects nil
	if _, ok := f.client.(*firehose.Client); ok {
		s := newSplice(`"Records":[]`, firehoseTaken, len(batch), textAround(batch))
		appendFirehose(s.list, batch)
		out, err := f.client.PutRecordBatch(ctx, in, func(o *firehose.Options) { o.APIOptions = append(o.APIOptions, s.install) })
		s.end()
		if s.told && err == nil {
			return nil, s.refused, nil
		}
		if !errors.Is(err, errSeam) {
			return out, nil, err
		}
	}
	in.Records = make([]types.Record, len(batch))
	for i := range batch {
		in.Records[i].Data = blob(batch[i].Data)
	}
	out, err := f.client.PutRecordBatch(ctx, in)
	return out, nil, err
}

// firehoseTaken is the form in which PutRecordBatch acknowledges records.
var firehoseTaken = acknowledgement{list: "RequestResponses", id: "RecordId"}

// appendFirehose appends the list of records of a request.
func appendFirehose(b *body, batch []engine.Record) {
	b.text(`"Records":[`)
	for i := range batch {
		b.comma(i)
		b.text(`{"Data":"`)
		b.base64(batch[i].Data)
		b.text(`"}`)
	}
	b.text(`]`)
}
