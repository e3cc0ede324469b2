package sns

import "fanout/sinks"

func rights(at sinks.Place, s *sinks.Spec) ([]sinks.Right, error) {
	return []sinks.Right{{Sid: "SendToSNS", Actions: []string{"sns:Publish"}, Resource: resource(at, s)}}, nil
}

func resource(at sinks.Place, s *sinks.Spec) string {
	return at.ARN(s, "sns", s.Destination.Name)
}
