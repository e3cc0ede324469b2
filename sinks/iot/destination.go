package iot

import (
	"errors"
	"fmt"
	"strings"

	"fanout/internal/awsname"
	"fanout/internal/jq"
	"fanout/sinks"
)

// Parse parses endpoint#topic.
func Parse(text string) (sinks.Destination, error) {
	const want = "write endpoint#topic, like abc-ats.iot.eu-west-1.amazonaws.com#sensors/1"
	endpoint, topic, found := strings.Cut(text, "#")
	if !strings.Contains(endpoint, "://") {
		endpoint = "https://" + endpoint
	}
	u, ok := awsname.ParseURL(strings.TrimRight(endpoint, "/"))
	switch {
	case !found || topic == "":
		return sinks.Destination{}, fmt.Errorf("%s has no topic; %s", awsname.Quote(text), want)
	case !ok || u.User != nil || u.Path != "" || u.RawQuery != "":
		return sinks.Destination{}, fmt.Errorf("%s is not an endpoint; %s", awsname.Quote(text), want)
	}
	if err := checkTopic(topic, want); err != nil {
		return sinks.Destination{}, err
	}
	d := sinks.Destination{Host: u.Host, Topic: topic, Address: u.String()}
	if host := u.Hostname(); awsname.IsAWSHost(host) {
		if _, after, found := strings.Cut(host, ".iot."); found {
			if region, _, _ := strings.Cut(after, "."); awsname.IsRegion(region) {
				d.Region = region
			}
		}
	}
	return d, nil
}

// checkTopic checks a topic, and the text between its places.
func checkTopic(topic, want string) error {
	if jq.IsTemplate(topic) {
		t, err := jq.ParseTemplate(topic)
		if err != nil {
			return fmt.Errorf("has a fault in its topic: %w", err)
		}
		topic = t.Map(func(text string) string { return text }, "x")
	}
	switch {
	case strings.ContainsAny(topic, "+#"):
		return fmt.Errorf("topic %s has a wildcard, which a publisher cannot use; %s", awsname.Quote(topic), want)
	case len(topic) > maxTopic:
		return errors.New("the topic is longer than 256 bytes; " + want)
	}
	return nil
}

// maxTopic is the limit of a topic, in bytes (AWS IoT Core quotas, topic size).
const maxTopic = 256
