package memcached

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fanout/engine"
	"fanout/internal/testing/memcachedfake"
	"fanout/sinks/internal/cache"
	"fanout/sinks/internal/sinktest"
)

// configOf returns the configuration of a cluster of servers in ElastiCache's format.
func configOf(servers ...*memcachedfake.Server) string {
	var nodes []string
	for _, s := range servers {
		host, port, _ := net.SplitHostPort(s.Address())
		nodes = append(nodes, "|"+host+"|"+port)
	}
	return "12\n" + strings.Join(nodes, " ") + "\n"
}

func TestMemcachedDiscovery(t *testing.T) {
	for name, old := range map[string]bool{"config get cluster": false, "before 1.4.14": true} {
		t.Run(name, func(t *testing.T) {
			endpoint := startMemcached(t, memcachedfake.Options{Old: old})
			a, b := startMemcached(t, memcachedfake.Options{}), startMemcached(t, memcachedfake.Options{})
			endpoint.SetConfig(configOf(a, b))
			m := openMemcached(t, endpoint.Address(), cache.Options{Cluster: true})
			for range 3 {
				if o := m.Send(t.Context(), sinktest.Numbered(100)); !o.OK() {
					t.Fatal(sinktest.Failures(o, 100))
				}
			}
			if len(a.Items())+len(b.Items()) != 100 || len(a.Items()) < 20 || len(b.Items()) < 20 {
				t.Errorf("%d and %d items; want about 50 each", len(a.Items()), len(b.Items()))
			}
			if n := endpoint.Connections(); n != 1 {
				t.Errorf("asked %d times within a minute; want once", n)
			}
			if items := endpoint.Items(); len(items) > 0 {
				t.Errorf("the configuration endpoint was sent %d items", len(items))
			}
		})
	}
}

// TestMemcachedRefresh asserts that the list of nodes is read again after a minute, and
// when a node does not answer.
func TestMemcachedRefresh(t *testing.T) {
	endpoint := startMemcached(t, memcachedfake.Options{})
	a, b := startMemcached(t, memcachedfake.Options{}), startMemcached(t, memcachedfake.Options{})
	endpoint.SetConfig(configOf(a))
	m := openMemcached(t, endpoint.Address(), cache.Options{Cluster: true})
	send := func(want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, sinktest.Failures(m.Send(t.Context(), sinktest.Numbered(1)), 1)); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	}
	send("")
	if until := time.Until(m.nodes.due); until <= 0 || until > nodesRefresh {
		t.Errorf("next asked in %v", until)
	}
	endpoint.SetConfig(configOf(b))
	send("")
	if len(b.Items()) != 0 {
		t.Error("the new node is known at once")
	}
	m.nodes.due = time.Now()
	send("")
	if len(b.Items()) != 1 {
		t.Error("the new node is not known after a minute")
	}
	endpoint.SetConfig(configOf(a))
	b.Close()
	send("retryable")
	send("")

	// If the endpoint does not answer, the known nodes stay.
	endpoint.SetConfig("")
	m.nodes.due = time.Now()
	send("")
	endpoint.Close()
	m.nodes.suspect()
	send("")
	if m.nodes.broken.Load() {
		t.Error("every Send asks an endpoint that does not answer")
	}
}

func TestMemcachedDiscoveryFails(t *testing.T) {
	for _, tt := range []struct {
		name, config, class, text string
	}{
		{"no cluster", "", "permanent", "the server returned no nodes: write the address of a node, or of an ElastiCache configuration endpoint"},
		{"no version", "x\nh||1\n", "retryable", "the configuration endpoint's answer cannot be read: it has no version"},
		{"no nodes", "1\n\n", "retryable", "the configuration endpoint's answer cannot be read: it has no nodes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := startMemcached(t, memcachedfake.Options{})
			s.SetConfig(tt.config)
			m := openMemcached(t, s.Address(), cache.Options{Cluster: true})
			o := m.Send(t.Context(), sinktest.Numbered(2))
			if diff := cmp.Diff([]string{tt.class, tt.class}, sinktest.Failures(o, 2)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if want := m.String() + ": " + tt.text; o.Err(0).Error() != want {
				t.Errorf("got  %v\nwant %s", o.Err(0), want)
			}
		})
	}
}

