// Package kinesis delivers records to Kinesis data streams.
package kinesis

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"fanout/engine"
	"fanout/internal/awsname"
	"fanout/sinks"
	"fanout/sinks/internal/ids"
	"fanout/sinks/internal/request"
)

// Limits of Kinesis Data Streams, from the API reference of PutRecords.
const (
	maxRecords     = 500
	maxBytes       = 10 << 20 // of data and partition keys
	recordBytes    = 1 << 20  // data and partition key, unless the stream's owner raised it
	maxRecordBytes = 10 << 20
	maxKey         = 256 // characters
)

// Sink writes to a Kinesis data stream with PutRecords.
//
// It keeps partition keys and explicit hash keys. A key that Kinesis refuses, because it
// has over 256 characters or is not UTF-8, becomes its SHA-256 in hex. An empty key
// becomes the record's sequence number, or the SHA-256 of its data if there is no number.
// Both spread records over shards, and stay the same when a record is sent again.
type Sink struct {
	client    *kinesis.Client
	streamARN *string // or nil
	stream    *string // name, without an ARN
	name      string
	limits    engine.Limits
}

// New returns a sink for a stream, given by name or ARN. A record with its key may
// have 1 MiB unless RecordBytes sets another limit, up to 10 MiB.
func New(client *kinesis.Client, stream string, opts ...sinks.Option) *Sink {
	k := &Sink{client: client, name: "kinesis " + awsname.Last(stream, "/"), limits: engine.Limits{
		Records:     maxRecords,
		Bytes:       maxBytes,
		RecordBytes: sinks.RecordLimit(opts, recordBytes, maxRecordBytes),
		OnePerKey:   true, // "a single record failure does not stop the processing of subsequent records"
	}}
	if strings.HasPrefix(stream, "arn:") {
		k.streamARN = &stream
	} else {
		k.stream = &stream
	}
	return k
}

// String returns "kinesis", a space and the stream's name.
func (k *Sink) String() string { return k.name }

// Limits returns the limits of PutRecords.
func (k *Sink) Limits() engine.Limits { return k.limits }

// Send makes one PutRecords call.
func (k *Sink) Send(ctx context.Context, batch []engine.Record) engine.Outcome {
	in := &kinesis.PutRecordsInput{
		StreamARN: k.streamARN, StreamName: k.stream,
		Records: []types.PutRecordsRequestEntry{}, // the SDK rejects nil
	}
	call := request.NewCall(k.name, &putRecords, len(batch), request.TextLen(batch))
	appendRecords(call.Body, batch)
	out, err := request.Put(ctx, call, k.client.PutRecords, in, func(o *kinesis.Options) { o.APIOptions = append(o.APIOptions, call.Install) })
	if err != nil {
		return engine.Failed(err)
	}
	return call.Outcome(len(out.Records), out.FailedRecordCount, func(i int) (id, code *string) {
		return out.Records[i].SequenceNumber, out.Records[i].ErrorCode
	})
}

// Sizer counts the data and the partition key.
func (*Sink) Sizer() func(r *engine.Record) int { return sizeOf }

// putRecords is the form of PutRecords.
var putRecords = request.Form{Empty: `"Records":[]`, Results: "Records", ID: "SequenceNumber"}

// appendRecords appends the list of records of a request.
func appendRecords(b *request.Body, batch []engine.Record) {
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

// sizeOf counts the data and the partition key, as Kinesis does.
func sizeOf(r *engine.Record) int {
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
		return ids.Hash([]byte(r.Key))
	case r.Seq != "":
		return r.Seq
	}
	return ids.Hash(r.Data.Bytes())
}

// keepsKey reports whether Kinesis accepts key unchanged.
func keepsKey(key string) bool {
	return key != "" && utf8.ValidString(key) && (len(key) <= maxKey || utf8.RuneCountInString(key) <= maxKey)
}
