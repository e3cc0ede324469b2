package hooks

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/go-cmp/cmp"

	"fanout/internal/provision/cloud"
)

const (
	mskTopic  = "arn:aws:kafka:eu-west-1:123456789012:topic/demo/0123-1/orders"
	mskOther  = "arn:aws:kafka:eu-west-1:123456789012:topic/demo/0123-1/others"
	ownTopic  = "kafka://b1:9094,b2:9094/orders"
	ownSecret = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:login"
)

// A topic of Amazon MSK is hooked as its cluster and the topic. Outside of provisioned mode its
// mapping asks for no report, and the function makes none.
func TestHookOfMSK(t *testing.T) {
	h, l, _ := newFake()
	did, err := h.Hook(t.Context(), mskTopic, Settings{StartingPosition: "LATEST", Kafka: Kafka{ConsumerGroup: "fanout"}})
	wantErr(t, err, "")
	want := []types.EventSourceMappingConfiguration{{
		UUID: aws.String("0"), EventSourceArn: aws.String("arn:aws:kafka:eu-west-1:123456789012:cluster/demo/0123-1"), State: aws.String("Enabled"),
		StartingPosition: "LATEST", Topics: []string{"orders"},
		AmazonManagedKafkaEventSourceConfig: &types.AmazonManagedKafkaEventSourceConfig{ConsumerGroupId: aws.String("fanout")},
	}}
	if diff := cmp.Diff(want, l.mappings, ignore); diff != "" || did != cloud.Created {
		t.Errorf("%s (-want +got):\n%s", did, diff)
	}
	if _, value, others, err := h.Report(t.Context()); err != nil || value || !cmp.Equal(others, []string{mskTopic}) {
		t.Errorf("%v, %v, %v", value, others, err)
	}
	_, err = h.Look(t.Context(), mskTopic, Settings{MaximumRetryAttempts: aws.Int32(3)})
	wantErr(t, err, "retries, the age of records and bisect of a Kafka topic need provisioned mode; add --minimum-pollers 1")
	_, err = h.Look(t.Context(), mskTopic, Settings{Kafka: Kafka{ConsumerGroup: "another"}})
	wantErr(t, err, mskTopic+` is hooked with the consumer group "fanout", which cannot change`)

	_, err = h.Hook(t.Context(), mskOther, Settings{Kafka: Kafka{MinimumPollers: aws.Int32(1)}})
	wantErr(t, err, "")
	did, err = h.Hook(t.Context(), mskTopic, Settings{Kafka: Kafka{MinimumPollers: aws.Int32(1)}})
	wantErr(t, err, "")
	changed := []cloud.Change{cloud.Changed("minimum-pollers", "(unset)", "1"), cloud.Changed("ReportBatchItemFailures", "false", "true")}
	if diff := cmp.Diff(changed, h.Changed); diff != "" || did != cloud.Updated {
		t.Errorf("%s (-want +got):\n%s", did, diff)
	}
	if _, value, _, err := h.Report(t.Context()); err != nil || !value {
		t.Errorf("%v, %v", value, err)
	}
	_, err = h.Look(t.Context(), mskTopic, Settings{MaximumRetryAttempts: aws.Int32(3)})
	wantErr(t, err, "")
	wantErr(t, h.Unhook(t.Context(), mskTopic), "")
	if len(l.mappings) != 1 || l.mappings[0].Topics[0] != "others" {
		t.Error(l.mappings)
	}
}

// A topic of other brokers has no ARN; its brokers and the topic name it.
func TestHookOfBrokers(t *testing.T) {
	h, l, _ := newFake()
	access := []types.SourceAccessConfiguration{{Type: "SASL_SCRAM_512_AUTH", URI: aws.String(ownSecret)}}
	_, err := h.Hook(t.Context(), ownTopic, Settings{StartingPosition: "TRIM_HORIZON", Kafka: Kafka{Access: access, MinimumPollers: aws.Int32(1), MaximumPollers: aws.Int32(4)}})
	wantErr(t, err, "")
	want := []types.EventSourceMappingConfiguration{{
		UUID: aws.String("0"), State: aws.String("Enabled"), StartingPosition: "TRIM_HORIZON", Topics: []string{"orders"},
		SelfManagedEventSource:            &types.SelfManagedEventSource{Endpoints: map[string][]string{"KAFKA_BOOTSTRAP_SERVERS": {"b1:9094", "b2:9094"}}},
		SelfManagedKafkaEventSourceConfig: &types.SelfManagedKafkaEventSourceConfig{},
		SourceAccessConfigurations:        access, BisectBatchOnFunctionError: aws.Bool(true),
		ProvisionedPollerConfig: &types.ProvisionedPollerConfig{MinimumPollers: aws.Int32(1), MaximumPollers: aws.Int32(4)},
		FunctionResponseTypes:   []types.FunctionResponseType{"ReportBatchItemFailures"},
	}}
	if diff := cmp.Diff(want, l.mappings, ignore); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	l.mappings[0].SelfManagedEventSource.Endpoints["KAFKA_BOOTSTRAP_SERVERS"] = []string{"b2:9094", "b1:9094"} // Lambda keeps no order
	did, err := h.Hook(t.Context(), ownTopic, Settings{Kafka: Kafka{Access: access, MinimumPollers: aws.Int32(1)}})
	wantErr(t, err, "")
	if did != cloud.Unchanged {
		t.Errorf("%s: %v", did, h.Changed)
	}
	did, err = h.Switch(t.Context(), ownTopic, false)
	wantErr(t, err, "")
	if did != cloud.Disabled {
		t.Error(did)
	}
	if got, err := h.Access(t.Context(), ownTopic); err != nil || !cmp.Equal(got, access, ignore) {
		t.Errorf("%v, %v", got, err)
	}
}

// Lambda's filter looks at the value of a record.
func TestFilterLimitsOfKafka(t *testing.T) {
	for pattern, want := range map[string]int{`{"value":{"total":[7]}}`: 0, `{"key":["ann"]}`: 1} {
		if got := FilterLimits(ownTopic, []string{pattern}); len(got) != want {
			t.Errorf("%s: %q", pattern, got)
		}
	}
}

// A dry run foresees that a mapping outside of provisioned mode asks for no report.
func TestDryRunOfKafka(t *testing.T) {
	for _, k := range []Kafka{{}, {MinimumPollers: aws.Int32(1)}} {
		h, _, _ := newFake()
		h.DryRun = true
		_, err := h.Hook(t.Context(), mskTopic, Settings{Kafka: k})
		wantErr(t, err, "")
		if _, value, _, err := h.Report(t.Context()); err != nil || value != (k.MinimumPollers != nil) {
			t.Errorf("%v, %v", value, err)
		}
	}
}
