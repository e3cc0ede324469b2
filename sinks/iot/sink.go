// Package iot delivers records to MQTT topics of AWS IoT Core.
package iot

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"

	"fanout/engine"
	"fanout/internal/awscall"
	"fanout/internal/jq"
	"fanout/sinks"
	"fanout/sinks/internal/fill"
	"fanout/sinks/internal/request"
)

// maxBytes is the limit of a message in AWS IoT Core (AWS General Reference, AWS IoT Core
// message broker and protocol limits and quotas).
const maxBytes = 128 << 10

// Sink publishes messages to an MQTT topic of AWS IoT Core, with quality of service 0. A
// record is delivered when the broker accepts it; the broker does not wait for
// subscribers. The message is the record's data.
type Sink struct {
	client *awscall.Client
	topic  string
	places *jq.Template // of the topic; nil: it is the same for every record
	fault  error        // of the topic
	source string       // ARN, for the places
	name   string
}

// service is the data plane of AWS IoT.
var service = awscall.Service{ID: "IoT Data Plane", Name: "data-ats.iot", Signing: "iotdata"}

// New returns a sink for a topic. A topic with places, such as sensors/${.id}, is another
// one for each record. The endpoint is the URL of the account's, as returned by
// DescribeEndpoint; one that the configuration names takes precedence.
func New(cfg aws.Config, endpoint, topic string, opts ...sinks.Option) *Sink {
	s := &Sink{client: awscall.New(cfg, service, endpoint), topic: topic, source: sinks.Collect(opts).SourceARN, name: "iot " + topic}
	if jq.IsTemplate(topic) {
		s.places, s.fault = jq.ParseTemplate(topic)
	}
	return s
}

// String returns "iot", a space and the topic.
func (s *Sink) String() string { return s.name }

// Limits returns the limits of Publish, which takes one message.
func (s *Sink) Limits() engine.Limits {
	return engine.Limits{Records: 1, RecordBytes: maxBytes}
}

// Sizer returns nil: only the data counts.
func (*Sink) Sizer() func(r *engine.Record) int { return nil }

// Send makes one Publish call.
func (s *Sink) Send(ctx context.Context, batch []engine.Record) engine.Outcome {
	topic, err := s.topicOf(ctx, &batch[0])
	if err != nil {
		return engine.Failed(err)
	}
	call := request.NewCall(s.name, &publish, 1, request.TextLen(batch))
	call.Body.Add(batch[0].Data.Bytes())
	call.Path = "/topics/" + url.PathEscape(topic)
	if err := call.Put(ctx, s.client, readAnswer); err != nil {
		return engine.Failed(err)
	}
	return engine.Outcome{}
}

// Describe implements sinks.Describer.
func (s *Sink) Describe(ctx context.Context, r *engine.Record) (sinks.Entry, error) {
	topic, err := s.topicOf(ctx, r)
	if err != nil || s.places == nil {
		return sinks.Entry{}, err
	}
	return sinks.Entry{Topic: topic}, nil
}

// topicOf returns the topic for a record.
func (s *Sink) topicOf(ctx context.Context, r *engine.Record) (string, error) {
	switch {
	case s.fault != nil:
		return "", engine.Errorf(engine.Permanent, "%s: %w", s.name, s.fault)
	case s.places == nil:
		return s.topic, nil
	}
	topic, err := fill.Append(ctx, nil, s.places, r, s.source, s.name)
	if err != nil {
		return "", err
	}
	if len(topic) > maxTopic || !utf8.Valid(topic) || bytes.ContainsAny(topic, "+#\x00") {
		return "", engine.Errorf(engine.Permanent, "%s: the places of the topic make no topic for the record: it is too long, or has + or #", s.name)
	}
	if topic[0] == '$' && !s.reserved() {
		return "", engine.Errorf(engine.Permanent, "%s: the first place of the topic makes a reserved topic for the record, one that begins with $", s.name)
	}
	return string(topic), nil
}

// reserved reports whether the text of the topic begins with $. No record may choose such a
// topic, because AWS IoT acts on it: $aws/things/…/shadow/update changes a device.
func (s *Sink) reserved() bool {
	text := s.places.Map(func(text string) string { return text }, " ")
	return strings.HasPrefix(text, "$")
}

// publish is the form of Publish.
var publish = request.Form{Operation: "Publish", Header: http.Header{"Content-Type": {"application/octet-stream"}}}

// readAnswer checks that an answer is the broker's, which is {"message":"OK"} or empty, and not
// a proxy's page.
func readAnswer(_ *http.Response, answer []byte) error {
	if len(answer) > 0 && json.Unmarshal(answer, &struct{}{}) != nil {
		return engine.Errorf(engine.Retryable, "the answer does not come from AWS IoT, so it is unknown which records arrived")
	}
	return nil
}