// TestMemcachedDiscoveryCancelled asserts that a request for nodes ends with its context,
// also for callers that wait for another caller's request.
func TestMemcachedDiscoveryCancelled(t *testing.T) {
	s := startMemcached(t, memcachedfake.Options{})
	m := openMemcached(t, s.Address(), cache.Options{Cluster: true})
	ctx, cancel := context.WithCancel(t.Context())
	s.OnCommand(func(memcachedfake.Command) *memcachedfake.Fault {
		cancel()
		return &memcachedfake.Fault{Hang: true}
	})
	first := make(chan engine.Outcome)
	go func() { first <- m.Send(ctx, sinktest.Numbered(1)) }()
	<-ctx.Done()
	for _, o := range []engine.Outcome{m.Send(ctx, sinktest.Numbered(1)), <-first} {
		if diff := cmp.Diff([]string{"retryable"}, sinktest.Failures(o, 1)); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	}
	if _, err := m.nodes.PickServer("a"); engine.ClassOf(err) != engine.Retryable || err == nil {
		t.Errorf("got %v", err)
	}
	m.nodes.asking <- struct{}{}
	if err := m.nodes.refresh(ctx); err == nil {
		t.Error("waits forever for an answer that another asked for")
	}
}

func TestNodesEach(t *testing.T) {
	n := newNodes("h:1", true, nil)
	var seen []string
	each := func(a net.Addr) error { seen = append(seen, a.Network()+" "+a.String()); return nil }
	if err := n.Each(each); err != nil || seen != nil {
		t.Errorf("%v, %v", seen, err)
	}
	n.ring.Store(newRing([]string{"a:1", "b:2"}))
	if err := n.Each(each); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{"tcp a:1", "tcp b:2"}, seen); diff != "" {
		t.Error(diff)
	}
	if err := n.Each(func(net.Addr) error { return io.EOF }); err != io.EOF { //nolint:errorlint // it is passed on as it is
		t.Errorf("got %v", err)
	}
}

func TestReadConfig(t *testing.T) {
	for _, tt := range []struct{ answer, config, fault string }{
		// ElastiCache guide, Adding auto discovery to your client library, Output format.
		{"CONFIG cluster 0 7\r\n1\nh||1\n\r\nEND\r\n", "1\nh||1\n", ""},
		{"VALUE AmazonElastiCache:cluster 0 7\r\n1\nh||1\n\r\nEND\r\n", "1\nh||1\n", ""},
		{"ERROR\r\n", "", ""},
		{"END\r\n", "", ""},
		{"SERVER_ERROR x\r\n", "", "it does not begin with CONFIG"},
		{"CONFIG cluster 0 x\r\n", "", "it has no plausible length"},
		{"CONFIG cluster 0 -1\r\n", "", "it has no plausible length"},
		{"CONFIG cluster 0 2000000000\r\n", "", "it has no plausible length"},
		{"CONFIG cluster 0 6\r\n1\nh||1\n\r\nEND\r\n", "", "its length is wrong"},
		{"CONFIG cluster 0 8\r\n1\nh||1\n\r\nEND\r\n", "", "EOF"},
		{"CONFIG", "", "EOF"},
		{"", "", "EOF"},
		{strings.Repeat("x", 5000), "", "buffer full"},
	} {
		got, err := readConfig(bufio.NewReader(strings.NewReader(tt.answer)))
		if string(got) != tt.config || (err == nil) != (tt.fault == "") || err != nil && !strings.HasSuffix(err.Error(), tt.fault) {
			t.Errorf("%.60q: %q, %v; want %q, %s", tt.answer, got, err, tt.config, tt.fault)
		}
	}
}

