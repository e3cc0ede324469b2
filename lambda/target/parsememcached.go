package target

import (
	"fmt"
	"strings"
)

// parseMemcached parses host:port. The default port is 11211, memcached's port.
func parseMemcached(text string) (Destination, error) {
	host, ok := hostPort(text, "11211")
	if !ok {
		return Destination{}, fmt.Errorf("%s is not an address; write host:port, like cache.example.com:11211", quote(text))
	}
	return Destination{Host: host, TLS: isServerless(host), Discover: strings.Contains(host, ".cfg.")}, nil
}
