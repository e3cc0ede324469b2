package kinesis

import "fanout/sinks"

func rights(at sinks.Place, s *sinks.Spec) ([]sinks.Right, error) {
	all := []sinks.Right{{Sid: "SendToKinesis", Actions: []string{"kinesis:PutRecords"}, Resource: resource(at, s)}}
	if s.Aggregate {
		all = append(all, sinks.Right{
			Sid: "AggregateForKinesis", Actions: []string{"kinesis:ListShards"}, Resource: resource(at, s),
			Without: "an aggregate for this stream has records of one partition key only",
		})
	}
	return all, nil
}

func resource(at sinks.Place, s *sinks.Spec) string {
	return at.ARN(s, "kinesis", "stream/"+s.Destination.Name)
}
