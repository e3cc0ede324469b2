package sinks

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
)

// sqsBytes is the limit, in bytes, of a message and of a request in SQS, from the API
// reference of SendMessageBatch.
const sqsBytes = 1 << 20

// sqsAttributesMost is the maximum number of attributes of a message in SQS (SQS guide,
// Amazon SQS message quotas).
const sqsAttributesMost = 10

// SQSAPI is the part of *sqs.Client that NewSQS needs.
type SQSAPI interface {
	SendMessageBatch(context.Context, *sqs.SendMessageBatchInput, ...func(*sqs.Options)) (*sqs.SendMessageBatchOutput, error)
}

// SQS sends messages to a queue with SendMessageBatch.
//
// The body of a message is the record's data. If SQS would refuse that, the body is its
// base64 text with the attribute encoding=base64; for empty data it is a line break. A
// message that carries one record has the attributes key and action, if there is room for
// them. A notification keeps its attributes, and its subject becomes the attribute
// Subject. In a FIFO queue the message group is the record's key. The deduplication id is
// made of the source (see [Source]), shards and sequence numbers of the message, so a
// message sent twice arrives once.
type SQS struct {
	client SQSAPI
	url    string
	fifo   bool
	origin origin
	limits engine.Limits
	form   messages
}

// NewSQS returns a sink for the queue at queueURL. A message may have 1 MiB unless
// RecordBytes sets a lower limit.
func NewSQS(client SQSAPI, queueURL string, opts ...Option) *SQS {
	s := &SQS{client: client, url: queueURL, fifo: strings.HasSuffix(queueURL, ".fifo"), origin: collect(opts).origin}
	s.form = messages{name: s.String(), most: sqsAttributesMost, bytes: recordBytes(opts, sqsBytes, sqsBytes)}
	s.limits = engine.Limits{
		Records:     messageEntries,
		Bytes:       sqsBytes,
		RecordBytes: s.form.bytes,
		Copies:      true,
		OnePerKey:   true, // entries of a request succeed and fail one by one
	}
	return s
}

// String returns "sqs", a space and the queue's name.
func (s *SQS) String() string { return "sqs " + lastPart(s.url, "/") }

// Limits returns the limits of SendMessageBatch.
func (s *SQS) Limits() engine.Limits { return s.limits }

// Send makes one SendMessageBatch call.
func (s *SQS) Send(ctx context.Context, batch []engine.Record) engine.Outcome {
	if err := s.form.fault(batch); err != nil {
		return engine.Failed(err)
	}
	out, err := s.put(ctx, batch)
	if err != nil {
		return engine.Failed(classify(s.String(), err))
	}
	told := newEntries(s.String(), len(batch))
	for i := range out.Successful {
		told.taken(out.Successful[i].Id)
	}
	for i := range out.Failed {
		f := &out.Failed[i]
		told.refused(f.Id, f.Code, f.Message, f.SenderFault)
	}
	return told.outcome()
}

// Sizer counts the body and the attributes.
func (s *SQS) Sizer() func(r *engine.Record) int { return s.form.size }

// put makes the call. The signature holds the SHA-256 of the request, so it proves that
// the messages arrived as sent. SQS also answers with the MD5 of each message; put does
// not check it, because that costs as much again.
func (s *SQS) put(ctx context.Context, batch []engine.Record) (*sqs.SendMessageBatchOutput, error) {
	in := &sqs.SendMessageBatchInput{QueueUrl: &s.url, Entries: []types.SendMessageBatchRequestEntry{}} // the SDK rejects nil
	if _, ok := s.client.(*sqs.Client); ok {
		call := newSplice(`"Entries":[]`, acknowledgement{}, len(batch), s.form.text(batch))
		s.append(call.list, batch)
		out, err := s.client.SendMessageBatch(ctx, in, unsummed, func(o *sqs.Options) { o.APIOptions = append(o.APIOptions, call.install) })
		call.end()
		if !errors.Is(err, errSeam) {
			return out, err
		}
	}
	in.Entries = s.entries(batch)
	return s.client.SendMessageBatch(ctx, in, unsummed)
}

func unsummed(o *sqs.Options) { o.DisableMessageChecksumValidation = true }

// append appends the list of messages of a request.
func (s *SQS) append(b *body, batch []engine.Record) {
	b.text(`"Entries":[`)
	for i := range batch {
		r := &batch[i]
		b.comma(i)
		b.text(`{"Id":"`)
		b.own = strconv.AppendInt(b.own, int64(i), 10)
		b.text(`","MessageAttributes":{`)
		var buf [3]attribute
		for k, a := range s.form.attributes(buf[:0], r) {
			b.comma(k)
			b.quote(a.name)
			if a.binary() {
				b.text(`:{"BinaryValue":"`)
				b.own = base64.StdEncoding.AppendEncode(b.own, []byte(a.value))
				b.text(`","DataType":`)
				b.quote(a.kind)
				b.text(`}`)
			} else {
				b.text(`:{"DataType":`)
				b.quote(a.kind)
				b.text(`,"StringValue":`)
				b.quote(a.value)
				b.text(`}`)
			}
		}
		b.text(`},"MessageBody":`)
		b.own = appendJSON(b.own, message(r.Data))
		if s.fifo {
			b.text(`,"MessageDeduplicationId":`)
			b.quote(s.origin.dedupID(r))
			b.text(`,"MessageGroupId":`)
			b.quote(groupID(r))
		}
		b.text(`}`)
	}
	b.text(`]`)
}

// entries returns the list of messages of a request, for the SDK to write.
func (s *SQS) entries(batch []engine.Record) []types.SendMessageBatchRequestEntry {
	entries := make([]types.SendMessageBatchRequestEntry, len(batch))
	for i := range batch {
		r, e := &batch[i], &entries[i]
		e.Id, e.MessageBody, e.MessageAttributes = entryID(i), aws.String(string(message(r.Data))), s.values(r)
		if s.fifo {
			e.MessageGroupId, e.MessageDeduplicationId = aws.String(groupID(r)), aws.String(s.origin.dedupID(r))
		}
	}
	return entries
}

func (s *SQS) values(r *engine.Record) map[string]types.MessageAttributeValue {
	var buf [3]attribute
	m := make(map[string]types.MessageAttributeValue, len(buf))
	for _, a := range s.form.attributes(buf[:0], r) {
		v := types.MessageAttributeValue{DataType: &a.kind}
		if a.binary() {
			v.BinaryValue = []byte(a.value)
		} else {
			v.StringValue = &a.value
		}
		m[a.name] = v
	}
	return m
}

// HasAttributes reports whether r is a notification, from whose source record SQS and SNS
// sinks take more than the data.
func HasAttributes(r *engine.Record) bool {
	n, err := notificationOf(r)
	return err != nil || n != nil && (n.Subject != "" || len(n.MessageAttributes) > 0)
}
