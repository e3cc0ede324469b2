// Package sqs delivers records to SQS queues.
package sqs

import (
	"context"
	"encoding/base64"
	"errors"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"fanout/engine"
	"fanout/sinks"
	"fanout/sinks/internal/classify"
	"fanout/sinks/internal/label"
	"fanout/sinks/internal/message"
	"fanout/sinks/internal/origin"
	"fanout/sinks/internal/request"
)

// sqsBytes is the limit, in bytes, of a message and of a request in SQS, from the API
// reference of SendMessageBatch.
const sqsBytes = 1 << 20

// sqsAttributesMost is the maximum number of attributes of a message in SQS (SQS guide,
// Amazon SQS message quotas).
const sqsAttributesMost = 10

// Client is the part of *sqs.Client that NewSQS needs.
type Client interface {
	SendMessageBatch(context.Context, *sqs.SendMessageBatchInput, ...func(*sqs.Options)) (*sqs.SendMessageBatchOutput, error)
}

// Sink sends messages to a queue with SendMessageBatch.
//
// The body of a message is the record's data. If SQS would refuse that, the body is its
// base64 text with the attribute encoding=base64; for empty data it is a line break. A
// message that carries one record has the attributes key and action, if there is room for
// them. A notification keeps its attributes, and its subject becomes the attribute
// Subject. In a FIFO queue the message group is the record's key. The deduplication id is
// made of the source (see [Source]), shards and sequence numbers of the message, so a
// message sent twice arrives once.
type Sink struct {
	client Client
	url    string
	fifo   bool
	origin origin.Origin
	limits engine.Limits
	form   message.Form
}

// New returns a sink for the queue at queueURL. A message may have 1 MiB unless
// RecordBytes sets a lower limit.
func New(client Client, queueURL string, opts ...sinks.Option) *Sink {
	s := &Sink{client: client, url: queueURL, fifo: strings.HasSuffix(queueURL, ".fifo"), origin: sinks.Collect(opts).Origin}
	s.form = message.Form{Name: s.String(), Most: sqsAttributesMost, Bytes: sinks.RecordLimit(opts, sqsBytes, sqsBytes)}
	s.limits = engine.Limits{
		Records:     message.Entries,
		Bytes:       sqsBytes,
		RecordBytes: s.form.Bytes,
		Copies:      true,
		OnePerKey:   true, // entries of a request succeed and fail one by one
	}
	return s
}

// String returns "sqs", a space and the queue's name.
func (s *Sink) String() string { return "sqs " + label.Last(s.url, "/") }

// Limits returns the limits of SendMessageBatch.
func (s *Sink) Limits() engine.Limits { return s.limits }

// Send makes one SendMessageBatch call.
func (s *Sink) Send(ctx context.Context, batch []engine.Record) engine.Outcome {
	if err := s.form.Fault(batch); err != nil {
		return engine.Failed(err)
	}
	out, err := s.put(ctx, batch)
	if err != nil {
		return engine.Failed(classify.Error(s.String(), err))
	}
	told := message.NewEntries(s.String(), len(batch))
	for i := range out.Successful {
		told.Taken(out.Successful[i].Id)
	}
	for i := range out.Failed {
		f := &out.Failed[i]
		told.Refused(f.Id, f.Code, f.Message, f.SenderFault)
	}
	return told.Outcome()
}

// Sizer counts the body and the attributes.
func (s *Sink) Sizer() func(r *engine.Record) int { return s.form.Size }

// put makes the call. The signature holds the SHA-256 of the request, so it proves that
// the messages arrived as sent. SQS also answers with the MD5 of each message; put does
// not check it, because that costs as much again.
func (s *Sink) put(ctx context.Context, batch []engine.Record) (*sqs.SendMessageBatchOutput, error) {
	in := &sqs.SendMessageBatchInput{QueueUrl: &s.url, Entries: []types.SendMessageBatchRequestEntry{}} // the SDK rejects nil
	if _, ok := s.client.(*sqs.Client); ok {
		call := request.New(`"Entries":[]`, request.Acknowledgement{}, len(batch), s.form.Text(batch))
		s.append(call.List, batch)
		out, err := s.client.SendMessageBatch(ctx, in, unsummed, func(o *sqs.Options) { o.APIOptions = append(o.APIOptions, call.Install) })
		call.End()
		if !errors.Is(err, request.ErrSeam) {
			return out, err
		}
	}
	in.Entries = s.entries(batch)
	return s.client.SendMessageBatch(ctx, in, unsummed)
}

func unsummed(o *sqs.Options) { o.DisableMessageChecksumValidation = true }

// append appends the list of messages of a request.
func (s *Sink) append(b *request.Body, batch []engine.Record) {
	b.Text(`"Entries":[`)
	for i := range batch {
		r := &batch[i]
		b.Comma(i)
		b.Text(`{"Id":"`)
		b.Own = strconv.AppendInt(b.Own, int64(i), 10)
		b.Text(`","MessageAttributes":{`)
		var buf [3]message.Attribute
		for k, a := range s.form.Attributes(buf[:0], r) {
			b.Comma(k)
			b.Quote(a.Name)
			if a.Binary() {
				b.Text(`:{"BinaryValue":"`)
				b.Own = base64.StdEncoding.AppendEncode(b.Own, []byte(a.Value))
				b.Text(`","DataType":`)
				b.Quote(a.Kind)
				b.Text(`}`)
			} else {
				b.Text(`:{"DataType":`)
				b.Quote(a.Kind)
				b.Text(`,"StringValue":`)
				b.Quote(a.Value)
				b.Text(`}`)
			}
		}
		b.Text(`},"MessageBody":`)
		b.Own = request.AppendJSON(b.Own, message.Text(r.Data))
		if s.fifo {
			b.Text(`,"MessageDeduplicationId":`)
			b.Quote(s.origin.DedupID(r))
			b.Text(`,"MessageGroupId":`)
			b.Quote(message.GroupID(r))
		}
		b.Text(`}`)
	}
	b.Text(`]`)
}

// entries returns the list of messages of a request, for the SDK to write.
func (s *Sink) entries(batch []engine.Record) []types.SendMessageBatchRequestEntry {
	entries := make([]types.SendMessageBatchRequestEntry, len(batch))
	for i := range batch {
		r, e := &batch[i], &entries[i]
		e.Id, e.MessageBody, e.MessageAttributes = message.EntryID(i), aws.String(string(message.Text(r.Data))), s.values(r)
		if s.fifo {
			e.MessageGroupId, e.MessageDeduplicationId = aws.String(message.GroupID(r)), aws.String(s.origin.DedupID(r))
		}
	}
	return entries
}

func (s *Sink) values(r *engine.Record) map[string]types.MessageAttributeValue {
	var buf [3]message.Attribute
	m := make(map[string]types.MessageAttributeValue, len(buf))
	for _, a := range s.form.Attributes(buf[:0], r) {
		v := types.MessageAttributeValue{DataType: &a.Kind}
		if a.Binary() {
			v.BinaryValue = []byte(a.Value)
		} else {
			v.StringValue = &a.Value
		}
		m[a.Name] = v
	}
	return m
}

// HasAttributes reports whether r is a notification, from whose source record SQS and SNS
// sinks take more than the data.
func HasAttributes(r *engine.Record) bool {
	n, err := message.NotificationOf(r)
	return err != nil || n != nil && (n.Subject != "" || len(n.MessageAttributes) > 0)
}
