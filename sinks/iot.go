package sinks

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/iotdataplane"

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

// Send makes one Publish call.
func (s *IoT) Send(ctx context.Context, batch []engine.Record) engine.Outcome {
	_, err := s.client.Publish(ctx, &iotdataplane.PublishInput{Topic: &s.topic, Payload: blob(batch[0].Data)})
	if err != nil {
		return engine.Failed(classify(s.String(), err))
	}
	return engine.Outcome{}
}
