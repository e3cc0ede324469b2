package memcached

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bradfitz/gomemcache/memcache"
	"github.com/google/go-cmp/cmp"

	"fanout/engine"
	"fanout/engine/enginetest"
	"fanout/internal/testing/memcachedfake"
	"fanout/sinks"
	"fanout/sinks/internal/cache"
	"fanout/sinks/internal/ids"
	"fanout/sinks/internal/sinktest"
)

func openMemcached(t testing.TB, address string, c cache.Options, opts ...sinks.Option) *Sink {
	t.Helper()
	m := New(address, c, opts...)
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

// TestMemcachedConformance allows the sink one connection: with more, the records of a
// request arrive in any order.
func TestMemcachedConformance(t *testing.T) {
	enginetest.CheckSink(t, func(t *testing.T) enginetest.SinkHarness {
		s := startMemcached(t, memcachedfake.Options{})
		var refuse, n atomic.Int32
		refuse.Store(-1)
		s.OnCommand(func(memcachedfake.Command) *memcachedfake.Fault {
			if n.Add(1) == refuse.Load()+1 {
				refuse.Store(-1)
				return &memcachedfake.Fault{Answer: "SERVER_ERROR out of memory storing object"}
			}
			return nil
		})
		return enginetest.SinkHarness{
			Sink:     openMemcached(t, s.Address(), cache.Options{Connections: 1}),
			Accepted: func() [][]byte { return inOrder(s) },
			Refuse:   func(i int) { refuse.Store(int32(i)) },
			Break: func() {
				s.OnCommand(func(memcachedfake.Command) *memcachedfake.Fault { return &memcachedfake.Fault{Drop: true} })
			},
			Record: sinktest.Awkward,
		}
	})
}

// inOrder returns the values in s, in the order of their arrival.
func inOrder(s *memcachedfake.Server) (data [][]byte) {
	items := slices.SortedFunc(func(yield func(memcachedfake.Item) bool) {
		for _, item := range s.Items() {
			if !yield(item) {
				return
			}
		}
	}, func(a, b memcachedfake.Item) int { return a.Order - b.Order })
	for _, item := range items {
		data = append(data, item.Data)
	}
	return data
}

func TestMemcachedKeepsAnyBytes(t *testing.T) {
	s := startMemcached(t, memcachedfake.Options{})
	m := openMemcached(t, s.Address(), cache.Options{})
	recs := sinktest.Hostile()
	if o := m.Send(t.Context(), recs); !o.OK() {
		t.Fatalf("failed: %v", sinktest.Failures(o, len(recs)))
	}
	items := s.Items()
	for _, r := range recs {
		if got := items[safeKey(r.Key)]; string(got.Data) != string(r.Data.Bytes()) {
			t.Errorf("key %q has %.50q; want %.50q", r.Key, got.Data, r.Data.Bytes())
		}
	}
	if len(items) != len(recs) || len(s.Commands()) != len(recs) {
		t.Errorf("%d items by %d commands; want %d: %q", len(items), len(s.Commands()), len(recs), s.Commands())
	}
	for i := range recs {
		recs[i].Action = "REMOVE"
	}
	if o := m.Send(t.Context(), recs); !o.OK() {
		t.Fatalf("failed: %v", sinktest.Failures(o, len(recs)))
	}
	if items := s.Items(); len(items) > 0 || len(s.Commands()) != 2*len(recs) {
		t.Errorf("%d items remain after %d commands; want 0 after %d", len(items), len(s.Commands()), 2*len(recs))
	}
}

func TestSafeKey(t *testing.T) {
	const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" // SHA-256 of nothing
	for _, tt := range []struct {
		key  string
		kept bool
	}{
		{"a", true}, {"key-1|2", true}, {"ünïcode", true}, {"\xff\x80", true}, {"\u00a0", true}, {`"'`, true},
		{strings.Repeat("k", 250), true}, {strings.Repeat("k", 251), false},
		{"", false}, {" ", false}, {"a b", false}, {"a\t", false}, {"\r\n", false}, {"a\x00", false}, {"\x1f", false}, {"\x7f", false},
	} {
		want := tt.key
		if !tt.kept {
			want = ids.Hash([]byte(tt.key))
		}
		if got := safeKey(tt.key); got != want {
			t.Errorf("%q becomes %q; want %q", tt.key, got, want)
		}
	}
	if got := safeKey(""); got != empty {
		t.Errorf("the empty key becomes %q", got)
	}
}

func FuzzSafeKey(f *testing.F) {
	for _, r := range sinktest.Hostile() {
		f.Add(r.Key)
	}
	f.Fuzz(func(t *testing.T, key string) {
		safe := safeKey(key)
		if safe == "" || len(safe) > 250 || strings.ContainsFunc(safe, func(r rune) bool { return r <= ' ' || r == 0x7F }) {
			t.Errorf("%q becomes %q", key, safe)
		}
		if safe != key && safe != ids.Hash([]byte(key)) {
			t.Errorf("%q becomes %q, neither itself nor its SHA-256", key, safe)
		}
	})
}

func TestMemcachedLastWriteWins(t *testing.T) {
	s := startMemcached(t, memcachedfake.Options{})
	m := openMemcached(t, s.Address(), cache.Options{TTL: 90 * time.Second})
	recs := sinktest.Puts("a", "1", "b", "1", "a", "2", "c", "1", "a", "3", "d", "1")
	recs = append(recs, sinktest.Removal("b"), sinktest.Removal("c"), sinktest.Removal("none"))
	recs = append(recs, sinktest.Puts("c", "2")...)
	s.OnCommand(func(c memcachedfake.Command) *memcachedfake.Fault {
		if c.Key == "a" {
			return &memcachedfake.Fault{Answer: "SERVER_ERROR out of memory storing object"}
		}
		return nil
	})
	o := m.Send(t.Context(), recs)
	if diff := cmp.Diff([]string{"retryable", "", "retryable", "", "retryable", "", "", "", "", ""}, sinktest.Failures(o, len(recs))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	var got []string
	for _, c := range s.Commands() {
		got = append(got, strings.TrimSpace(c.Verb+" "+c.Key+" "+string(c.Data)))
	}
	slices.Sort(got)
	if diff := cmp.Diff([]string{"delete b", "delete none", "set a 3", "set c 2", "set d 1"}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if e := s.Items()["c"].Expiration; e != "90" {
		t.Errorf("c expires in %q; want 90", e)
	}
}

func TestMemcachedAnswers(t *testing.T) {
	tests := []struct{ answer, class, text string }{
		{"SERVER_ERROR object too large for cache", "permanent", "the item is larger than the server accepts: raise its limit with -I, and set maxRecordBytes"},
		{"SERVER_ERROR out of memory storing object", "retryable", "the server's memory is full and it evicts nothing: add memory, set ttl, or set an eviction policy"},
		{"SERVER_ERROR whatever", "retryable", "the service failed"},
		{"NOT_STORED", "retryable", "the service failed"},
		{"EXISTS", "retryable", "the service failed"},
		{"CLIENT_ERROR unauthenticated", "permanent", "access is denied: check user, password and the user's permissions"},
		{"CLIENT_ERROR bad authentication token format", "permanent", "access is denied: check user, password and the user's permissions"},
		{`CLIENT_ERROR bad data chunk {"n":1}`, "permanent", "the server refuses the record"},
		{"ERROR Too many open connections", "throttled", "the service accepts no more for now"},
		{"ERROR", "permanent", "the server does not know the command: it may not be memcached, or it may need a password"},
		{"HTTP/1.1 400 Bad Request", "retryable", "the connection failed, so it is unknown which records arrived: "},
	}
	for _, tt := range tests {
		t.Run(tt.answer, func(t *testing.T) {
			s := startMemcached(t, memcachedfake.Options{})
			m := openMemcached(t, s.Address(), cache.Options{Connections: 1})
			s.OnCommand(func(c memcachedfake.Command) *memcachedfake.Fault {
				if c.Key == "key-2" {
					return &memcachedfake.Fault{Answer: tt.answer}
				}
				return nil
			})
			o := m.Send(t.Context(), sinktest.Numbered(3))
			if diff := cmp.Diff([]string{"", "", tt.class}, sinktest.Failures(o, 3)); diff != "" {
				t.Fatalf("(-want +got)\n%s", diff)
			}
			if err := o.Err(2).Error(); !strings.HasPrefix(err, m.String()+": "+tt.text) || strings.Contains(err, `{"n"`) {
				t.Errorf("got  %v\nwant %s", err, tt.text)
			}
		})
	}
}

// TestMemcachedUnsure asserts that a write has failed if the server took it without an
// answer.
func TestMemcachedUnsure(t *testing.T) {
	s := startMemcached(t, memcachedfake.Options{})
	m := openMemcached(t, s.Address(), cache.Options{})
	s.OnCommand(func(c memcachedfake.Command) *memcachedfake.Fault {
		return &memcachedfake.Fault{After: c.Key == "key-1"}
	})
	o := m.Send(t.Context(), sinktest.Numbered(1))
	if !o.OK() {
		t.Error(o.Err(0))
	}
	o = m.Send(t.Context(), sinktest.Numbered(2)[1:])
	if diff := cmp.Diff([]string{"retryable"}, sinktest.Failures(o, 1)); diff != "" || len(s.Items()) != 2 {
		t.Errorf("%d items (-want +got)\n%s", len(s.Items()), diff)
	}
}

// TestMemcachedSizes asserts that the largest item is one that a real memcached accepts,
// and that it refuses one byte more.
func TestMemcachedSizes(t *testing.T) {
	s := startMemcached(t, memcachedfake.Options{})
	m := openMemcached(t, s.Address(), cache.Options{})
	l := m.Limits()
	if l.Records != 1000 || l.RecordBytes != 1<<20 || l.Bytes != 16<<20 || l.OnePerKey {
		t.Errorf("%+v", l)
	}
	for _, key := range []string{"k", strings.Repeat("long", 100)} {
		rec := sinktest.Puts(key, strings.Repeat("x", l.RecordBytes-memcachedFrame-len(safeKey(key))))[0]
		if size := m.Sizer()(&rec); size != l.RecordBytes {
			t.Errorf("counts %d bytes; want %d", size, l.RecordBytes)
		}
		if o := m.Send(t.Context(), []engine.Record{rec}); !o.OK() {
			t.Errorf("a record of %d bytes: %v", l.RecordBytes, o.Err(0))
		}
		rec.Data = engine.Bytes(append(bytes.Clone(rec.Data.Bytes()), 'x'))
		if o := m.Send(t.Context(), []engine.Record{rec}); o.OK() || engine.ClassOf(o.Err(0)) != engine.Permanent {
			t.Errorf("a record of %d bytes: %v", l.RecordBytes+1, o.Err(0))
		}
	}
	for _, tt := range []struct{ set, record, bytes int }{
		{8 << 20, 8 << 20, 16 << 20}, {32 << 20, 32 << 20, 32 << 20}, {1<<30 + 1, 1 << 20, 16 << 20},
	} {
		l := openMemcached(t, "h:1", cache.Options{}, sinks.RecordBytes(tt.set)).Limits()
		if l.RecordBytes != tt.record || l.Bytes != tt.bytes {
			t.Errorf("RecordBytes(%d): %+v", tt.set, l)
		}
	}
}

func TestMemcachedExpiration(t *testing.T) {
	now := time.Unix(1_800_000_000, 999_999_999)
	const day = 24 * time.Hour
	for _, tt := range []struct {
		ttl  time.Duration
		want int32
	}{
		{0, 0}, {time.Second, 1}, {time.Millisecond, 1}, {1500 * time.Millisecond, 2},
		{30 * day, 30 * 86400}, {30*day + time.Second, 1_800_000_000 + 30*86400 + 1}, {365 * day, 1_800_000_000 + 365*86400},
		{time.Duration(math.MaxInt32-1_800_000_000) * time.Second, math.MaxInt32},
		{time.Duration(math.MaxInt32-1_800_000_000+1) * time.Second, 0},
	} {
		if got := expirationAfter(tt.ttl, now); got != tt.want {
			t.Errorf("%v: %d; want %d", tt.ttl, got, tt.want)
		}
	}
}

func TestMemcachedAuthentication(t *testing.T) {
	for _, tt := range []struct {
		name, login, want, text string
		c                       cache.Options
	}{
		{"right", "user pass word", "", "", cache.Options{Credentials: sinktest.Known("user", "pass word")}},
		{"wrong", "user password", "permanent", "the server refuses user and password: check them", cache.Options{Credentials: sinktest.Known("user", "s3cret")}},
		{"line break", "user password", "permanent", "the server refuses user and password: check them", cache.Options{Credentials: sinktest.Known("user", "s3cret\r\nset a 0 0 1\r\nx")}},
		{"missing", "user password", "permanent", "access is denied: check user, password and the user's permissions", cache.Options{}},
		{"not to be had", "user password", "permanent", "no such secret", cache.Options{Credentials: func(context.Context) (string, string, error) {
			return "", "", engine.Errorf(engine.Permanent, "no such secret")
		}}},
	} {
		for name, discover := range map[string]bool{"node": false, "cluster": true} {
			if discover && tt.name == "missing" {
				continue // ElastiCache has no passwords, so the endpoint's answer does not count
			}
			t.Run(tt.name+"/"+name, func(t *testing.T) {
				s := startMemcached(t, memcachedfake.Options{Login: tt.login})
				s.SetConfig(configOf(s))
				tt.c.Cluster = discover
				m := openMemcached(t, s.Address(), tt.c)
				o := m.Send(t.Context(), sinktest.Numbered(1))
				if diff := cmp.Diff([]string{tt.want}, sinktest.Failures(o, 1)); diff != "" {
					t.Errorf("(-want +got)\n%s%v", diff, o.Err(0))
				}
				if err := o.Err(0); err != nil && err.Error() != m.String()+": "+tt.text {
					t.Errorf("got %v; want %s", err, tt.text)
				}
				if len(s.Items()) > 0 && tt.want != "" {
					t.Errorf("items %v", s.Items())
				}
			})
		}
	}
}

func TestMemcachedTLS(t *testing.T) {
	forServer, forClient := sinktest.Certificates(t)
	s := startMemcached(t, memcachedfake.Options{TLS: forServer, Login: "user pw"})
	s.SetConfig(configOf(s))
	for name, discover := range map[string]bool{"node": false, "cluster": true} {
		t.Run(name, func(t *testing.T) {
			c := cache.Options{TLS: forClient, Credentials: sinktest.Known("user", "pw"), Cluster: discover}
			if o := openMemcached(t, s.Address(), c).Send(t.Context(), sinktest.Numbered(3)); !o.OK() {
				t.Error(o.Err(0))
			}
			c.TLS = forServer // trusts only servers that it knows
			if o := openMemcached(t, s.Address(), c).Send(t.Context(), sinktest.Numbered(1)); o.OK() {
				t.Error("a server that nobody vouches for was trusted")
			}
		})
	}
}

// TestMemcachedConnections asserts that connections are kept, within their limit.
func TestMemcachedConnections(t *testing.T) {
	s := startMemcached(t, memcachedfake.Options{})
	m := openMemcached(t, s.Address(), cache.Options{Connections: 4})
	for range 5 {
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				if o := m.Send(t.Context(), sinktest.Numbered(50)); !o.OK() {
					t.Errorf("failed: %v", sinktest.Failures(o, 50))
				}
			})
		}
		wg.Wait()
	}
	if n := s.Connections(); n > 4 {
		t.Errorf("%d connections; want at most 4", n)
	}
}

