// Package sns delivers records to SNS topics.
package sns

import (
	"context"
	"encoding/xml"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"fanout/engine"
	"fanout/internal/awscall"
	"fanout/internal/awsname"
	"fanout/sinks"
	"fanout/sinks/internal/ids"
	"fanout/sinks/internal/message"
	"fanout/sinks/internal/request"
)

// Limits of a message and of a request in SNS, from the API reference of PublishBatch.
const (
	defaultBytes = 256 << 10 // unless the topic's owner raised it
	maxBytes     = 1 << 20
)

// Sink publishes messages to a topic with PublishBatch. Its messages are like SQS
// messages, except that a notification's subject stays a subject.
type Sink struct {
	client *awscall.Client
	name   string
	topic  string
	fifo   bool
	origin ids.Origin
	limits engine.Limits
	form   message.Form
}

// service is Amazon SNS.
var service = awscall.Service{ID: "SNS", Name: "sns", Query: true, GovFIPS: true}

// New returns a sink for the topic with the ARN topicARN. A message, or a whole
// request, may have 256 KiB unless RecordBytes sets another limit, up to 1 MiB.
func New(cfg aws.Config, topicARN string, opts ...sinks.Option) *Sink {
	bytes := sinks.RecordLimit(opts, defaultBytes, maxBytes)
	s := &Sink{client: awscall.New(cfg, service, ""), name: "sns " + awsname.Last(topicARN, ":"), topic: topicARN, fifo: strings.HasSuffix(topicARN, ".fifo"), origin: sinks.Collect(opts).Origin}
	s.form = message.Form{Name: s.name, Subject: true, MaxBytes: bytes}
	o := sinks.Collect(opts)
	s.form.Set(message.Own{Subject: o.Subject, Attributes: o.Attributes, Group: o.Group, Source: o.SourceARN})
	s.limits = engine.Limits{
		Records:     message.MaxEntries,
		Bytes:       bytes,
		RecordBytes: bytes,
		Copies:      true,
		OnePerKey:   true, // entries of a request succeed and fail one by one
	}
	return s
}

// String returns "sns", a space and the topic's name.
func (s *Sink) String() string { return s.name }

// Limits returns the limits of PublishBatch.
func (s *Sink) Limits() engine.Limits { return s.limits }

// Send makes one PublishBatch call.
func (s *Sink) Send(ctx context.Context, batch []engine.Record) engine.Outcome {
	own, err := s.form.Fill(ctx, batch)
	if err != nil {
		return engine.Failed(err)
	}
	call := request.NewCall(s.name, &publishBatch, len(batch), s.form.TextLen(batch, own))
	s.append(call.Body, batch, own)
	results := message.NewResults(s.name, len(batch))
	if err := call.Put(ctx, s.client, func(_ *http.Response, text []byte) error { return readAnswer(text, results) }); err != nil {
		return engine.Failed(err)
	}
	return results.Outcome()
}

// Describe implements sinks.Describer.
func (s *Sink) Describe(ctx context.Context, r *engine.Record) (sinks.Entry, error) {
	return s.form.Describe(ctx, r, s.fifo)
}

// Sizer counts the message and the attributes.
func (s *Sink) Sizer() func(r *engine.Record) int { return s.form.Size }

// publishBatch is the form of PublishBatch.
var publishBatch = request.Form{
	Operation: "PublishBatch", Header: awscall.FormHeader(),
}

// readAnswer reads an answer of PublishBatch.
func readAnswer(text []byte, results *message.Results) error {
	var answer struct {
		XMLName xml.Name        `xml:"PublishBatchResponse"`
		Taken   []message.Entry `xml:"PublishBatchResult>Successful>member"`
		Refused []message.Entry `xml:"PublishBatchResult>Failed>member"`
	}
	if err := awscall.DecodeXML(text, &answer); err != nil {
		return request.ErrPart
	}
	results.Add(answer.Taken, answer.Refused)
	return nil
}
