package awsname

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
)

// Kafka is the service of topics of Kafka as sources, in Amazon MSK and outside of it.
const Kafka = "kafka"

// KafkaScheme begins the name of a topic outside of Amazon MSK.
const KafkaScheme = "kafka://"

// likeBrokers is a topic outside of Amazon MSK.
const likeBrokers = KafkaScheme + "broker-1.example.com:9092,broker-2.example.com:9092/orders"

// IsKafka reports whether a source is a topic of Kafka.
func IsKafka(source string) bool {
	if strings.HasPrefix(source, KafkaScheme) {
		return true
	}
	a, err := arn.Parse(source)
	return err == nil && a.Service == Kafka
}

// isKafkaTopic reports whether resource is topic/CLUSTER/UUID/TOPIC (Service Authorization
// Reference, Apache Kafka APIs for Amazon MSK clusters).
func isKafkaTopic(resource string) bool {
	parts := strings.Split(resource, "/")
	return len(parts) == 4 && parts[0] == "topic" && IsName(parts[1], 64, "-") && IsName(parts[2], 64, "-") && isTopicName(parts[3])
}

// isTopicName reports whether s may be the name of a topic (Kafka documentation, class
// Topic).
func isTopicName(s string) bool { return IsName(s, 249, "._-") && s != "." && s != ".." }

// checkBrokers checks kafka://HOST:PORT,HOST:PORT/TOPIC. The brokers are in order, because
// the name of a source is compared with that of an event.
func checkBrokers(text string) error {
	list, topic, _ := strings.Cut(strings.TrimPrefix(text, KafkaScheme), "/")
	brokers := strings.Split(list, ",")
	for _, b := range brokers {
		host, port, err := net.SplitHostPort(b)
		if _, invalid := strconv.ParseUint(port, 10, 16); err != nil || invalid != nil || host == "" || strings.ContainsFunc(b, NoVisibleASCII) {
			return fmt.Errorf("%s has a broker that is not HOST:PORT; write all bootstrap servers of the mapping, like %s", Quote(text), likeBrokers)
		}
	}
	if !isTopicName(topic) {
		return fmt.Errorf("%s has no name of a topic at the end; write one like %s", Quote(text), likeBrokers)
	}
	if !slices.IsSorted(brokers) {
		slices.Sort(brokers)
		return fmt.Errorf("%s has brokers that are not in alphabetical order; write %s", Quote(text), KafkaScheme+strings.Join(brokers, ",")+"/"+topic)
	}
	return nil
}

// KafkaParts returns the parts of a topic's name: the topic, and the ARN of its MSK cluster or the
// brokers.
func KafkaParts(source string) (topic, cluster string, brokers []string) {
	cut := strings.LastIndexByte(source, '/')
	if list, ok := strings.CutPrefix(source[:cut], KafkaScheme); ok {
		return source[cut+1:], "", strings.Split(list, ",")
	}
	return source[cut+1:], strings.Replace(source[:cut], ":topic/", ":cluster/", 1), nil
}

// KafkaTopic returns the name of a topic, whose parts [KafkaParts] returns. The brokers may be in
// any order.
func KafkaTopic(topic, cluster string, brokers []string) string {
	if cluster != "" {
		return strings.Replace(cluster, ":cluster/", ":topic/", 1) + "/" + topic
	}
	return KafkaScheme + strings.Join(slices.Sorted(slices.Values(brokers)), ",") + "/" + topic
}

// KafkaEvent returns what is around the records of a partition of a topic in Lambda's events
// (Lambda guide, Using Lambda with Amazon MSK, and with self-managed Apache Kafka). partition
// is its topic, a hyphen and its number.
func KafkaEvent(source, partition string) (start, end string) {
	_, cluster, brokers := KafkaParts(source)
	head := `"eventSource":"aws:kafka","eventSourceArn":"` + cluster + `"`
	if cluster == "" {
		head = `"eventSource":"SelfManagedKafka","bootstrapServers":"` + strings.Join(brokers, ",") + `"`
	}
	return `{` + head + `,"records":{"` + partition + `":[`, `]}}`
}
