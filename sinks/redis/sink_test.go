package redis

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/alicebob/miniredis/v2/server"
	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"fanout/engine"
	"fanout/engine/enginetest"
	"fanout/sinks"
	"fanout/sinks/internal/cache"
	"fanout/sinks/internal/sinktest"
)

func openRedis(t testing.TB, url string, c cache.Options, opts ...sinks.Option) *Sink {
	t.Helper()
	r, err := New(url, c, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

func TestRedisConformance(t *testing.T) {
	for name, cluster := range map[string]bool{"server": false, "cluster": true} {
		t.Run(name, func(t *testing.T) {
			enginetest.CheckSink(t, func(t *testing.T) enginetest.SinkHarness {
				s := startRedis(t)
				var taken [][]byte
				refuse := -1
				decide := func(n int, args []string) string {
					if n == refuse {
						refuse = -1
						return "OOM command not allowed when used memory > 'maxmemory'."
					}
					taken = append(taken, []byte(args[1]))
					return ""
				}
				s.onWrite(decide)
				return enginetest.SinkHarness{
					Sink: openRedis(t, "redis://"+s.Addr(), cache.Options{Cluster: cluster}),
					Accepted: func() [][]byte {
						s.mu.Lock()
						defer s.mu.Unlock()
						return taken
					},
					Refuse: func(i int) { refuse = i },
					Break:  func() { s.onWrite(func(int, []string) string { return drop }) },
					Record: sinktest.Awkward,
				}
			})
		})
	}
}

func TestRedisKeepsAnyBytes(t *testing.T) {
	s := startRedis(t)
	r := openRedis(t, "redis://"+s.Addr(), cache.Options{})
	recs := append(sinktest.Hostile(), engine.Record{Key: "large", Data: engine.Bytes([]byte(strings.Repeat("\x00\r\n", 1<<20)))})
	if o := r.Send(t.Context(), recs); !o.OK() {
		t.Fatalf("failed: %v", sinktest.Failures(o, len(recs)))
	}
	for _, rec := range recs {
		got, err := s.Get(rec.Key)
		if err != nil || got != string(rec.Data.Bytes()) {
			t.Errorf("key %q has %.50q, %v; want %.50q", rec.Key, got, err, rec.Data.Bytes())
		}
	}
	if n := len(s.Keys()); n != len(recs) {
		t.Errorf("%d keys; want %d: %q", n, len(recs), s.Keys())
	}
	if n := len(s.asked("SET")) + len(s.asked("HELLO")); n != len(s.commands) || n != len(recs)+1 {
		t.Errorf("commands that nobody gave: %q", s.commands)
	}
}

// TestRedisLastWriteWins asserts that the last record of a key is stored, and that the
// others share its result.
func TestRedisLastWriteWins(t *testing.T) {
	s := startRedis(t)
	r := openRedis(t, "redis://"+s.Addr(), cache.Options{TTL: 90 * time.Second})
	recs := sinktest.Puts("a", "1", "b", "1", "a", "2", "c", "1", "a", "3", "d", "1")
	recs = append(recs, sinktest.Removal("b"), sinktest.Removal("c"), sinktest.Removal("none"))
	recs = append(recs, sinktest.Puts("c", "2")...)
	s.onWrite(func(_ int, args []string) string {
		if args[0] == "a" {
			return "LOADING Redis is loading the dataset in memory"
		}
		return ""
	})
	o := r.Send(t.Context(), recs)
	if diff := cmp.Diff([]string{"retryable", "", "retryable", "", "retryable", "", "", "", "", ""}, sinktest.Failures(o, len(recs))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	wantSets := [][]string{{"a", "3", "ex", "90"}, {"d", "1", "ex", "90"}, {"c", "2", "ex", "90"}}
	if diff := cmp.Diff(wantSets, s.asked("SET")); diff != "" {
		t.Errorf("SET (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([][]string{{"b"}, {"none"}}, s.asked("DEL")); diff != "" {
		t.Errorf("DEL (-want +got)\n%s", diff)
	}
	if ttl := s.TTL("c"); ttl != 90*time.Second {
		t.Errorf("c lives %v; want 90s", ttl)
	}
}

func TestRedisAnswers(t *testing.T) {
	tests := []struct{ answer, class, text string }{
		{"OOM command not allowed when used memory > 'maxmemory'.", "retryable", "OOM: the server's memory is full and it evicts nothing: add memory, set ttl, or set an eviction policy"},
		{"READONLY You can't write against a read only replica.", "retryable", "READONLY: the server is a replica: if this lasts, write the address of the primary"},
		{"LOADING Redis is loading the dataset in memory", "retryable", "LOADING: the server or its cluster is not ready"},
		{"CLUSTERDOWN The cluster is down", "retryable", "CLUSTERDOWN: the server or its cluster is not ready"},
		{"TRYAGAIN Multiple keys request during rehashing of slot", "retryable", "TRYAGAIN: the server or its cluster is not ready"},
		{"MASTERDOWN Link with MASTER is down", "retryable", "MASTERDOWN: the server or its cluster is not ready"},
		{"NOREPLICAS Not enough good replicas to write.", "retryable", "NOREPLICAS: the server or its cluster is not ready"},
		{"BUSY Redis is busy running a script.", "retryable", "BUSY: the server or its cluster is not ready"},
		{"MISCONF Redis is configured to save RDB snapshots", "retryable", "MISCONF: the service failed"},
		{"NOAUTH Authentication required.", "permanent", "NOAUTH: access is denied: check user, password and the user's permissions"},
		{"NOPERM this user has no permissions to access one of the keys", "permanent", "NOPERM: access is denied: check user, password and the user's permissions"},
		{"ERR max number of clients reached", "throttled", "ERR: the service accepts no more for now"},
		{"ERR invalid password", "permanent", "ERR: access is denied: check user, password and the user's permissions"},
		{"ERR DB index is out of range", "permanent", "ERR: the server has no database with that number: correct the end of the address"},
		{"ERR SELECT is not allowed in cluster mode", "permanent", "ERR: a Redis cluster has only database 0; remove the number at the end of the address"},
		{"ERR This instance has cluster support disabled", "permanent", "ERR: the address is for a cluster, but the server is not part of one: correct it"},
		{"ERR unknown command 'SET', with args beginning with: 'key-1' '{\"n\":1}'", "retryable", "ERR: the service failed"},
		{"NEWCODE of a later version", "retryable", "ERR: the service failed"},
	}
	for _, tt := range tests {
		t.Run(tt.answer, func(t *testing.T) {
			s := startRedis(t)
			r := openRedis(t, "redis://"+s.Addr(), cache.Options{})
			s.onWrite(func(n int, _ []string) string {
				if n == 1 {
					return tt.answer
				}
				return ""
			})
			o := r.Send(t.Context(), sinktest.Numbered(3))
			if diff := cmp.Diff([]string{"", tt.class, ""}, sinktest.Failures(o, 3)); diff != "" {
				t.Fatalf("(-want +got)\n%s", diff)
			}
			if want := r.String() + ": " + tt.text; o.Err(1).Error() != want {
				t.Errorf("got  %v\nwant %s", o.Err(1), want)
			}
		})
	}
}

// TestRedisUnsure asserts that a command without an answer has failed, whether it took
// effect or not, and that an answered command has not.
func TestRedisUnsure(t *testing.T) {
	s := startRedis(t)
	r := openRedis(t, "redis://"+s.Addr(), cache.Options{})
	s.onWrite(func(n int, _ []string) string {
		if n == 2 {
			return drop
		}
		return ""
	})
	o := r.Send(t.Context(), sinktest.Numbered(5))
	got := sinktest.Failures(o, 5)
	// Answers to earlier commands may have been lost with the connection.
	if diff := cmp.Diff([]string{"retryable", "retryable", "retryable"}, got[2:]); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if err := o.Err(4); !strings.HasPrefix(err.Error(), r.String()+": the connection failed, so it is unknown which records arrived") {
		t.Error(err)
	}
}

func TestClassifyRedis(t *testing.T) {
	for _, tt := range []struct {
		err  error
		text string
	}{
		{redis.Nil, "redis x: the answer does not acknowledge the record, so it is unknown whether it arrived"},
		{fmt.Errorf("read: %w", io.EOF), "redis x: the connection failed, so it is unknown which records arrived: read: EOF"},
		{context.DeadlineExceeded, "redis x: the attempt was cut short, so it is unknown which records arrived"},
		{redis.ErrCrossSlot, "redis x: ERR: the service failed"},
	} {
		if err := classifyError("redis x", tt.err); err.Error() != tt.text || engine.ClassOf(err) != engine.Retryable {
			t.Errorf("got %v of class %v; want %s", err, engine.ClassOf(err), tt.text)
		}
	}
}

func TestNewRedisFaults(t *testing.T) {
	for _, tt := range []struct {
		url     string
		cluster bool
		want    string
	}{
		{"http://user:s3cret@h", false, "the address is not valid for a Redis server; write one like redis://host:port or rediss://user:password@host:port/database"},
		{"redis://user:s3cret@h:1/x", false, "the address is not valid for a Redis server; write one like redis://host:port or rediss://user:password@host:port/database"},
		{"redis://user:s3cret@h:1/2", true, "a Redis cluster has only database 0; remove the number at the end of the address"},
	} {
		if _, err := New(tt.url, cache.Options{Cluster: tt.cluster}); err == nil || err.Error() != tt.want {
			t.Errorf("%s: got %v; want %s", tt.url, err, tt.want)
		}
	}
}

func TestRedisDatabase(t *testing.T) {
	s := startRedis(t)
	r := openRedis(t, "redis://"+s.Addr()+"/5", cache.Options{})
	if o := r.Send(t.Context(), sinktest.Puts("a", "1")); !o.OK() {
		t.Fatal(o.Err(0))
	}
	if got, err := s.DB(5).Get("a"); got != "1" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestRedisLimits(t *testing.T) {
	for _, tt := range []struct{ set, record, bytes int }{
		{0, 16 << 20, 16 << 20},
		{1 << 20, 1 << 20, 16 << 20},
		{512 << 20, 512 << 20, 512 << 20},
		{512<<20 + 1, 16 << 20, 16 << 20},
	} {
		r := openRedis(t, "redis://h:1", cache.Options{}, sinks.RecordBytes(tt.set))
		l := r.Limits()
		if l.Records != 1000 || l.RecordBytes != tt.record || l.Bytes != tt.bytes || l.OnePerKey {
			t.Errorf("RecordBytes(%d): %+v", tt.set, l)
		}
		if n := r.Sizer()(&sinktest.Puts("key", "data")[0]); n != 7 {
			t.Errorf("counts %d bytes; want 7", n)
		}
	}
}

// TestRedisCancelled asserts that Send returns when its context is canceled, whatever the
// server does.
func TestRedisCancelled(t *testing.T) {
	s := startRedis(t)
	r := openRedis(t, "redis://"+s.Addr(), cache.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	release := make(chan struct{})
	s.Server().SetPreHook(func(_ *server.Peer, cmd string, _ ...string) bool {
		if cmd == "SET" {
			cancel()
			<-release
		}
		return false
	})
	o := r.Send(ctx, sinktest.Numbered(2))
	close(release)
	if diff := cmp.Diff([]string{"retryable", "retryable"}, sinktest.Failures(o, 2)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func BenchmarkRedisSend(b *testing.B) {
	s := miniredis.RunT(b)
	for _, n := range []int{1, 100, 1000} {
		b.Run(fmt.Sprintf("records=%d", n), func(b *testing.B) {
			sinktest.BenchmarkSend(b, openRedis(b, "redis://"+s.Addr(), cache.Options{}), sinktest.Numbered(n))
		})
	}
}
