package iot

import "fanout/sinks"

func rights(at sinks.Place, s *sinks.Spec) ([]sinks.Right, error) {
	return []sinks.Right{{Sid: "SendToIoT", Actions: []string{"iot:Publish"}, Resource: at.ARN(s, "iot", "topic/"+sinks.Literal(s.Destination.Topic))}}, nil
}
