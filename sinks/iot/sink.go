// Package iot delivers records to MQTT topics of AWS IoT Core.
package iot

import (
	"bytes"
	"context"
	"encoding/json"
	"io"

	"github.com/aws/aws-sdk-go-v2/service/iotdataplane"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"fanout/engine"
	"fanout/internal/awshttp"
	"fanout/sinks/internal/classify"
	"fanout/sinks/internal/request"
)

// iotBytes is the limit of a message in AWS IoT Core (AWS General Reference, AWS IoT Core
// message broker and protocol limits and quotas).
const iotBytes = 128 << 10

// Client is the part of *iotdataplane.Client that NewIoT needs.
type Client interface {
	Publish(context.Context, *iotdataplane.PublishInput, ...func(*iotdataplane.Options)) (*iotdataplane.PublishOutput, error)
}

// Sink publishes messages to an MQTT topic of AWS IoT Core, with quality of service 0. A
// record is delivered when the broker accepts it; the broker does not wait for
// subscribers. The message is the record's data.
type Sink struct {
	client Client
	topic  string
}

// New returns a sink for a topic. The client must use the account's endpoint, as
// returned by DescribeEndpoint.
func New(client Client, topic string) *Sink { return &Sink{client, topic} }

// String returns "iot", a space and the topic.
func (s *Sink) String() string { return "iot " + s.topic }

// Limits returns the limits of Publish, which takes one message.
func (s *Sink) Limits() engine.Limits {
	return engine.Limits{Records: 1, RecordBytes: iotBytes}
}

// Sizer returns nil: only the data counts.
func (*Sink) Sizer() func(r *engine.Record) int { return nil }

// Send makes one Publish call.
func (s *Sink) Send(ctx context.Context, batch []engine.Record) engine.Outcome {
	// A transport may keep reading after the call. By then another record may use the
	// memory of this one.
	in := &iotdataplane.PublishInput{Topic: &s.topic, Payload: bytes.Clone(request.Blob(batch[0].Data))}
	_, err := s.client.Publish(ctx, in, readAnswers)
	if err != nil {
		return engine.Failed(classify.Error(s.String(), err))
	}
	return engine.Outcome{}
}

// readAnswers makes the client check the broker's answer, which is {"message":"OK"} or
// empty. The SDK ignores the answer, so a proxy's page with status 200 would pass for it.
func readAnswers(o *iotdataplane.Options) {
	o.APIOptions = append(o.APIOptions, awshttp.BoundAnswer(1), func(stack *middleware.Stack) error {
		return stack.Deserialize.Insert(middleware.DeserializeMiddlewareFunc("ReadAnswer", readAnswer), "OperationDeserializer", middleware.After)
	})
}

func readAnswer(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
	out middleware.DeserializeOutput, metadata middleware.Metadata, err error,
) {
	out, metadata, err = next.HandleDeserialize(ctx, in)
	resp, ok := out.RawResponse.(*smithyhttp.Response)
	if err != nil || !ok || resp.StatusCode/100 != 2 {
		return out, metadata, err
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return out, metadata, request.Unreadable(resp, err)
	}
	if len(body) > 0 && json.Unmarshal(body, &struct{}{}) != nil {
		return out, metadata, request.Unreadable(resp, engine.Errorf(engine.Retryable, "the answer is not that of AWS IoT, so what arrived is unknown"))
	}
	resp.Body = struct {
		io.Reader
		io.Closer
	}{bytes.NewReader(body), resp.Body}
	return out, metadata, nil
}
