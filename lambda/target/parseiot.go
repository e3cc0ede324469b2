package target

import (
	"errors"
	"fmt"
	"strings"
)

// parseIoT parses endpoint#topic.
func parseIoT(text string) (Destination, error) {
	const want = "write endpoint#topic, like abc-ats.iot.eu-west-1.amazonaws.com#sensors/1"
	endpoint, topic, found := strings.Cut(text, "#")
	if !strings.Contains(endpoint, "://") {
		endpoint = "https://" + endpoint
	}
	u, ok := parseURL(strings.TrimRight(endpoint, "/"))
	switch {
	case !found || topic == "":
		return Destination{}, fmt.Errorf("%s has no topic; %s", quote(text), want)
	case !ok || u.User != nil || u.Path != "" || u.RawQuery != "":
		return Destination{}, fmt.Errorf("%s is not an endpoint; %s", quote(text), want)
	case strings.ContainsAny(topic, "+#"):
		return Destination{}, fmt.Errorf("topic %s has a wildcard, and nothing can be published to one; %s", quote(topic), want)
	case len(topic) > 256: // AWS IoT Core quotas, topic size
		return Destination{}, errors.New("the topic is longer than 256 bytes; " + want)
	}
	d := Destination{Host: u.Host, Topic: topic, url: u.String()}
	if host := u.Hostname(); isAWSHost(host) {
		if _, after, found := strings.Cut(host, ".iot."); found {
			if region, _, _ := strings.Cut(after, "."); IsRegion(region) {
				d.Region = region
			}
		}
	}
	return d, nil
}
