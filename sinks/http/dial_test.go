package http

import (
	nethttp "net/http"
	"net/netip"
	"strings"
	"testing"

	"fanout/engine"
)

func TestAddresses(t *testing.T) {
	const public, inside, never = "", "inside a network", "link-local, reserved"
	for address, want := range map[string]string{
		"93.184.215.14": public, "8.8.8.8": public, "172.32.0.1": public, "100.128.0.1": public, "2606:4700::1111": public, "64:ff9b::808:808": public, "2002:808:808::1": public,
		"10.0.0.1": inside, "172.16.0.1": inside, "172.31.255.255": inside, "192.168.1.1": inside, "127.0.0.1": inside, "127.255.0.1": inside, "100.64.0.1": inside, "100.127.255.255": inside, "198.18.0.1": inside,
		"::1": inside, "fc00::1": inside, "fd12:3456::1": inside, "fec0::1": inside, "::ffff:10.0.0.1": inside, "::ffff:127.0.0.1": inside, "64:ff9b::a00:1": inside, "64:ff9b:1::1": inside, "2002:a00:1::1": inside, "::10.0.0.1": inside,
		"169.254.169.254": never, "169.254.170.2": never, "::ffff:169.254.169.254": never, "64:ff9b::a9fe:a9fe": never, "2002:a9fe:a9fe::1": never, "::169.254.169.254": never, "fe80::1": never, "fe80::1%eth0": never,
		"fd00:ec2::254": never, "fd00:ec2::23": never, "0.0.0.0": never, "0.1.2.3": never, "::": never, "::ffff:0.0.0.0": never, "224.0.0.1": never, "ff02::1": never, "255.255.255.255": never, "240.0.0.1": never, "192.0.0.8": never, "2001::1": never,
	} {
		for _, private := range []bool{false, true} {
			to := want
			if private && want == inside {
				to = public
			}
			err := guard(private)("tcp", netip.AddrPortFrom(netip.MustParseAddr(address), 443).String(), nil)
			if (err == nil) != (to == public) || err != nil && (!strings.Contains(err.Error(), to) || engine.ClassOf(err) != engine.Permanent) {
				t.Errorf("%s, private %v: %v; want %q", address, private, err, to)
			}
		}
	}
	if guard(true)("tcp", "no address", nil) == nil {
		t.Error("text that is no address is connected to")
	}
}

// A host is refused by its address, whatever its name is.
func TestRefusedHost(t *testing.T) {
	s := start(t)
	for _, host := range []string{"127.0.0.1", "localhost"} {
		sink, err := New(strings.Replace(s.URL, "127.0.0.1", host, 1), Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer sink.Close()
		err = send(t, sink, "{}")
		if engine.ClassOf(err) != engine.Permanent || !strings.Contains(err.Error(), "FANOUT_HTTP_PRIVATE=allow") || s.requests() != 0 {
			t.Errorf("%s: %v", host, err)
		}
	}
}

// The address of a proxy would be checked in place of the host's.
func TestNoProxy(t *testing.T) {
	if transport, ok := newClient(new(Options)).Transport.(*nethttp.Transport); !ok || transport.Proxy != nil {
		t.Error("the client uses a proxy")
	}
}

// FuzzRefusal asserts that an IPv4 address is refused in all its forms, and that nothing is
// allowed inside that is not allowed outside.
func FuzzRefusal(f *testing.F) {
	for _, text := range []string{"127.0.0.1", "169.254.169.254", "8.8.8.8", "::1", "fe80::1%x"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		addr, err := netip.ParseAddr(text)
		if err != nil {
			return
		}
		outside, inside := refusal(addr, false), refusal(addr, true)
		if outside == "" && inside != "" {
			t.Errorf("%v is refused only if private addresses are allowed: %s", addr, inside)
		}
		if !addr.Is4() {
			return
		}
		b := addr.As4()
		for _, form := range []netip.Addr{
			netip.AddrFrom16([16]byte{10: 0xff, 11: 0xff, 12: b[0], b[1], b[2], b[3]}),
			netip.AddrFrom16([16]byte{0, 0x64, 0xff, 0x9b, 12: b[0], b[1], b[2], b[3]}),
			netip.AddrFrom16([16]byte{0x20, 0x02, b[0], b[1], b[2], b[3]}),
		} {
			if refusal(form, false) != outside || refusal(form, true) != inside {
				t.Errorf("%v is judged unlike %v", form, addr)
			}
		}
	})
}
