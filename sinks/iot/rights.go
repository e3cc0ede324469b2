package iot

import (
	"fanout/internal/jq"
	"fanout/sinks"
)

// rights allows publishing to the topic. Each place of a topic may have any value.
func rights(at sinks.Place, s *sinks.Spec) ([]sinks.Right, error) {
	topic := sinks.Literal(s.Destination.Topic)
	if jq.IsTemplate(s.Destination.Topic) {
		t, err := jq.ParseTemplate(s.Destination.Topic)
		if err != nil {
			return nil, err
		}
		topic = t.Map(sinks.Literal, "*")
	}
	return []sinks.Right{{Sid: "SendToIoT", Actions: []string{"iot:Publish"}, Resource: at.ARN(s, "iot", "topic/"+topic)}}, nil
}
