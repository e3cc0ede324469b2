package kinesis

import "fanout/sinks"

// ListShards is the right to look up shards. Without it, an aggregate has records of one
// partition key only.
const ListShards = "kinesis:ListShards"

func rights(at sinks.Place, s *sinks.Spec) ([]sinks.Right, error) {
	all := []sinks.Right{{Sid: "SendToKinesis", Actions: []string{"kinesis:PutRecords"}, Resource: resource(at, s)}}
	if s.Aggregate {
		all = append(all, sinks.Right{Sid: "AggregateForKinesis", Actions: []string{ListShards}, Resource: resource(at, s)})
	}
	return all, nil
}

func resource(at sinks.Place, s *sinks.Spec) string {
	return at.ARN(s, "kinesis", "stream/"+s.Destination.Name)
}
