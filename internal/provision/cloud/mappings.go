package cloud

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"fanout/internal/awsname"
	"fanout/internal/pages"
)

// kafkaBrokers is the only kind of endpoints of a cluster outside of Amazon MSK.
const kafkaBrokers = string(types.EndPointTypeKafkaBootstrapServers)

// sourceOf returns the source of a mapping as targets name it.
func sourceOf(m *types.EventSourceMappingConfiguration) *string {
	if len(m.Topics) == 0 {
		return m.EventSourceArn
	}
	var brokers []string
	if m.SelfManagedEventSource != nil {
		brokers = m.SelfManagedEventSource.Endpoints[kafkaBrokers]
	}
	return aws.String(awsname.KafkaTopic(m.Topics[0], aws.ToString(m.EventSourceArn), brokers))
}

// SelfManaged returns the event source of brokers outside of Amazon MSK.
func SelfManaged(brokers []string) *types.SelfManagedEventSource {
	return &types.SelfManagedEventSource{Endpoints: map[string][]string{kafkaBrokers: brokers}}
}

// Secrets returns the ARNs of the secrets with which a mapping logs in to brokers, and whether it
// names a network.
func Secrets(access []types.SourceAccessConfiguration) (arns []string, network bool) {
	for _, a := range access {
		switch a.Type {
		case types.SourceAccessTypeVpcSubnet, types.SourceAccessTypeVpcSecurityGroup:
			network = true
		default:
			arns = append(arns, aws.ToString(a.URI))
		}
	}
	return arns, network
}

// ConsumerGroup returns the id of the consumer group of a mapping of Kafka, "" for any other one.
func ConsumerGroup(m *types.EventSourceMappingConfiguration) string {
	switch {
	case m.AmazonManagedKafkaEventSourceConfig != nil:
		return aws.ToString(m.AmazonManagedKafkaEventSourceConfig.ConsumerGroupId)
	case m.SelfManagedKafkaEventSourceConfig != nil:
		return aws.ToString(m.SelfManagedKafkaEventSourceConfig.ConsumerGroupId)
	}
	return ""
}

// Mappings returns the event source mappings of a function, except any that are being
// deleted. source selects one source; "" means all. The EventSourceArn of a mapping is its source
// as targets name it, also for Kafka, where Lambda has a cluster and a topic. Lambda also lists
// the mappings of a function that does not exist.
func Mappings(ctx context.Context, client lambda.ListEventSourceMappingsAPIClient, function, source string) ([]types.EventSourceMappingConfiguration, error) {
	in := &lambda.ListEventSourceMappingsInput{FunctionName: &function}
	if source != "" && !awsname.IsKafka(source) {
		in.EventSourceArn = &source
	}
	var all []types.EventSourceMappingConfiguration
	for page, err := range pages.Of(ctx, lambda.NewListEventSourceMappingsPaginator(client, in)) {
		if err != nil {
			return nil, fmt.Errorf("the mappings of the function %q cannot be listed: %w", function, err)
		}
		for _, m := range page.EventSourceMappings {
			m.EventSourceArn = sourceOf(&m)
			if aws.ToString(m.State) != "Deleting" && (source == "" || !awsname.IsKafka(source) || aws.ToString(m.EventSourceArn) == source) {
				all = append(all, m)
			}
		}
	}
	return all, nil
}

// OnFailure returns the ARN of the destination for failures, "" if there is none.
func OnFailure(d *types.DestinationConfig) string {
	if d == nil || d.OnFailure == nil {
		return ""
	}
	return aws.ToString(d.OnFailure.Destination)
}

// Endless reports whether a mapping retries a batch until its records expire.
func Endless(m types.EventSourceMappingConfiguration) bool {
	return (m.MaximumRetryAttempts == nil || *m.MaximumRetryAttempts < 0) && (m.MaximumRecordAgeInSeconds == nil || *m.MaximumRecordAgeInSeconds < 0)
}
