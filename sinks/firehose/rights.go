package firehose

import "fanout/sinks"

func rights(at sinks.Place, s *sinks.Spec) ([]sinks.Right, error) {
	return []sinks.Right{{Sid: "SendToFirehose", Actions: []string{"firehose:PutRecordBatch"}, Resource: at.ARN(s, "firehose", "deliverystream/"+s.Destination.Name)}}, nil
}
