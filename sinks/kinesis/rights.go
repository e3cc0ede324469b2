package kinesis

import "fanout/sinks"

func rights(at sinks.Place, s *sinks.Spec) ([]sinks.Right, error) {
	return []sinks.Right{{Sid: "SendToKinesis", Actions: []string{"kinesis:PutRecords"}, Resource: resource(at, s)}}, nil
}

func resource(at sinks.Place, s *sinks.Spec) string {
	return at.ARN(s, "kinesis", "stream/"+s.Destination.Name)
}