// TestMemcachedCancelled asserts that Send returns when its context is canceled, whatever
// the server does.
func TestMemcachedCancelled(t *testing.T) {
	s := startMemcached(t, memcachedfake.Options{})
	m := openMemcached(t, s.Address(), cache.Options{Connections: 2})
	ctx, cancel := context.WithCancel(t.Context())
	s.OnCommand(func(c memcachedfake.Command) *memcachedfake.Fault {
		if c.Key == "key-0" {
			return nil
		}
		cancel()
		return &memcachedfake.Fault{Hang: true}
	})
	if o := m.Send(ctx, sinktest.Numbered(1)); !o.OK() {
		t.Error(o.Err(0))
	}
	o := m.Send(ctx, sinktest.Numbered(9)[1:])
	if got := sinktest.Failures(o, 8); slices.ContainsFunc(got, func(c string) bool { return c != "retryable" }) {
		t.Errorf("got %q", got)
	}
	s.Close() // ends the client's outstanding waits
}

// TestMemcachedDeadNode asserts that the writes to a dead node do not each wait for it.
func TestMemcachedDeadNode(t *testing.T) {
	s := startMemcached(t, memcachedfake.Options{})
	s.Close()
	m := openMemcached(t, s.Address(), cache.Options{Connections: 1})
	var dials atomic.Int32
	dial := m.client.DialContext
	m.client.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		dials.Add(1)
		return dial(ctx, network, addr)
	}
	o := m.Send(t.Context(), sinktest.Numbered(100))
	if got := sinktest.Failures(o, 100); slices.ContainsFunc(got, func(c string) bool { return c != "retryable" }) {
		t.Errorf("got %q", got)
	}
	if dials.Load() != 1 {
		t.Errorf("%d dials; want 1", dials.Load())
	}
}

