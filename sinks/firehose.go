package sinks

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	"github.com/aws/aws-sdk-go-v2/service/firehose/types"

	"fanout/engine"
)

// Limits of Amazon Data Firehose, from the API reference of PutRecordBatch. They
// count data before it is put in base64.
const (
	firehoseRecords = 500
	firehoseBytes   = 4 << 20
	firehoseRecord  = 1000 << 10
)

// FirehoseAPI is what NewFirehose needs of *firehose.Client.
type FirehoseAPI interface {
	PutRecordBatch(context.Context, *firehose.PutRecordBatchInput, ...func(*firehose.Options)) (*firehose.PutRecordBatchOutput, error)
}

// Firehose writes to a delivery stream with PutRecordBatch. Records go in as they
// are, one behind the other: what tells them apart at the end must be in them.
type Firehose struct {
	client FirehoseAPI
	stream string
}

// NewFirehose returns a sink for a delivery stream, given by name or ARN.
func NewFirehose(client FirehoseAPI, stream string) *Firehose {
	return &Firehose{client, lastPart(stream, "/")}
}

// String is "firehose", a space and the delivery stream's name.
func (f *Firehose) String() string { return "firehose " + f.stream }

// Limits are those of PutRecordBatch.
func (f *Firehose) Limits() engine.Limits {
	return engine.Limits{
		Records:     firehoseRecords,
		Bytes:       firehoseBytes,
		RecordBytes: firehoseRecord,
		OnePerKey:   true, // "a single record failure does not stop the processing of subsequent records"
	}
}

// Send makes one PutRecordBatch call.
func (f *Firehose) Send(ctx context.Context, batch []engine.Record) engine.Outcome {
	in := &firehose.PutRecordBatchInput{DeliveryStreamName: &f.stream, Records: make([]types.Record, len(batch))}
	for i := range batch {
		in.Records[i].Data = blob(batch[i].Data)
	}
	out, err := f.client.PutRecordBatch(ctx, in)
	if err != nil {
		return engine.Failed(classify(f.String(), err))
	}
	if len(out.RequestResponses) != len(batch) {
		return engine.Failed(miscounted(f.String(), len(batch), len(out.RequestResponses)))
	}
	var o engine.Outcome
	for i := range out.RequestResponses {
		if r := &out.RequestResponses[i]; aws.ToString(r.ErrorCode) != "" {
			o.Fail(i, classifyCode(f.String(), *r.ErrorCode))
		} else if aws.ToString(r.RecordId) == "" {
			o.Fail(i, unacknowledged(f.String()))
		}
	}
	return o
}
