package target

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// hostPort checks a host with an optional port, and adds the default port if it has none.
// IPv6 addresses must be in brackets.
func hostPort(text, port string) (string, bool) {
	host := text
	if i := strings.LastIndexByte(text, ':'); i >= 0 && !strings.HasSuffix(text, "]") {
		host, port = text[:i], text[i+1:]
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return "", false
		}
	}
	if inside, ok := strings.CutPrefix(host, "["); ok {
		inside, ok = strings.CutSuffix(inside, "]")
		if addr, err := netip.ParseAddr(inside); !ok || err != nil || !addr.Is6() {
			return "", false
		}
		host = inside
	} else if !isName(host, 253, "_.-") {
		return "", false
	}
	if port == "" {
		return text, true
	}
	return net.JoinHostPort(host, port), true
}

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

// parseMemcached parses host:port. The default port is 11211, memcached's port.
func parseMemcached(text string) (Destination, error) {
	host, ok := hostPort(text, "11211")
	if !ok {
		return Destination{}, fmt.Errorf("%s is not an address; write host:port, like cache.example.com:11211", quote(text))
	}
	return Destination{Host: host, TLS: isServerless(host), Discover: strings.Contains(host, ".cfg.")}, nil
}

// parseRedis parses host:port, or redis:// or rediss:// with user, password and database
// (IANA, Provisional URI schemes redis and rediss). The default port is 6379, Redis' port.
func parseRedis(text string) (Destination, error) {
	const want = "write host:port, redis://host:port or rediss://user:password@host:port/database"
	if !strings.Contains(text, "://") {
		if strings.Contains(text, "@") {
			return Destination{}, errors.New("has a user or password and no scheme; " + want)
		}
		text = "redis://" + text
	}
	u, err := url.Parse(text) // its error shows the password
	if err != nil || u.Scheme != "redis" && u.Scheme != "rediss" {
		return Destination{}, errors.New("is not the address of a Redis server; " + want)
	}
	host, ok := hostPort(u.Host, "6379")
	if !ok {
		return Destination{}, errors.New("has no valid host and port; " + want)
	}
	if u.RawQuery != "" || u.Fragment != "" {
		return Destination{}, errors.New("has something after the database; " + want)
	}
	if db := strings.Trim(u.Path, "/"); db != "" {
		if n, err := strconv.ParseUint(db, 10, 31); err != nil {
			return Destination{}, errors.New("has a database that is not a number; " + want)
		} else if u.Path = "/" + strconv.FormatUint(n, 10); n == 0 {
			u.Path = ""
		}
	} else {
		u.Path = ""
	}
	if isServerless(host) {
		u.Scheme = "rediss"
	}
	u.Host = host
	cluster := strings.HasPrefix(host, "clustercfg.") || strings.Contains(host, ".clustercfg.")
	return Destination{Host: host, TLS: u.Scheme == "rediss", Cluster: cluster || isServerless(host), url: u.String()}, nil
}

// isServerless reports whether host is an ElastiCache serverless cache. Such a cache
// requires TLS, and a Redis one is a cluster (ElastiCache guide).
func isServerless(host string) bool {
	return strings.Contains(host, ".serverless.") && strings.Contains(host, ".cache.amazonaws.com")
}
