// Package kinesis delivers records to Kinesis data streams.
package kinesis

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"

	"fanout/engine"
	"fanout/internal/awscall"
	"fanout/internal/awsname"
	"fanout/internal/jsontext"
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
	client *awscall.Client
	stream string // a member of a request, such as "StreamName":"orders"
	name   string
	limits engine.Limits
}

// service is Kinesis Data Streams.
var service = awscall.Service{ID: "Kinesis", Name: "kinesis", GovFIPS: true}

// New returns a sink for a stream, given by name or ARN. A record with its key may
// have 1 MiB unless RecordBytes sets another limit, up to 10 MiB.
func New(cfg aws.Config, stream string, opts ...sinks.Option) *Sink {
	k := &Sink{client: awscall.New(cfg, service, ""), name: "kinesis " + awsname.Last(stream, "/"), limits: engine.Limits{
		Records:     maxRecords,
		Bytes:       maxBytes,
		RecordBytes: sinks.RecordLimit(opts, recordBytes, maxRecordBytes),
		OnePerKey:   true, // "a single record failure does not stop the processing of subsequent records"
	}}
	if strings.HasPrefix(stream, "arn:") {
		k.stream = `"StreamARN":` + quoted(stream)
	} else {
		k.stream = `"StreamName":` + quoted(stream)
	}
	return k
}

// String returns "kinesis", a space and the stream's name.
func (k *Sink) String() string { return k.name }

// Limits returns the limits of PutRecords.
func (k *Sink) Limits() engine.Limits { return k.limits }

// Send makes one PutRecords call.
func (k *Sink) Send(ctx context.Context, batch []engine.Record) engine.Outcome {
	call := request.NewCall(k.name, &putRecords, len(batch), request.TextLen(batch))
	k.appendRecords(call.Body, batch)
	if err := call.Put(ctx, k.client, nil); err != nil {
		return engine.Failed(err)
	}
	return call.Outcome()
}

// Sizer counts the data and the partition key.
func (*Sink) Sizer() func(r *engine.Record) int { return sizeOf }

// putRecords is the form of PutRecords.
var putRecords = request.Form{
	Operation: "PutRecords", Header: awscall.JSONHeader("1.1", api+".PutRecords"), Results: "Records", ID: "SequenceNumber",
}

// api is the version of the API.
const api = "Kinesis_20131202"

// appendRecords appends the text of a request.
func (k *Sink) appendRecords(b *request.Body, batch []engine.Record) {
	b.Text(`{"Records":[`)
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
	b.Text(`],`)
	b.Text(k.stream)
	b.Text(`}`)
}

func quoted(s string) string { return string(jsontext.AppendString(nil, s)) }

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
