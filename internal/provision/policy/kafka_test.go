package policy

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Lambda reads a topic of Amazon MSK with IAM, or with a secret, and through the cluster's network.
func TestKafkaSource(t *testing.T) {
	const (
		msk    = "arn:aws:kafka:eu-west-1:123456789012:topic/demo/0123-1/orders"
		own    = "kafka://b1:9094/orders"
		secret = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:login"
	)
	for name, tt := range map[string]struct {
		source Source
		want   map[string]string // resource by statement
	}{
		"IAM": {Source{ARN: msk, Group: "fanout"}, map[string]string{
			"FindKafka": "arn:aws:kafka:eu-west-1:123456789012:cluster/demo/0123-1", "FindBrokers": "*", "ReachBrokers": "*", "NetworkIsForLambdaAlone": "*",
			"JoinKafka": "arn:aws:kafka:eu-west-1:123456789012:cluster/demo/0123-1", "ReadKafka": msk,
			"UseKafkaGroup": "arn:aws:kafka:eu-west-1:123456789012:group/demo/0123-1/fanout"}},
		"any group": {Source{ARN: "arn:aws:kafka:eu-west-1:123456789012:topic/demo/demo/demo"}, map[string]string{
			"FindKafka": "arn:aws:kafka:eu-west-1:123456789012:cluster/demo/demo", "FindBrokers": "*", "ReachBrokers": "*", "NetworkIsForLambdaAlone": "*",
			"JoinKafka": "arn:aws:kafka:eu-west-1:123456789012:cluster/demo/demo", "ReadKafka": "arn:aws:kafka:eu-west-1:123456789012:topic/demo/demo/demo",
			"UseKafkaGroup": "arn:aws:kafka:eu-west-1:123456789012:group/demo/demo/*"}},
		"secret in MSK": {Source{ARN: msk, Secrets: []string{secret}}, map[string]string{
			"FindKafka": "arn:aws:kafka:eu-west-1:123456789012:cluster/demo/0123-1", "FindBrokers": "*", "ReachBrokers": "*", "NetworkIsForLambdaAlone": "*", "ReadSecrets": secret}},
		"brokers":              {Source{ARN: own}, map[string]string{}},
		"brokers in a network": {Source{ARN: own, Network: true, Secrets: []string{secret}}, map[string]string{"ReachBrokers": "*", "NetworkIsForLambdaAlone": "*", "ReadSecrets": secret}},
		"failures":             {Source{ARN: own, OnFailure: "arn:aws:sqs:eu-west-1:123456789012:failures"}, map[string]string{"SendToSQS": "arn:aws:sqs:eu-west-1:123456789012:failures"}},
	} {
		d, err := bare().Policy(nil, []Source{tt.source})
		if err != nil {
			t.Fatal(err)
		}
		got := make(map[string]string)
		for _, s := range d.Statement {
			if s.Sid != "WriteLogs" && s.Sid != "ReadTargets" {
				got[s.Sid] = s.Resource[0]
			}
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
