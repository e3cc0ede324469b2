// Package sqs delivers records to SQS queues.
package sqs

import (
	"context"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"fanout/engine"
	"fanout/internal/awscall"
	"fanout/internal/awsname"
	"fanout/internal/jsontext"
	"fanout/internal/xray"
	"fanout/sinks"
	"fanout/sinks/internal/ids"
	"fanout/sinks/internal/message"
	"fanout/sinks/internal/request"
)

// maxBytes is the limit, in bytes, of a message and of a request in SQS, from the API
// reference of SendMessageBatch.
const maxBytes = 1 << 20

// maxAttributes is the maximum number of attributes of a message in SQS (SQS guide,
// Amazon SQS message quotas).
const maxAttributes = 10

// Sink sends messages to a queue with SendMessageBatch.
//
// The body of a message is the record's data. If SQS would refuse that, the body is its
// base64 text with the attribute encoding=base64; for empty data it is a line break. A
// message that carries one record has the attributes key and action, if there is room for
// them. A notification keeps its attributes, and its subject becomes the attribute
// Subject. In a FIFO queue the message group is the record's key. The deduplication id is
// made of the source (see [sinks.Source]), shards and sequence numbers of the message, so a
// message sent twice arrives once. A standard queue with a group shares its consumers
// fairly between groups (SQS guide, Amazon SQS fair queues).
type Sink struct {
	client *awscall.Client
	name   string
	url    string
	fifo   bool
	origin ids.Origin
	limits engine.Limits
	form   message.Form
}

// service is Amazon SQS.
var service = awscall.Service{ID: "SQS", Name: "sqs", GovFIPS: true}

// New returns a sink for the queue at queueURL. Unless the configuration names an endpoint, it
// calls the host at endpoint, or the service's own in the region if endpoint is "". A message may
// have 1 MiB unless RecordBytes sets a lower limit.
func New(cfg aws.Config, queueURL, endpoint string, opts ...sinks.Option) *Sink {
	s := &Sink{client: awscall.New(cfg, service, endpoint), name: "sqs " + awsname.Last(queueURL, "/"), url: queueURL, fifo: strings.HasSuffix(queueURL, ".fifo"), origin: sinks.Collect(opts).Origin}
	s.form = message.Form{Name: s.name, MaxAttributes: maxAttributes, MaxBytes: sinks.RecordLimit(opts, maxBytes, maxBytes)}
	o := sinks.Collect(opts)
	s.form.Set(message.Own{Subject: o.Subject, Attributes: o.Attributes, Group: o.Group, Source: o.SourceARN})
	s.limits = engine.Limits{
		Records:     message.MaxEntries,
		Bytes:       maxBytes,
		RecordBytes: s.form.MaxBytes,
		Copies:      true,
		OnePerKey:   true, // entries of a request succeed and fail one by one
	}
	return s
}

// String returns "sqs", a space and the queue's name.
func (s *Sink) String() string { return s.name }

// Limits returns the limits of SendMessageBatch.
func (s *Sink) Limits() engine.Limits { return s.limits }

// Send makes one SendMessageBatch call.
func (s *Sink) Send(ctx context.Context, batch []engine.Record) engine.Outcome {
	own, err := s.form.Fill(ctx, batch)
	if err != nil {
		return engine.Failed(err)
	}
	trace := xray.Header(ctx)
	call := request.NewCall(s.name, &sendMessageBatch, len(batch), s.form.TextLen(batch, own)+len(batch)*len(trace))
	s.append(call.Body, batch, own, trace)
	results := message.NewResults(s.name, len(batch))
	// The signature holds the SHA-256 of the request, so it proves that the messages arrived as
	// sent. To check the MD5 of each message in the answer costs as much again.
	if err := call.Put(ctx, s.client, func(_ *http.Response, text []byte) error { return results.ReadJSON(text) }); err != nil {
		return engine.Failed(err)
	}
	return results.Outcome()
}

// Describe implements sinks.Describer.
func (s *Sink) Describe(ctx context.Context, r *engine.Record) (sinks.Entry, error) {
	return s.form.Describe(ctx, r, s.fifo)
}

// Sizer counts the body and the attributes.
func (s *Sink) Sizer() func(r *engine.Record) int { return s.form.Size }

// sendMessageBatch is the form of SendMessageBatch.
var sendMessageBatch = request.Form{Operation: "SendMessageBatch", Header: header()}

func header() http.Header {
	h := awscall.JSONHeader("1.0", "AmazonSQS.SendMessageBatch")
	h.Set("X-Amzn-Query-Mode", "true") // errors then have a header with their former name
	return h
}

// append appends the text of a request. trace is their trace header; "": none.
func (s *Sink) append(b *request.Body, batch []engine.Record, own []message.Filled, trace string) {
	b.Text(`{"Entries":[`)
	for i := range batch {
		r := &batch[i]
		b.Comma(i)
		b.Text(`{"Id":"`)
		b.Buf = strconv.AppendInt(b.Buf, int64(i), 10)
		b.Text(`","MessageAttributes":{`)
		var buf [3]message.Attribute
		for k, a := range s.form.Attributes(buf[:0], r, &own[i]) {
			b.Comma(k)
			b.Quote(a.Name)
			if a.Binary() {
				b.Text(`:{"BinaryValue":"`)
				b.Buf = base64.StdEncoding.AppendEncode(b.Buf, []byte(a.Value))
				b.Text(`","DataType":`)
				b.Quote(a.Type)
				b.Text(`}`)
			} else {
				b.Text(`:{"DataType":`)
				b.Quote(a.Type)
				b.Text(`,"StringValue":`)
				b.Quote(a.Value)
				b.Text(`}`)
			}
		}
		b.Text(`},"MessageBody":`)
		b.Buf = jsontext.AppendString(b.Buf, message.Text(r.Data))
		if s.fifo {
			b.Text(`,"MessageDeduplicationId":`)
			b.Quote(s.origin.DedupID(r))
			b.Text(`,"MessageGroupId":`)
			b.Quote(message.GroupID(r))
		} else if group := own[i].Group(); group != "" {
			b.Text(`,"MessageGroupId":`)
			b.Quote(group)
		}
		if trace != "" {
			// It does not count toward the size of a message (SQS API, MessageSystemAttributeValue).
			b.Text(`,"MessageSystemAttributes":{"AWSTraceHeader":{"DataType":"String","StringValue":`)
			b.Quote(trace)
			b.Text(`}}`)
		}
		b.Text(`}`)
	}
	b.Text(`],"QueueUrl":`)
	b.Quote(s.url)
	b.Text(`}`)
}
