package pattern

import (
	"bytes"
	"net/netip"
	"strings"
)

// cidr adds a network to a list.
func (c *compiler) cidr(l *list, v *value, at string) {
	s, ok := c.text(v, at)
	if !ok {
		return
	}
	before, after, _ := strings.Cut(s, "/")
	a, ok := address([]byte(before))
	bits := 0
	for _, d := range []byte(after) {
		ok = ok && '0' <= d && d <= '9' && bits < 1000
		bits = 10*bits + int(d-'0')
	}
	switch {
	case !ok || after == "":
		c.fault(at, "is %q; write a network such as 10.0.0.0/8 or 2001:db8::/32", brief(s))
	case bits > a.BitLen():
		c.fault(at, "is %q; the mask of the network may have at most %d bits", brief(s), a.BitLen())
	case bits == a.BitLen():
		c.fault(at, "is a single address; write it as a value, without an operator")
	default:
		l.networks = append(l.networks, netip.PrefixFrom(a, bits))
	}
}

// address reads an IP address. Unlike netip.ParseAddr it takes leading zeros, as
// event-ruler does, and never allocates.
func address(s []byte) (netip.Addr, bool) {
	if bytes.IndexByte(s, ':') >= 0 {
		return addressV6(s)
	}
	return addressV4(s)
}

func addressV4(s []byte) (netip.Addr, bool) {
	const longest = 15
	if len(s) > longest {
		return netip.Addr{}, false
	}
	var b [4]byte
	n, part, digits := 0, 0, 0
	for i := 0; i <= len(s); i++ {
		switch {
		case i == len(s) || s[i] == '.':
			if digits == 0 || n == len(b) {
				return netip.Addr{}, false
			}
			b[n] = byte(part)
			n, part, digits = n+1, 0, 0
		case '0' <= s[i] && s[i] <= '9':
			digits++
			if part = 10*part + int(s[i]-'0'); part > 255 {
				return netip.Addr{}, false
			}
		default:
			return netip.Addr{}, false
		}
	}
	return netip.AddrFrom4(b), n == len(b)
}

// addressV6 reads groups of hexadecimal digits between colons. Two colons stand for one
// group of zeros or more.
func addressV6(s []byte) (netip.Addr, bool) {
	var b [16]byte
	n, group, digits, gap := 0, 0, 0, -1
	if s[0] == ':' {
		if s = s[1:]; len(s) == 0 || s[0] != ':' {
			return netip.Addr{}, false
		}
	}
	for i := 0; i <= len(s); i++ {
		switch {
		case i < len(s) && s[i] != ':':
			d := hexDigit(s[i])
			if group = group<<4 | d; d < 0 || group > 0xFFFF {
				return netip.Addr{}, false
			}
			digits++
		case digits > 0:
			if n == len(b) || i == len(s)-1 {
				return netip.Addr{}, false
			}
			b[n], b[n+1] = byte(group>>8), byte(group)
			n, group, digits = n+2, 0, 0
		case i < len(s) && gap < 0:
			gap = n
		case i < len(s) || gap != n:
			return netip.Addr{}, false
		}
	}
	if gap >= 0 {
		if n == len(b) {
			return netip.Addr{}, false
		}
		copy(b[len(b)-n+gap:], b[gap:n])
		clear(b[gap : len(b)-n+gap])
		n = len(b)
	}
	return netip.AddrFrom16(b).Unmap(), n == len(b)
}

func hexDigit(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}
