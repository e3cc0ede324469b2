// Package kinesis delivers records to Kinesis data streams.
package kinesis

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"fanout/engine"
	"fanout/sinks"
	"fanout/sinks/internal/classify"
	"fanout/sinks/internal/digest"
	"fanout/sinks/internal/label"
	"fanout/sinks/internal/request"
)

// Limits of Kinesis Data Streams, from the API reference of PutRecords.
const (
	kinesisRecords    = 500
	kinesisBytes      = 10 << 20 // of data and partition keys
	kinesisRecord     = 1 << 20  // data and partition key, unless the stream's owner raised it
	kinesisRecordMost = 10 << 20
	kinesisKey        = 256 // characters
)

// Client is the part of *kinesis.Client that NewKinesis needs.
type Client interface {
	PutRecords(context.Context, *kinesis.PutRecordsInput, ...func(*kinesis.Options)) (*kinesis.PutRecordsOutput, error)
}

// Sink writes to a Kinesis data stream with PutRecords.
//
// It keeps partition keys and explicit hash keys. A key that Kinesis refuses, because it
// has over 256 characters or is not UTF-8, becomes its SHA-256 in hex. An empty key
// becomes the record's sequence number, or the SHA-256 of its data if there is no number.
// Both spread records over shards, and stay the same when a record is sent again.
type Sink struct {
	client Client
	stream string
	limits engine.Limits
}

// New returns a sink for a stream, given by name or ARN. A record with its key may
// have 1 MiB unless RecordBytes sets another limit, up to 10 MiB.
func New(client Client, stream string, opts ...sinks.Option) *Sink {
	return &Sink{client, stream, engine.Limits{
		Records:     kinesisRecords,
		Bytes:       kinesisBytes,
		RecordBytes: sinks.RecordLimit(opts, kinesisRecord, kinesisRecordMost),
		OnePerKey:   true, // "a single record failure does not stop the processing of subsequent records"
	}}
}

// String returns "kinesis", a space and the stream's name.
func (k *Sink) String() string { return "kinesis " + label.Last(k.stream, "/") }

// Limits returns the limits of PutRecords.
func (k *Sink) Limits() engine.Limits { return k.limits }

// Send makes one PutRecords call.
func (k *Sink) Send(ctx context.Context, batch []engine.Record) engine.Outcome {
	out, refused, err := k.put(ctx, batch)
	switch {
	case err != nil:
		return engine.Failed(classify.Error(k.String(), err))
	case out == nil:
		return request.Refusals(k.String(), refused)
	}
	if len(out.Records) != len(batch) {
		return engine.Failed(classify.Miscounted(k.String(), len(batch), len(out.Records)))
	}
	return request.Fates(k.String(), len(batch), aws.ToInt32(out.FailedRecordCount), func(i int) (id, code *string) {
		return out.Records[i].SequenceNumber, out.Records[i].ErrorCode
	})
}

// Sizer counts the data and the partition key.
func (*Sink) Sizer() func(r *engine.Record) int { return kinesisSize }

// put makes the call. It returns no output if the answer acknowledges all records except
// the ones in the list of refusals.
func (k *Sink) put(ctx context.Context, batch []engine.Record) (*kinesis.PutRecordsOutput, []request.Refusal, error) {
	in := &kinesis.PutRecordsInput{Records: []types.PutRecordsRequestEntry{}} // the SDK rejects nil
	if label.IsARN(k.stream) {
		in.StreamARN = &k.stream
	} else {
		in.StreamName = &k.stream
	}
	if _, ok := k.client.(*kinesis.Client); ok {
		s := request.New(`"Records":[]`, kinesisTaken, len(batch), request.TextAround(batch))
		appendKinesis(s.List, batch)
		out, err := k.client.PutRecords(ctx, in, func(o *kinesis.Options) { o.APIOptions = append(o.APIOptions, s.Install) })
		s.End()
		if s.Acknowledged && err == nil {
			return nil, s.Refused, nil
		}
		if !errors.Is(err, request.ErrSeam) {
			return out, nil, err
		}
	}
	in.Records = kinesisEntries(batch)
	out, err := k.client.PutRecords(ctx, in)
	return out, nil, err
}

// kinesisTaken is the form in which PutRecords acknowledges records.
var kinesisTaken = request.Acknowledgement{List: "Records", ID: "SequenceNumber"}

// appendKinesis appends the list of records of a request.
func appendKinesis(b *request.Body, batch []engine.Record) {
	b.Text(`"Records":[`)
	for i := range batch {
		r := &batch[i]
		b.Comma(i)
		b.Text(`{"Data":"`)
		b.Base64(r.Data)
		if r.HashKey != "" {
			b.Text(`","ExplicitHashKey":`)
			b.Quote(r.HashKey)
			b.Text(`,"PartitionKey":`)
		} else {
			b.Text(`","PartitionKey":`)
		}
		b.Quote(partitionKey(r))
		b.Text(`}`)
	}
	b.Text(`]`)
}

// kinesisEntries returns the list of records of a request, for the SDK to write.
func kinesisEntries(batch []engine.Record) []types.PutRecordsRequestEntry {
	entries := make([]types.PutRecordsRequestEntry, len(batch))
	for i := range batch {
		r, e := &batch[i], &entries[i]
		e.Data, e.PartitionKey = request.Blob(r.Data), aws.String(partitionKey(r))
		if r.HashKey != "" {
			e.ExplicitHashKey = &r.HashKey
		}
	}
	return entries
}

// kinesisSize counts the data and the partition key, as Kinesis does.
func kinesisSize(r *engine.Record) int {
	n := r.Data.Len()
	switch {
	case keepsKey(r.Key):
		return n + len(r.Key)
	case r.Key == "" && r.Seq != "":
		return n + len(r.Seq)
	}
	return n + hex.EncodedLen(sha256.Size)
}

// partitionKey returns the partition key that r is sent with.
func partitionKey(r *engine.Record) string {
	switch {
	case keepsKey(r.Key):
		return r.Key
	case r.Key != "":
		return digest.Hex([]byte(r.Key))
	case r.Seq != "":
		return r.Seq
	}
	return digest.Hex(r.Data.Bytes())
}

// keepsKey reports whether Kinesis accepts key unchanged.
func keepsKey(key string) bool {
	return key != "" && utf8.ValidString(key) && (len(key) <= kinesisKey || utf8.RuneCountInString(key) <= kinesisKey)
}
