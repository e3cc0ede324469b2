package awsname

import (
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// HostPort checks a host with an optional port, and adds the default port if it has none.
// IPv6 addresses must be in brackets.
func HostPort(text, port string) (string, bool) {
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
	} else if !IsName(host, 253, "_.-") {
		return "", false
	}
	if port == "" {
		return text, true
	}
	return net.JoinHostPort(host, port), true
}

// ParseURL parses an http or https URL with a valid host.
func ParseURL(text string) (*url.URL, bool) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Opaque != "" {
		return nil, false
	}
	u.Host = strings.ToLower(u.Host) // RFC 4343
	_, ok := HostPort(u.Host, "")
	return u, ok
}

// IsElastiCache reports whether a host belongs to ElastiCache (ElastiCache guide, Finding
// connection endpoints).
func IsElastiCache(host string) bool { return strings.Contains(host, ".cache.amazonaws.com") }

// WithoutPort returns a host without its port.
func WithoutPort(address string) string {
	if host, _, err := net.SplitHostPort(address); err == nil {
		return host
	}
	return address
}
