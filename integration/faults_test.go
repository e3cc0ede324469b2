//go:build integration

package integration

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fanout/internal/testing/faultproxy"
)

// TestFaultsBeforeCaches puts a proxy before a real Redis and a real memcached. It makes
// the same faults as bench/reliability does before fakes. Every record must arrive, and
// with order each key must keep its last record.
func TestFaultsBeforeCaches(t *testing.T) {
	line := func(text string) faultproxy.Fault {
		return faultproxy.Fault{Answer: func(int) []byte { return []byte(text + "\r\n") }}
	}
	common := map[string]faultproxy.Fault{
		"reset before the request is read":  {Reset: true},
		"reset in the middle of the answer": {Cut: faultproxy.CutReset},
		"answer cut off":                    {Cut: faultproxy.CutEnd},
		"answer that stalls":                {Cut: faultproxy.CutStall},
	}
	for _, c := range []struct {
		kind     string
		protocol faultproxy.Protocol
		own      map[string]faultproxy.Fault
		server   *server
		read     func(addr string) map[string]string
	}{
		{"redis", faultproxy.Redis, map[string]faultproxy.Fault{"500": line("-LOADING Redis is loading the dataset in memory")},
			startRedis(t), func(addr string) map[string]string { return dialRedis(t, addr, nil).data(t) }},
		{"memcached", faultproxy.Memcached, map[string]faultproxy.Fault{"503": line("ERROR Too many open connections")},
			startMemcached(t), func(addr string) map[string]string { return dialMemcached(t, addr).data(t) }},
	} {
		for _, faults := range []map[string]faultproxy.Fault{common, c.own} {
			for name, fault := range faults {
				t.Run(c.kind+"/"+name, func(t *testing.T) {
					proxy := must(faultproxy.Start(c.protocol, c.server.addr))(t)
					t.Cleanup(proxy.Close)
					proxy.OnRequest(func(n int) *faultproxy.Fault {
						if n > 2 {
							return nil
						}
						return &fault
					})
					// Each value names the fault, because the servers keep the values of
					// earlier tests.
					var puts []put
					want := make(map[string]string)
					for i := range 40 {
						p := put{fmt.Sprint("key-", i%8), fmt.Sprintf("%s %d", name, i)}
						puts, want[p.key] = append(puts, p), p.data
					}
					stream := arnOf("kinesis", "stream/orders")
					file := targetsFile(t, stream, target{
						"type": c.kind, "destination": proxy.Addr(), "parallel": false, "batchRecords": 10,
					})
					fanout(t, "run", "--targets", file, "--event", kinesisEvent(t, stream, puts...))
					if diff := cmp.Diff(want, c.read(c.server.addr)); diff != "" {
						t.Error(diff)
					}
					if _, faulty := proxy.Requests(); faulty < 2 {
						t.Errorf("%d requests went wrong; want 2", faulty)
					}
				})
			}
		}
	}
}

// TestMemcachedWithoutConnections asserts that records are delivered once memcached has a
// free connection. Without one it answers an error and closes the connection
// (maxconns_fast).
func TestMemcachedWithoutConnections(t *testing.T) {
	s := startMemcached(t, "-c", "64", "-t", "1")
	var held []memcachedConn
	for full := false; !full; {
		c := dialMemcached(t, s.addr)
		must(fmt.Fprint(c, "version\r\n"))(t)
		full = c.line(t) == "ERROR Too many open connections"
		held = append(held, c)
	}
	proxy := must(faultproxy.Start(faultproxy.Memcached, s.addr))(t)
	t.Cleanup(proxy.Close)
	proxy.OnRequest(func(n int) *faultproxy.Fault {
		for _, c := range held {
			if n == 3 {
				_ = c.Close() // the end of the test closes it again
			}
		}
		return nil
	})
	stream := arnOf("kinesis", "stream/orders")
	file := targetsFile(t, stream, target{"type": "memcached", "destination": proxy.Addr(), "inFlight": 1})
	fanout(t, "run", "--targets", file, "--event", kinesisEvent(t, stream, put{"a", "1"}))
	if diff := cmp.Diff(map[string]string{"a": "1"}, dialMemcached(t, s.addr).data(t)); diff != "" {
		t.Error(diff)
	}
	if all, _ := proxy.Requests(); all < 3 {
		t.Errorf("%d requests; want at least two that got no connection", all)
	}
}
