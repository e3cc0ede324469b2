package dynamodb

import "fanout/sinks"

func rights(at sinks.Place, s *sinks.Spec) ([]sinks.Right, error) {
	all := []sinks.Right{{Sid: "PutToDynamoDB", Actions: []string{"dynamodb:PutItem"}, Resource: Resource(at, s)}}
	if s.FromTable() && tombstone(s) == "" {
		all = append(all, sinks.Right{Sid: "DeleteFromDynamoDB", Actions: []string{"dynamodb:DeleteItem"}, Resource: Resource(at, s)})
	}
	return all, nil
}

// Resource returns the ARN of a target's table.
func Resource(at sinks.Place, s *sinks.Spec) string {
	return at.ARN(s, "dynamodb", "table/"+s.Destination.Name)
}
