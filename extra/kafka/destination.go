package kafka

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"fanout/internal/awsname"
	"fanout/sinks"
)

// address is a destination in parts.
type address struct {
	brokers []string // host:port
	topic   string
	tls     bool
	sasl    string // a SASL mechanism of mechanisms; "": none
}

// Names of SASL mechanisms in a destination.
const (
	plainText = "plain"
	scram256  = "scram-sha-256"
	scram512  = "scram-sha-512"
	iam       = "iam" // AWS_MSK_IAM
)

var mechanisms = []string{plainText, scram256, scram512, iam}

const form = "write one like kafkas://broker-1:9094,broker-2:9094/topic"

// Parse parses kafka://HOST:PORT,…/TOPIC, or kafkas:// for TLS. ?sasl= names the SASL
// mechanism: plain, scram-sha-256, scram-sha-512, or iam for Amazon MSK.
func Parse(text string) (sinks.Destination, error) {
	a, err := parse(text)
	if err != nil {
		return sinks.Destination{}, err
	}
	return sinks.Destination{Name: a.topic, Address: a.String(), TLS: a.tls, Region: region(a.brokers[0])}, nil
}

func parse(text string) (address, error) {
	scheme, rest, _ := strings.Cut(text, "://")
	a := address{tls: scheme == "kafkas"}
	if scheme != "kafka" && !a.tls {
		return a, errors.New("is not the URL of a Kafka topic; " + form)
	}
	if strings.Contains(rest, "@") {
		return a, errors.New("has a user or password; remove them, add ?sasl=scram-sha-512 or ?sasl=plain, and put them into a secret")
	}
	rest, query, _ := strings.Cut(rest, "?")
	brokers, topic, _ := strings.Cut(rest, "/")
	for broker := range strings.SplitSeq(brokers, ",") {
		host, ok := awsname.HostPort(strings.ToLower(broker), "")
		if !ok || awsname.WithoutPort(host) == host {
			return a, errors.New("has no valid host and port for each broker; " + form)
		}
		a.brokers = append(a.brokers, host)
	}
	// Kafka, org.apache.kafka.common.internals.Topic.
	if !awsname.IsName(topic, 249, "_.-") || topic == "." || topic == ".." {
		return a, errors.New("has no valid topic, of 1 to 249 letters, digits and . _ -; " + form)
	}
	a.topic = topic
	if query == "" {
		return a, nil
	}
	mechanism, ok := strings.CutPrefix(query, "sasl=")
	if !ok || !slices.Contains(mechanisms, mechanism) {
		return a, errors.New("has an unknown parameter; write ?sasl=" + strings.Join(mechanisms, ", ?sasl=") + ", or nothing")
	}
	a.sasl = mechanism
	return a, nil
}

// String returns the text that Parse accepts.
func (a *address) String() string {
	scheme, query := "kafka://", ""
	if a.tls {
		scheme = "kafkas://"
	}
	if a.sasl != "" {
		query = "?sasl=" + a.sasl
	}
	return scheme + strings.Join(a.brokers, ",") + "/" + a.topic + query
}

// of returns the parts of a destination that Parse made.
func of(d *sinks.Destination) address {
	a, _ := parse(d.Address)
	return a
}

// region returns the region in the name of an MSK broker, such as
// b-1.demo.abc123.c2.kafka.eu-west-1.amazonaws.com, and "" for other hosts (MSK guide, Get
// the bootstrap brokers).
func region(broker string) string {
	labels := strings.Split(awsname.WithoutPort(broker), ".")
	for i, label := range labels {
		if (label == "kafka" || label == "kafka-serverless") && awsname.IsAWSHost(awsname.WithoutPort(broker)) && i+1 < len(labels) && awsname.IsRegion(labels[i+1]) {
			return labels[i+1]
		}
	}
	return ""
}

// cluster returns the name of the cluster in the name of an MSK broker, or "*" for other
// hosts. Names of serverless clusters are not in it.
func cluster(broker string) string {
	labels := strings.Split(broker, ".")
	if region(broker) == "" || len(labels) < 3 || !strings.HasPrefix(labels[0], "b-") {
		return "*"
	}
	return cmp.Or(labels[1], "*")
}

// check checks a target's credentials.
func check(s *sinks.Spec, f sinks.Findings) {
	if f.HasFault("destination") || s.Destination.Address == "" {
		return
	}
	a := of(&s.Destination)
	switch login := a.sasl == plainText || a.sasl == scram256 || a.sasl == scram512; {
	case login && s.Secret == "":
		f.Fault("secret", "is missing; write the ARN of a secret with user and password, or remove ?sasl= from the destination")
	case !login && s.Secret != "":
		f.Fault("secret", "has no effect without a mechanism; add ?sasl=scram-sha-512 or ?sasl=plain to the destination, or remove it")
	}
	switch {
	case a.sasl == iam && !a.tls:
		f.Fault("destination", "needs TLS for ?sasl=iam; write kafkas://")
	case a.sasl == plainText && !a.tls:
		f.Warn("destination", "sends the password without TLS; write kafkas://")
	}
	if s.Role != "" && a.sasl != iam {
		f.Warn("role", "has no effect without ?sasl=iam in the destination")
	}
}
