package sinks

import (
	"bytes"
	"context"
	"encoding/json"
	"io"

	"github.com/aws/aws-sdk-go-v2/service/iotdataplane"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"fanout/engine"
)

// iotBytes is how much AWS IoT Core takes in a message (AWS General Reference, AWS
// IoT Core message broker and protocol limits and quotas).
const iotBytes = 128 << 10

// IoTAPI is what NewIoT needs of *iotdataplane.Client.
type IoTAPI interface {
	Publish(context.Context, *iotdataplane.PublishInput, ...func(*iotdataplane.Options)) (*iotdataplane.PublishOutput, error)
}

// IoT publishes messages to an MQTT topic of AWS IoT Core, with quality of service 0:
// a record is delivered when the broker has taken it, which does not wait for
// subscribers. The message is the record's data.
type IoT struct {
	client IoTAPI
	topic  string
}

// NewIoT returns a sink for a topic. The client's endpoint is that of the account,
// as DescribeEndpoint names it.
func NewIoT(client IoTAPI, topic string) *IoT { return &IoT{client, topic} }

// String is "iot", a space and the topic.
func (s *IoT) String() string { return "iot " + s.topic }

// Limits are those of Publish, which takes one message.
func (s *IoT) Limits() engine.Limits {
	return engine.Limits{Records: 1, RecordBytes: iotBytes}
}

// Sizer is nil: the data alone counts.
func (*IoT) Sizer() func(r *engine.Record) int { return nil }

// Send makes one Publish call.
func (s *IoT) Send(ctx context.Context, batch []engine.Record) engine.Outcome {
	// A transport may go on reading when the call is over, and the record's memory may
	// then be another's.
	in := &iotdataplane.PublishInput{Topic: &s.topic, Payload: bytes.Clone(blob(batch[0].Data))}
	_, err := s.client.Publish(ctx, in, readAnswers)
	if err != nil {
		return engine.Failed(classify(s.String(), err))
	}
	return engine.Outcome{}
}

// readAnswers makes the client look at what the broker answers, {"message":"OK"} or
// nothing. The SDK throws it away, so that a page of a proxy on the way, with status
// 200, would pass for the broker's word.
func readAnswers(o *iotdataplane.Options) {
	o.APIOptions = append(o.APIOptions, boundAnswer(1), func(stack *middleware.Stack) error {
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
		return out, metadata, unreadable(resp, err)
	}
	if len(body) > 0 && json.Unmarshal(body, &struct{}{}) != nil {
		return out, metadata, unreadable(resp, engine.Errorf(engine.Retryable, "the answer is not that of AWS IoT, so what arrived is unknown"))
	}
	resp.Body = struct {
		io.Reader
		io.Closer
	}{bytes.NewReader(body), resp.Body}
	return out, metadata, nil
}
