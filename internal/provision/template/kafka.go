package template

import (
	"strings"

	"fanout/internal/awsname"
)

// kafkaProperties are the properties of AWS::Lambda::EventSourceMapping that only Kafka has.
type kafkaProperties struct {
	Topics      []string            `yaml:"Topics,omitempty"`
	SelfManaged object              `yaml:"SelfManagedEventSource,omitempty"`
	MSKGroup    object              `yaml:"AmazonManagedKafkaEventSourceConfig,omitempty"`
	OwnGroup    object              `yaml:"SelfManagedKafkaEventSourceConfig,omitempty"`
	Access      []map[string]string `yaml:"SourceAccessConfigurations,omitempty"`
	Pollers     object              `yaml:"ProvisionedPollerConfig,omitempty"`
}

func (h *hook) kafkaProperties() kafkaProperties {
	topic, cluster, brokers := awsname.KafkaParts(h.Source)
	k := kafkaProperties{Topics: []string{topic}}
	var group object
	if h.Kafka.ConsumerGroup != "" {
		group = object{{"ConsumerGroupId", h.Kafka.ConsumerGroup}}
	}
	if cluster == "" {
		k.SelfManaged, k.OwnGroup = object{{"Endpoints", object{{"KafkaBootstrapServers", brokers}}}}, group
	} else {
		k.MSKGroup = group
	}
	for _, a := range h.Kafka.Access {
		k.Access = append(k.Access, map[string]string{"Type": a.Type, "URI": a.URI})
	}
	for _, n := range h.Kafka.pollers() {
		k.Pollers = append(k.Pollers, member{n.property, n.value})
	}
	return k
}

// poller is a bound on the pollers of provisioned mode.
type poller struct {
	property, argument string
	value              int
}

// pollers returns the bounds that are set.
func (k *Kafka) pollers() (set []poller) {
	for _, n := range []poller{{"MinimumPollers", "minimum_pollers", k.MinimumPollers}, {"MaximumPollers", "maximum_pollers", k.MaximumPollers}} {
		if n.value > 0 {
			set = append(set, n)
		}
	}
	return set
}

// retries reports whether a mapping says how often Lambda retries. A queue has its redrive policy,
// and Lambda retries a Kafka topic without end outside of provisioned mode.
func (h *hook) retries() bool { return h.service != "sqs" && h.reports() }

// source is the ARN that Lambda reads: of a Kafka topic that of its cluster, "" outside of AWS.
func (h *hook) source() string {
	if h.service != awsname.Kafka {
		return h.Source
	}
	_, cluster, _ := awsname.KafkaParts(h.Source)
	return cluster
}

// kafkaArguments adds what only a mapping of Kafka has.
func (h *hook) kafkaArguments(b *block) {
	topic, cluster, brokers := awsname.KafkaParts(h.Source)
	b.set("topics", list([]string{topic}))
	kind := "amazon_managed_kafka_event_source_config"
	if cluster == "" {
		kind = "self_managed_kafka_event_source_config"
		b.nest("self_managed_event_source").set("endpoints", new(block).text("KAFKA_BOOTSTRAP_SERVERS", strings.Join(brokers, ",")).asObject("", ""))
	}
	if h.Kafka.ConsumerGroup != "" {
		b.nest(kind).text("consumer_group_id", h.Kafka.ConsumerGroup)
	}
	for _, a := range h.Kafka.Access {
		b.nest("source_access_configuration").text("type", a.Type).text("uri", a.URI)
	}
	if pollers := h.Kafka.pollers(); pollers != nil {
		config := b.nest("provisioned_poller_config")
		for _, n := range pollers {
			config.number(n.argument, n.value)
		}
	}
}
