package memcached

import (
	"fmt"
	"strings"

	"fanout/internal/awsname"
	"fanout/sinks"
	"fanout/sinks/internal/place"
)

// Parse parses host:port. The default port is 11211, memcached's port.
func Parse(text string) (sinks.Destination, error) {
	host, ok := awsname.HostPort(text, "11211")
	if !ok {
		return sinks.Destination{}, fmt.Errorf("%s is not an address; write host:port, like cache.example.com:11211", awsname.Quote(text))
	}
	return sinks.Destination{Host: host, TLS: place.Serverless(host), Discover: strings.Contains(host, ".cfg.")}, nil
}
