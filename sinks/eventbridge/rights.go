package eventbridge

import "fanout/sinks"

func rights(at sinks.Place, s *sinks.Spec) ([]sinks.Right, error) {
	return []sinks.Right{{Sid: "SendToEventBridge", Actions: []string{"events:PutEvents"}, Resource: at.ARN(s, "events", "event-bus/"+s.Destination.Name)}}, nil
}
