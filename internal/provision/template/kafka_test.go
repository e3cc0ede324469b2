package template

import (
	"strings"
	"testing"

	"fanout/internal/provision/policy"
)

// A mapping of Kafka names the topic beside its cluster or brokers. The function reports failed
// items only if every mapping asks for them: in provisioned mode.
func TestKafka(t *testing.T) {
	const (
		msk    = "arn:aws:kafka:eu-west-1:123456789012:topic/demo/0123-1/orders"
		own    = "kafka://b1:9094,b2:9094/my.orders"
		secret = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:login"
	)
	provisioned := Mapping{
		Source: msk, StartingPosition: "LATEST", MaximumRetryAttempts: 3, Kafka: Kafka{ConsumerGroup: "fanout", MinimumPollers: 1}}
	plain := Mapping{
		Source: own, StartingPosition: "TRIM_HORIZON", MaximumRetryAttempts: -1,
		Kafka: Kafka{Access: []Access{{"SASL_SCRAM_512_AUTH", secret}, {"VPC_SUBNET", "subnet:subnet-1"}}}}
	for _, tt := range []struct {
		format   Format
		mappings []Mapping
		want     []string
		wantNot  []string
	}{
		{CloudFormation, []Mapping{provisioned}, []string{
			"  KafkaOrders:\n", "EventSourceArn: arn:aws:kafka:eu-west-1:123456789012:cluster/demo/0123-1\n", "ConsumerGroupId: fanout", "MinimumPollers: 1",
			"MaximumRetryAttempts: 3", "- ReportBatchItemFailures", `FANOUT_REPORT_BATCH_ITEM_FAILURES: "true"`, "kafka:GetBootstrapBrokers", "kafka-cluster:ReadData", "group/demo/0123-1/fanout",
		}, []string{"SelfManaged", "MaximumPollers"}},
		{SAM, []Mapping{provisioned, plain}, []string{
			"Type: AWS::Lambda::EventSourceMapping", "KafkaBootstrapServers:", "- b1:9094", "Type: SASL_SCRAM_512_AUTH", "URI: " + secret,
			`FANOUT_REPORT_BATCH_ITEM_FAILURES: "false"`, "secretsmanager:GetSecretValue", "ec2:DescribeVpcs", "NetworkIsForLambdaAlone",
		}, []string{"Type: MSK"}},
		{CloudFormation, []Mapping{plain}, []string{"KafkaMyOrders:"}, []string{"ReportBatchItemFailures", "EventSourceArn", "MaximumRetryAttempts", "Bisect", "kafka-cluster:", "ParallelizationFactor"}},
		{Terraform, []Mapping{plain}, []string{
			`topics`, `["my.orders"]`, "self_managed_event_source {", `KAFKA_BOOTSTRAP_SERVERS = "b1:9094,b2:9094"`, "source_access_configuration {", `uri  = "subnet:subnet-1"`,
		}, []string{"event_source_arn", "function_response_types", "maximum_retry_attempts", "provisioned_poller_config"}},
		{Terraform, []Mapping{provisioned}, []string{"amazon_managed_kafka_event_source_config {", "provisioned_poller_config {", "minimum_pollers = 1", "function_response_types"}, []string{"self_managed"}},
	} {
		data, err := Render(tt.format, Setup{
			Function: policy.Function{ARN: "arn:aws:lambda:eu-west-1:123456789012:function:fanout"}, Memory: 256, Timeout: 60, Architecture: "arm64", Mappings: tt.mappings,
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range tt.want {
			if !strings.Contains(string(data), w) {
				t.Errorf("%s lacks %s:\n%s", tt.format, w, data)
			}
		}
		for _, w := range tt.wantNot {
			if strings.Contains(string(data), w) {
				t.Errorf("%s has %s:\n%s", tt.format, w, data)
			}
		}
	}
}
