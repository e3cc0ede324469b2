package http

import (
	"crypto/tls"
	"net"
	nethttp "net/http"
	"net/netip"
	"syscall"
	"time"

	"fanout/engine"
)

const (
	// requestTime is the longest time of a request. API Gateway answers within 29 seconds.
	requestTime = 30 * time.Second

	// dialTime bounds the way to a connection, and then its TLS handshake.
	dialTime = 10 * time.Second

	// idleTime is how long an unused connection is kept. Load balancers of AWS close it
	// after 60 seconds.
	idleTime = 50 * time.Second

	// headerBytes bounds the header of an answer.
	headerBytes = 64 << 10
)

// newClient returns the client of a sink. It uses no proxy, because a proxy would resolve
// the name of the host, and the address could not be checked.
func newClient(o *Options) *nethttp.Client {
	dialer := &net.Dialer{Timeout: dialTime, Control: guard(o.Private)}
	connections := o.InFlight
	if connections < 1 {
		connections = engine.DefaultInFlight
	}
	return &nethttp.Client{
		Timeout: requestTime,
		// The target of a redirect acknowledges nothing.
		CheckRedirect: func(*nethttp.Request, []*nethttp.Request) error { return nethttp.ErrUseLastResponse },
		Transport: &nethttp.Transport{
			DialContext:            dialer.DialContext,
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: o.Roots, InsecureSkipVerify: o.Insecure}, //nolint:gosec // --no-verify-ssl asks for it
			TLSHandshakeTimeout:    dialTime,
			MaxIdleConnsPerHost:    connections,
			IdleConnTimeout:        idleTime,
			MaxResponseHeaderBytes: headerBytes,
			DisableCompression:     true, // a compressed answer could expand to any size
		},
	}
}

// guard returns a check of each address before it is connected to. The name of a host is
// resolved by then, so a name that leads into a network does not help.
func guard(private bool) func(network, address string, _ syscall.RawConn) error {
	return func(_, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil {
			return engine.Errorf(engine.Permanent, "the host has an address that cannot be checked, so it is not connected to")
		}
		if why := refusal(to.Addr(), private); why != "" {
			return engine.Errorf(engine.Permanent, "%s", why)
		}
		return nil
	}
}

// never are the networks that no target is in: the host itself, links, groups, reserved
// ones, and the credentials of AWS at their IPv6 address (IANA, Special-Purpose Address
// Registries; EC2 guide, Instance metadata).
var never = prefixes("0.0.0.0/8", "169.254.0.0/16", "192.0.0.0/24", "224.0.0.0/4", "240.0.0.0/4",
	"::/128", "fe80::/10", "ff00::/8", "fd00:ec2::/32", "100::/64", "2001::/32")

// inside are the networks of an owner: the loopback, private ones, and the shared one.
var inside = prefixes("10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "198.18.0.0/15",
	"::1/128", "fc00::/7", "fec0::/10", "64:ff9b:1::/48")

func prefixes(texts ...string) func() []netip.Prefix {
	return func() []netip.Prefix {
		all := make([]netip.Prefix, len(texts))
		for i, text := range texts {
			all[i] = netip.MustParsePrefix(text)
		}
		return all
	}
}

// refusal returns why an address is not connected to, or "". private allows the networks
// of an owner.
func refusal(addr netip.Addr, private bool) string {
	addr = embedded(addr.WithZone("").Unmap())
	within := func(all []netip.Prefix) bool {
		for _, p := range all {
			if p.Contains(addr) {
				return true
			}
		}
		return false
	}
	switch {
	case !addr.IsValid() || within(never()):
		return "the address of the host is link-local, reserved or that of instance metadata, where no target is"
	case !private && within(inside()):
		return "the address of the host is inside a network; set FANOUT_HTTP_PRIVATE=allow for the function if that is intended"
	}
	return ""
}

// embedded returns the IPv4 address inside of an IPv6 address that is translated to it:
// NAT64 (RFC 6052), 6to4 (RFC 3056), and the deprecated IPv4-compatible ones (RFC 4291).
func embedded(addr netip.Addr) netip.Addr {
	if !addr.Is6() {
		return addr
	}
	b := addr.As16()
	switch {
	case [12]byte(b[:12]) == [12]byte{0, 0x64, 0xff, 0x9b}:
		return netip.AddrFrom4([4]byte(b[12:]))
	case b[0] == 0x20 && b[1] == 0x02:
		return netip.AddrFrom4([4]byte(b[2:6]))
	case [12]byte(b[:12]) == [12]byte{} && [3]byte(b[12:15]) != [3]byte{}:
		return netip.AddrFrom4([4]byte(b[12:]))
	}
	return addr
}

// Inside reports whether the function connects to an address only if FANOUT_HTTP_PRIVATE is
// allow, or never.
func Inside(addr netip.Addr) bool { return refusal(addr, false) != "" }
