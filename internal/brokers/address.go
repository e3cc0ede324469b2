// Package brokers reaches the brokers of Kafka clusters: the form of their addresses, TLS and
// logins. The extension for targets and the reader of topics share it.
package brokers

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"fanout/internal/awsname"
)

// Address says how to reach the brokers of a cluster, or a topic of it.
type Address struct {
	Hosts []string // host:port
	Topic string   // "": the cluster alone
	TLS   bool
	SASL  string // a SASL mechanism; "": no login
}

// SASL mechanisms in an address.
const (
	Plain    = "plain"
	Scram256 = "scram-sha-256"
	Scram512 = "scram-sha-512"
	IAM      = "iam" // AWS_MSK_IAM
)

var mechanisms = []string{Plain, Scram256, Scram512, IAM}

const form = "write one like kafkas://broker-1:9094,broker-2:9094/topic"

// Parse parses kafka://HOST:PORT,…/TOPIC, or kafkas:// for TLS. ?sasl= names the SASL mechanism:
// plain, scram-sha-256, scram-sha-512, or iam for Amazon MSK. An address of a cluster alone
// ends behind the last port.
func Parse(text string) (Address, error) {
	scheme, rest, _ := strings.Cut(text, "://")
	a := Address{TLS: scheme == "kafkas"}
	if scheme != "kafka" && !a.TLS {
		return a, errors.New("is not the URL of a Kafka topic; " + form)
	}
	if strings.Contains(rest, "@") {
		return a, errors.New("has a user or password; remove them, add ?sasl=scram-sha-512 or ?sasl=plain, and put them into a secret")
	}
	rest, query, _ := strings.Cut(rest, "?")
	hosts, topic, hasTopic := strings.Cut(rest, "/")
	for broker := range strings.SplitSeq(hosts, ",") {
		host, ok := awsname.HostPort(strings.ToLower(broker), "")
		if !ok || awsname.WithoutPort(host) == host {
			return a, errors.New("has no valid host and port for each broker; " + form)
		}
		a.Hosts = append(a.Hosts, host)
	}
	// Kafka, org.apache.kafka.common.internals.Topic.
	if hasTopic && (!awsname.IsName(topic, 249, "_.-") || topic == "." || topic == "..") {
		return a, errors.New("has no valid topic, of 1 to 249 letters, digits and . _ -; " + form)
	}
	a.Topic = topic
	if query == "" {
		return a, nil
	}
	mechanism, ok := strings.CutPrefix(query, "sasl=")
	if !ok || !slices.Contains(mechanisms, mechanism) {
		return a, errors.New("has an unknown parameter; write ?sasl=" + strings.Join(mechanisms, ", ?sasl=") + ", or nothing")
	}
	a.SASL = mechanism
	return a, nil
}

// String returns the text that [Parse] accepts.
func (a *Address) String() string {
	text := "kafka://" + strings.Join(a.Hosts, ",")
	if a.TLS {
		text = "kafkas://" + strings.Join(a.Hosts, ",")
	}
	if a.Topic != "" {
		text += "/" + a.Topic
	}
	if a.SASL != "" {
		text += "?sasl=" + a.SASL
	}
	return text
}

// Password reports whether the login needs a user and a password.
func (a *Address) Password() bool { return a.SASL != "" && a.SASL != IAM }

// Region returns the region in the name of the first broker, such as
// b-1.demo.abc123.c2.kafka.eu-west-1.amazonaws.com, and "" for hosts outside of Amazon MSK
// (MSK guide, Get the bootstrap brokers).
func (a *Address) Region() string {
	host := awsname.WithoutPort(a.Hosts[0])
	labels := strings.Split(host, ".")
	for i, label := range labels {
		if (label == "kafka" || label == "kafka-serverless") && awsname.IsAWSHost(host) && i+1 < len(labels) && awsname.IsRegion(labels[i+1]) {
			return labels[i+1]
		}
	}
	return ""
}

// Cluster returns the name of the cluster in the name of the first broker, or "*" for hosts
// outside of Amazon MSK. Names of serverless clusters are not in it.
func (a *Address) Cluster() string {
	labels := strings.Split(a.Hosts[0], ".")
	if a.Region() == "" || len(labels) < 3 || !strings.HasPrefix(labels[0], "b-") {
		return "*"
	}
	return cmp.Or(labels[1], "*")
}
