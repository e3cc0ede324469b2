package sqs

import "fanout/sinks"

func rights(at sinks.Place, s *sinks.Spec) ([]sinks.Right, error) {
	return []sinks.Right{{Sid: "SendToSQS", Actions: []string{"sqs:SendMessage"}, Resource: resource(at, s)}}, nil
}

// resource returns the ARN of the queue.
func resource(at sinks.Place, s *sinks.Spec) string {
	return at.ARN(s, "sqs", s.Destination.Name)
}
