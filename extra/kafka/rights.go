package kafka

import (
	"fanout/internal/brokers"
	"fanout/sinks"
)

// rights allows writing to a topic of an MSK cluster. The names of brokers lack the UUID of
// their cluster, so it may be any (MSK guide, IAM access control, Semantics of IAM
// authorization policy actions and resources). Other brokers do not use IAM.
func rights(at sinks.Place, s *sinks.Spec) ([]sinks.Right, error) {
	a := of(&s.Destination)
	if a.SASL != brokers.IAM {
		return nil, nil
	}
	name := a.Cluster()
	if name != "*" {
		name = sinks.Literal(name)
	}
	arn := func(resource string) string { return at.ARN(s, "kafka", resource) }
	return []sinks.Right{
		{Sid: "ConnectToKafka", Actions: []string{"kafka-cluster:Connect", "kafka-cluster:WriteDataIdempotently"}, Resource: arn("cluster/" + name + "/*")},
		{Sid: "WriteToKafka", Actions: []string{"kafka-cluster:DescribeTopic", "kafka-cluster:WriteData"}, Resource: arn("topic/" + name + "/*/" + a.Topic)},
	}, nil
}
