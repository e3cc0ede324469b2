package sinks

import (
	"context"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"fanout/engine"
)

// Limits of a message and of a request in SNS, from the API reference of PublishBatch.
const (
	snsBytes     = 256 << 10 // unless the topic's owner raised it
	snsBytesMost = 1 << 20
)

// SNSAPI is the part of *sns.Client that NewSNS needs.
type SNSAPI interface {
	PublishBatch(context.Context, *sns.PublishBatchInput, ...func(*sns.Options)) (*sns.PublishBatchOutput, error)
}

// SNS publishes messages to a topic with PublishBatch. Its messages are like SQS
// messages, except that a notification's subject stays a subject.
type SNS struct {
	client SNSAPI
	topic  string
	fifo   bool
	origin origin
	limits engine.Limits
	form   messages
}

// NewSNS returns a sink for the topic with the ARN topicARN. A message, or a whole
// request, may have 256 KiB unless RecordBytes sets another limit, up to 1 MiB.
func NewSNS(client SNSAPI, topicARN string, opts ...Option) *SNS {
	bytes := recordBytes(opts, snsBytes, snsBytesMost)
	s := &SNS{client: client, topic: topicARN, fifo: strings.HasSuffix(topicARN, ".fifo"), origin: collect(opts).origin}
	s.form = messages{name: s.String(), subject: true, bytes: bytes}
	s.limits = engine.Limits{
		Records:     messageEntries,
		Bytes:       bytes,
		RecordBytes: bytes,
		Copies:      true,
		OnePerKey:   true, // entries of a request succeed and fail one by one
	}
	return s
}

// String returns "sns", a space and the topic's name.
func (s *SNS) String() string { return "sns " + lastPart(s.topic, ":") }

// Limits returns the limits of PublishBatch.
func (s *SNS) Limits() engine.Limits { return s.limits }

// Send makes one PublishBatch call.
func (s *SNS) Send(ctx context.Context, batch []engine.Record) engine.Outcome {
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

// Sizer counts the message and the attributes.
func (s *SNS) Sizer() func(r *engine.Record) int { return s.form.size }

// put makes the call.
func (s *SNS) put(ctx context.Context, batch []engine.Record) (*sns.PublishBatchOutput, error) {
	in := &sns.PublishBatchInput{TopicArn: &s.topic, PublishBatchRequestEntries: []types.PublishBatchRequestEntry{}} // the SDK rejects nil
	if _, ok := s.client.(*sns.Client); ok {
		call := newSplice(snsList+"=", acknowledgement{}, len(batch), s.form.text(batch))
		call.element = "PublishBatchResponse"
		s.append(call.list, batch)
		out, err := s.client.PublishBatch(ctx, in, func(o *sns.Options) { o.APIOptions = append(o.APIOptions, call.install) })
		call.end()
		if !errors.Is(err, errSeam) {
			return out, err
		}
	}
	in.PublishBatchRequestEntries = s.entries(batch)
	return s.client.PublishBatch(ctx, in)
}

// entries returns the list of messages of a request, for the SDK to write.
func (s *SNS) entries(batch []engine.Record) []types.PublishBatchRequestEntry {
	entries := make([]types.PublishBatchRequestEntry, len(batch))
	for i := range batch {
		r, e := &batch[i], &entries[i]
		e.Id, e.Message, e.MessageAttributes = entryID(i), aws.String(string(message(r.Data))), s.values(r)
		if subject := subjectOf(r); subject != "" {
			e.Subject = &subject
		}
		if s.fifo {
			e.MessageGroupId, e.MessageDeduplicationId = aws.String(groupID(r)), aws.String(s.origin.dedupID(r))
		}
	}
	return entries
}

func (s *SNS) values(r *engine.Record) map[string]types.MessageAttributeValue {
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