// TestMemcachedDiesAndComesBack asserts that a restart of the server loses no record, in
// order or not, although many kept connections are dead.
func TestMemcachedDiesAndComesBack(t *testing.T) {
	for name, ordered := range map[string]bool{"in any order": false, "in order": true} {
		t.Run(name, func(t *testing.T) {
			s := startMemcached(t, memcachedfake.Options{})
			var n atomic.Int32
			dead := make(chan struct{})
			s.OnCommand(func(memcachedfake.Command) *memcachedfake.Fault {
				switch i := n.Add(1); {
				case i < 700:
					return nil
				case i == 700:
					close(dead)
				}
				return &memcachedfake.Fault{Drop: true}
			})
			var next *memcachedfake.Server
			back := make(chan error, 1)
			go func() {
				<-dead
				s.Close()
				var err error
				next, err = memcachedfake.Start(memcachedfake.Options{Address: s.Address()})
				back <- err
			}()
			m := openMemcached(t, s.Address(), cache.Options{})
			recs := sinktest.Numbered(3000)
			sinktest.AllDelivered(t, sinktest.Persistent(t, m, ordered), recs)
			if err := <-back; err != nil {
				t.Fatal(err)
			}
			t.Cleanup(next.Close)
			before, after := s.Items(), next.Items()
			for _, r := range recs {
				if string(before[r.Key].Data) != string(r.Data.Bytes()) && string(after[r.Key].Data) != string(r.Data.Bytes()) {
					t.Fatalf("key %s has %q, then %q", r.Key, before[r.Key].Data, after[r.Key].Data)
				}
			}
		})
	}
}

