package sqs

import "fanout/sinks"

func rights(at sinks.Place, s *sinks.Spec) ([]sinks.Right, error) {
	return []sinks.Right{{Sid: "SendToSQS", Actions: []string{"sqs:SendMessage"}, Resource: at.ARN(s, "sqs", s.Destination.Name)}}, nil
}
