package redis

import (
	"fmt"
	"sync"
	"testing"

	"github.com/alicebob/miniredis/v2/server"
	"github.com/google/go-cmp/cmp"

	"fanout/sinks/internal/cache"
	"fanout/sinks/internal/sinktest"
)

// slotsOf makes s answer that another server has all slots of its cluster.
func slotsOf(s, other *redisServer) {
	next := s.Server()
	host, port := other.Host(), other.Server().Addr().Port
	next.SetPreHook(func(p *server.Peer, cmd string, args ...string) bool {
		s.mu.Lock()
		s.commands = append(s.commands, append([]string{cmd}, args...))
		s.mu.Unlock()
		switch cmd {
		case "SET":
			p.WriteError(fmt.Sprintf("MOVED 3999 %s:%d", host, port))
		case "CLUSTER":
			p.WriteLen(1)
			p.WriteLen(3)
			p.WriteInt(0)
			p.WriteInt(16383)
			p.WriteLen(3)
			p.WriteBulk(host)
			p.WriteInt(port)
			p.WriteBulk("node")
		default:
			return false
		}
		return true
	})
}

// TestRedisMoved asserts that the sink follows a server that turns out to be in a
// cluster.
func TestRedisMoved(t *testing.T) {
	first, other := startRedis(t), startRedis(t)
	slotsOf(first, other)
	r := openRedis(t, "redis://"+first.Addr(), cache.Options{})
	o := r.Send(t.Context(), sinktest.Numbered(2))
	if diff := cmp.Diff([]string{"retryable", "retryable"}, sinktest.Failures(o, 2)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if want := r.String() + ": MOVED: another node of the cluster has the key"; o.Err(0).Error() != want {
		t.Errorf("got %v", o.Err(0))
	}
	if o := r.Send(t.Context(), sinktest.Numbered(2)); !o.OK() {
		t.Fatal(o.Err(0))
	}
	if n := len(other.asked("SET")); n != 2 {
		t.Errorf("the other node was sent %d records; want 2", n)
	}
	if n := len(first.asked("SET")); n != 2 {
		t.Errorf("the first node was sent %d records; want those of the first attempt, 2", n)
	}
}

// TestRedisMovedAtOnce asserts that two Sends that discover the cluster at once use one
// client.
func TestRedisMovedAtOnce(t *testing.T) {
	first, other := startRedis(t), startRedis(t)
	slotsOf(first, other)
	r := openRedis(t, "redis://"+first.Addr(), cache.Options{})
	recs := sinktest.Numbered(8)
	var wg sync.WaitGroup
	for i := range recs {
		wg.Go(func() { r.Send(t.Context(), recs[i:i+1]) })
	}
	wg.Wait()
	sinktest.AllDelivered(t, sinktest.Persistent(t, r, true), recs)
}

// TestRedisAsk asserts that a command finds a slot at its new node during a move.
func TestRedisAsk(t *testing.T) {
	from, to := startRedis(t), startRedis(t)
	from.onWrite(func(int, []string) string { return "ASK 3999 " + to.Addr() })
	var asking int
	if err := to.Server().Register("ASKING", func(p *server.Peer, _ string, _ []string) { asking++; p.WriteOK() }); err != nil {
		t.Fatal(err)
	}
	r := openRedis(t, "redis://"+from.Addr(), cache.Options{Cluster: true})
	if o := r.Send(t.Context(), sinktest.Numbered(3)); !o.OK() {
		t.Fatal(o.Err(0))
	}
	if n := len(to.asked("SET")); n != 3 || asking != 3 {
		t.Errorf("the other node was sent %d records after %d times ASKING; want 3, 3", n, asking)
	}
}
