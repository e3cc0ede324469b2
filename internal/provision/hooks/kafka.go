package hooks

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"fanout/internal/awsname"
	"fanout/internal/provision/cloud"
)

// Kafka are the settings that only a mapping of a topic of Kafka has.
type Kafka struct {
	ConsumerGroup  string                            // only for a new mapping; "": Lambda makes one up
	Access         []types.SourceAccessConfiguration // logins and network; nil: unchanged
	MinimumPollers *int32                            // with MaximumPollers: provisioned mode
	MaximumPollers *int32
}

// create adds the settings to a new mapping.
func (k *Kafka) create(in *lambda.CreateEventSourceMappingInput, source string) {
	topic, cluster, brokers := awsname.KafkaParts(source)
	in.Topics, in.SourceAccessConfigurations, in.ProvisionedPollerConfig = []string{topic}, k.Access, k.pollers()
	var group *string
	if k.ConsumerGroup != "" {
		group = &k.ConsumerGroup
	}
	if cluster != "" {
		in.EventSourceArn = &cluster
		in.AmazonManagedKafkaEventSourceConfig = &types.AmazonManagedKafkaEventSourceConfig{ConsumerGroupId: group}
	} else {
		in.EventSourceArn, in.SelfManagedEventSource = nil, cloud.SelfManaged(brokers)
		in.SelfManagedKafkaEventSourceConfig = &types.SelfManagedKafkaEventSourceConfig{ConsumerGroupId: group}
	}
	if in.ProvisionedPollerConfig == nil {
		in.FunctionResponseTypes = nil
	} else if in.BisectBatchOnFunctionError == nil {
		in.BisectBatchOnFunctionError = aws.Bool(true)
	}
}

// change adds the settings that differ from those of a mapping.
func (k *Kafka) change(in *lambda.UpdateEventSourceMappingInput, old *types.EventSourceMappingConfiguration) {
	if k.Access != nil && accesses(k.Access) != accesses(old.SourceAccessConfigurations) {
		in.SourceAccessConfigurations = k.Access
	}
	has := old.ProvisionedPollerConfig
	if has == nil {
		has = new(types.ProvisionedPollerConfig)
	}
	least, most := differing(k.MinimumPollers, has.MinimumPollers), differing(k.MaximumPollers, has.MaximumPollers)
	if least != nil || most != nil {
		in.ProvisionedPollerConfig = &types.ProvisionedPollerConfig{
			MinimumPollers: cmp.Or(k.MinimumPollers, has.MinimumPollers), MaximumPollers: cmp.Or(k.MaximumPollers, has.MaximumPollers)}
	}
}

func (k *Kafka) pollers() *types.ProvisionedPollerConfig {
	if k.MinimumPollers == nil && k.MaximumPollers == nil {
		return nil
	}
	return &types.ProvisionedPollerConfig{MinimumPollers: k.MinimumPollers, MaximumPollers: k.MaximumPollers}
}

// canReport reports whether a mapping may ask for ReportBatchItemFailures.
func canReport(m *types.EventSourceMappingConfiguration) bool {
	return !awsname.IsKafka(aws.ToString(m.EventSourceArn)) || m.ProvisionedPollerConfig != nil
}

// checkKafka refuses settings that a mapping of a topic has only in provisioned mode. m is the
// mapping, nil for a new one.
func (s *Settings) checkKafka(source string, m *types.EventSourceMappingConfiguration) error {
	switch {
	case m != nil && s.Kafka.ConsumerGroup != "" && s.Kafka.ConsumerGroup != cloud.ConsumerGroup(m):
		return fmt.Errorf("%s is hooked with the consumer group %q, which cannot change; run fanout unhook first", source, cloud.ConsumerGroup(m))
	case s.Kafka.pollers() != nil || m != nil && m.ProvisionedPollerConfig != nil:
		return nil
	case s.MaximumRetryAttempts != nil || s.MaximumRecordAge != nil || s.Bisect != nil:
		return errors.New("retries, the age of records and bisect of a Kafka topic need provisioned mode; add --minimum-pollers 1, which Lambda charges for, or leave these flags out")
	}
	return nil
}

// Access returns the logins and network of the mapping of a topic of Kafka, nil without one.
func (h *Hooks) Access(ctx context.Context, source string) ([]types.SourceAccessConfiguration, error) {
	m, err := h.mapping(ctx, source)
	if err != nil || m == nil {
		return nil, err
	}
	return m.SourceAccessConfigurations, nil
}

// Reports reports whether the mapping of a source will report failed items with these settings.
func (h *Hooks) Reports(ctx context.Context, source string) (bool, error) {
	m, err := h.mapping(ctx, source)
	return err == nil && m != nil && canReport(m), err
}
