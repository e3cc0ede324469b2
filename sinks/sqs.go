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

// sqsBytes is how much SQS takes in a message, and in a request, from the API
// reference of SendMessageBatch.
const sqsBytes = 1 << 20

// sqsAttributesMost is how many attributes a message in a queue may have (SQS guide,
// Amazon SQS message quotas).
const sqsAttributesMost = 10

// SQSAPI is what NewSQS needs of *sqs.Client.
type SQSAPI interface {
	SendMessageBatch(context.Context, *sqs.SendMessageBatchInput, ...func(*sqs.Options)) (*sqs.SendMessageBatchOutput, error)
}

// SQS sends messages to a queue with SendMessageBatch.
//
// The body of a message is the record's data, or, where SQS would refuse that, its
// base64 text with the attribute encoding=base64 (for no data at all, a line break).
// Messages that carry one record have the attributes key and action, where there is room
// for them, and those of a notification keep its attributes, and its subject as the
// attribute Subject. In a FIFO queue
// the message group is the record's key, and the deduplication id is made of the source
// (see [Source]), shards and sequence numbers that the message carries, so a message sent
// twice arrives once.
type SQS struct {
	client SQSAPI
	url    string
	fifo   bool
	origin origin
	limits engine.Limits
	form   messages
}

// NewSQS returns a sink for the queue at queueURL. A message may have 1 MiB unless
// RecordBytes says less.
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

// String is "sqs", a space and the queue's name.
func (s *SQS) String() string { return "sqs " + lastPart(s.url, "/") }

// Limits are those of SendMessageBatch.
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

// put makes the call. It leaves it to the signature to tell whether messages arrived
// as they were sent: that holds the SHA-256 of the request. SQS answers with the MD5
// of each message beside, and looking at that costs as much again.
func (s *SQS) put(ctx context.Context, batch []engine.Record) (*sqs.SendMessageBatchOutput, error) {
	in := &sqs.SendMessageBatchInput{QueueUrl: &s.url, Entries: []types.SendMessageBatchRequestEntry{}} // nil would be a fault
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
