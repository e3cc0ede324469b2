// Package sns delivers records to SNS topics.
package sns

import (
	"context"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"fanout/engine"
	"fanout/sinks"
	"fanout/sinks/internal/classify"
	"fanout/sinks/internal/label"
	"fanout/sinks/internal/message"
	"fanout/sinks/internal/origin"
	"fanout/sinks/internal/request"
)

// Limits of a message and of a request in SNS, from the API reference of PublishBatch.
const (
	snsBytes     = 256 << 10 // unless the topic's owner raised it
	snsBytesMost = 1 << 20
)

// Client is the part of *sns.Client that NewSNS needs.
type Client interface {
	PublishBatch(context.Context, *sns.PublishBatchInput, ...func(*sns.Options)) (*sns.PublishBatchOutput, error)
}

// Sink publishes messages to a topic with PublishBatch. Its messages are like SQS
// messages, except that a notification's subject stays a subject.
type Sink struct {
	client Client
	topic  string
	fifo   bool
	origin origin.Origin
	limits engine.Limits
	form   message.Form
}

// New returns a sink for the topic with the ARN topicARN. A message, or a whole
// request, may have 256 KiB unless RecordBytes sets another limit, up to 1 MiB.
func New(client Client, topicARN string, opts ...sinks.Option) *Sink {
	bytes := sinks.RecordLimit(opts, snsBytes, snsBytesMost)
	s := &Sink{client: client, topic: topicARN, fifo: strings.HasSuffix(topicARN, ".fifo"), origin: sinks.Collect(opts).Origin}
	s.form = message.Form{Name: s.String(), Subject: true, Bytes: bytes}
	s.limits = engine.Limits{
		Records:     message.Entries,
		Bytes:       bytes,
		RecordBytes: bytes,
		Copies:      true,
		OnePerKey:   true, // entries of a request succeed and fail one by one
	}
	return s
}

// String returns "sns", a space and the topic's name.
func (s *Sink) String() string { return "sns " + label.Last(s.topic, ":") }

// Limits returns the limits of PublishBatch.
func (s *Sink) Limits() engine.Limits { return s.limits }

// Send makes one PublishBatch call.
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

// Sizer counts the message and the attributes.
func (s *Sink) Sizer() func(r *engine.Record) int { return s.form.Size }

// put makes the call.
func (s *Sink) put(ctx context.Context, batch []engine.Record) (*sns.PublishBatchOutput, error) {
	in := &sns.PublishBatchInput{TopicArn: &s.topic, PublishBatchRequestEntries: []types.PublishBatchRequestEntry{}} // the SDK rejects nil
	if _, ok := s.client.(*sns.Client); ok {
		call := request.New(snsList+"=", request.Acknowledgement{}, len(batch), s.form.Text(batch))
		call.Element = "PublishBatchResponse"
		s.append(call.List, batch)
		out, err := s.client.PublishBatch(ctx, in, func(o *sns.Options) { o.APIOptions = append(o.APIOptions, call.Install) })
		call.End()
		if !errors.Is(err, request.ErrSeam) {
			return out, err
		}
	}
	in.PublishBatchRequestEntries = s.entries(batch)
	return s.client.PublishBatch(ctx, in)
}

// entries returns the list of messages of a request, for the SDK to write.
func (s *Sink) entries(batch []engine.Record) []types.PublishBatchRequestEntry {
	entries := make([]types.PublishBatchRequestEntry, len(batch))
	for i := range batch {
		r, e := &batch[i], &entries[i]
		e.Id, e.Message, e.MessageAttributes = message.EntryID(i), aws.String(string(message.Text(r.Data))), s.values(r)
		if subject := message.SubjectOf(r); subject != "" {
			e.Subject = &subject
		}
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