func TestParseNodes(t *testing.T) {
	for _, tt := range []struct {
		config string
		want   []string
		fault  string
	}{
		{"12\nmyCluster.pc4ldq.0001.use1.cache.amazonaws.com|10.82.235.120|11211 myCluster.pc4ldq.0002.use1.cache.amazonaws.com|10.80.249.27|11212\n",
			[]string{"myCluster.pc4ldq.0001.use1.cache.amazonaws.com:11211", "myCluster.pc4ldq.0002.use1.cache.amazonaws.com:11212"}, ""},
		{"1\r\nh||1", []string{"h:1"}, ""},
		{"1\n|10.0.0.1|1 |::1|2", []string{"10.0.0.1:1", "[::1]:2"}, ""},
		{"", nil, "it has no version"},
		{"-1\nh||1", nil, "it has no version"},
		{"1", nil, "it has no nodes"},
		{"1\nh|1", nil, "a node is not host|ip|port"},
		{"1\n||1", nil, "a node is not host|ip|port"},
		{"1\nh||0", nil, "a node has no port"},
		{"1\nh||65536", nil, "a node has no port"},
	} {
		got, err := parseNodes([]byte(tt.config))
		if diff := cmp.Diff(tt.want, got); diff != "" || (err == nil) != (tt.fault == "") || err != nil && !strings.HasSuffix(err.Error(), ": "+tt.fault) {
			t.Errorf("%q: %v; want %s (-want +got)\n%s", tt.config, err, tt.fault, diff)
		}
	}
}

func FuzzDiscovery(f *testing.F) {
	f.Add([]byte("CONFIG cluster 0 7\r\n1\nh||1\n\r\nEND\r\n"))
	f.Add([]byte("VALUE AmazonElastiCache:cluster 0 17\r\n1\n|::1|2 h|1.1.1.1|3\r\nEND\r\n"))
	f.Add([]byte("ERROR\r\n"))
	f.Fuzz(func(t *testing.T, answer []byte) {
		config, err := readConfig(bufio.NewReader(strings.NewReader(string(answer))))
		if err != nil || config == nil {
			return
		}
		addrs, err := parseNodes(config)
		if (err == nil) != (len(addrs) > 0) {
			t.Fatalf("%q, %v", addrs, err)
		}
		for _, addr := range addrs {
			if _, _, err := net.SplitHostPort(addr); err != nil {
				t.Errorf("%q: %v", addr, err)
			}
		}
		if err == nil {
			newRing(addrs).node("key")
		}
	})
}

// TestRing compares the ring with the answers of libmemcached 1.1.4 with KETAMA_WEIGHTED.
func TestRing(t *testing.T) {
	nodes := []string{"cache.0001.use1.cache.amazonaws.com:11211", "cache.0002.use1.cache.amazonaws.com:11211", "10.0.0.3:11212"}
	want := []int{2, 3, 3, 1, 1, 2, 3, 3, 2, 3, 3, 3, 1, 1, 1, 1, 3, 1, 2, 2}
	for _, order := range [][]string{nodes, {nodes[2], nodes[0], nodes[1]}} {
		r := newRing(order)
		for i, n := range want {
			if got := r.node(fmt.Sprintf("key-%d", i)).String(); got != nodes[n-1] {
				t.Errorf("key-%d is on %s; want %s", i, got, nodes[n-1])
			}
		}
	}
}

// TestRingMovesFewKeys asserts that a new node takes its share of the keys, and that
// other keys stay at their nodes.
func TestRingMovesFewKeys(t *testing.T) {
	three, four := newRing([]string{"a:1", "b:1", "c:1"}), newRing([]string{"a:1", "b:1", "c:1", "d:1"})
	const keys = 10_000
	moved := 0
	for i := range keys {
		key := fmt.Sprint("key", i)
		before, after := three.node(key), four.node(key)
		if before == after {
			continue
		}
		moved++
		if after.String() != "d:1" {
			t.Fatalf("%s went from %v to %v", key, before, after)
		}
	}
	if moved < keys/6 || moved > keys/3 {
		t.Errorf("%d of %d keys moved; want about a quarter", moved, keys)
	}
}

// TestRingWraps asserts that a hash after the last point belongs to the first point.
func TestRingWraps(t *testing.T) {
	r := newRing([]string{"a:1", "b:1"})
	r.points = []point{{0, address("a:1")}, {1, address("b:1")}}
	if got := r.node("any").String(); got != "a:1" {
		t.Errorf("got %s", got)
	}
}

func BenchmarkRing(b *testing.B) {
	var addrs []string
	for i := range 20 {
		addrs = append(addrs, fmt.Sprintf("cache.%04d.use1.cache.amazonaws.com:11211", i))
	}
	r := newRing(addrs)
	b.ReportAllocs()
	for b.Loop() {
		r.node("key")
	}
}