// TestMemcachedStaleConnections asserts that the idle connections to a restarted server
// cost at most one attempt.
func TestMemcachedStaleConnections(t *testing.T) {
	s := startMemcached(t, memcachedfake.Options{})
	m := openMemcached(t, s.Address(), cache.Options{Connections: 16})
	if o := m.Send(t.Context(), sinktest.Numbered(1000)); !o.OK() {
		t.Fatal(sinktest.Failures(o, 1000))
	}
	s.Disconnect()
	if o := m.Send(t.Context(), sinktest.Numbered(1)); o.OK() {
		t.Error("a broken connection took a record")
	}
	if o := m.Send(t.Context(), sinktest.Numbered(1)); !o.OK() {
		t.Error(o.Err(0))
	}
}

func TestMemcachedVerdict(t *testing.T) {
	for _, tt := range []struct {
		err      error
		answered bool
	}{
		{nil, false}, {io.EOF, false}, {memcache.ErrNotStored, true}, {memcache.ErrNoServers, false},
		{errors.New(`memcache: unexpected response line from "set": "SERVER_ERROR out of memory\r\n"`), true},
	} {
		if _, answered := verdictOf(tt.err); answered != tt.answered {
			t.Errorf("%v: answered %v", tt.err, answered)
		}
	}
}

func TestReadLine(t *testing.T) {
	for text, want := range map[string]string{"STORED\r\nrest": "STORED", "a\nb": "a", strings.Repeat("x", 600): strings.Repeat("x", 512)} {
		if got, err := readLine(bufio.NewReader(strings.NewReader(text))); got != want || err != nil {
			t.Errorf("%.20q: %.20q, %v", text, got, err)
		}
	}
	if _, err := readLine(strings.NewReader("STORED")); !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		t.Errorf("got %v", err)
	}
}

func BenchmarkMemcachedSend(b *testing.B) {
	s := startMemcached(b, memcachedfake.Options{})
	for _, n := range []int{1, 100, 1000} {
		b.Run(fmt.Sprintf("records=%d", n), func(b *testing.B) {
			sinktest.BenchmarkSend(b, openMemcached(b, s.Address(), cache.Options{}), sinktest.Numbered(n))
		})
	}
}
