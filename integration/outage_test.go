//go:build integration

package integration

import (
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"sync"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/google/go-cmp/cmp"
)

// outage is a proxy in front of a server. It stops the server in the middle of a
// transfer, and starts it again after some failed connections.
type outage struct {
	*server
	t        *testing.T
	after    int    // bytes to the server before it stops
	last     func() // called before the server ends, when no more data passes
	listener net.Listener
	active   sync.WaitGroup

	mu      sync.Mutex
	sent    int
	refused int // connections during the outage
	down    bool
	back    bool
}

// refusals is the number of failed connections before the server restarts.
const refusals = 3

// suffer puts a proxy in front of a server until the test ends.
func suffer(t *testing.T, s *server, after int, last func()) *outage {
	t.Helper()
	o := &outage{server: s, t: t, after: after, last: last, listener: must(net.Listen("tcp", "127.0.0.1:0"))(t)}
	o.active.Go(func() {
		for {
			conn, err := o.listener.Accept()
			if err != nil {
				return
			}
			o.active.Go(func() { o.pass(conn) })
		}
	})
	t.Cleanup(func() {
		_ = o.listener.Close()
		o.active.Wait()
	})
	return o
}

func (o *outage) address() string { return o.listener.Addr().String() }

// pass forwards data between client and server.
func (o *outage) pass(client net.Conn) {
	defer client.Close()
	conn, err := net.Dial("tcp", o.addr)
	if err != nil {
		o.refuse()
		return
	}
	defer conn.Close()
	o.mu.Lock()
	old := !o.down
	o.mu.Unlock()
	o.active.Go(func() {
		defer client.Close()
		o.copy(client, conn, func(int) bool { return !old || !o.down })
	})
	o.copy(conn, client, o.count)
}

// copy forwards data in one direction. No other data passes at that time, so the amount
// that passed is exact when the server ends.
func (o *outage) copy(dst io.Writer, src io.Reader, passes func(n int) bool) {
	buf := make([]byte, 4096)
	for {
		n, err := src.Read(buf)
		if err != nil {
			return
		}
		if !o.write(dst, buf[:n], passes) {
			return
		}
	}
}

func (o *outage) write(dst io.Writer, data []byte, passes func(n int) bool) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !passes(len(data)) {
		return false
	}
	_, err := dst.Write(data)
	return err == nil
}

// count ends the server when it has received enough bytes.
func (o *outage) count(n int) bool {
	if o.sent += n; o.sent >= o.after && !o.down {
		o.down = true
		o.last()
		o.stop(syscall.SIGKILL)
	}
	return true
}

// refuse restarts the server after enough failed connections.
func (o *outage) refuse() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.refused++; o.refused >= refusals && !o.back {
		o.back = true
		if err := o.start(); err != nil {
			o.t.Error(err)
		}
	}
}

// TestOutage asserts that a server that is killed during a run and restarted later has
// all records in the end, whether it acknowledged them before or not. memcached loses its
// content, so the test reads it just before the kill.
func TestOutage(t *testing.T) {
	s := connect(t)
	redis := startRedis(t, "--appendonly", "yes", "--appendfsync", "always")
	memcached := startMemcached(t)
	search := must(newOpenSearch())(t)
	if err := search.start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { search.stop(syscall.SIGKILL) })

	for _, c := range []struct {
		kind    string
		server  *server
		forgets bool
		target  func(addr string) target
		read    func() map[string]string
	}{
		{"redis", redis, false,
			func(addr string) target { return target{"type": "redis", "destination": addr} },
			func() map[string]string { return dialRedis(t, redis.addr, nil).data(t) }},
		{"memcached", memcached, true,
			func(addr string) target { return target{"type": "memcached", "destination": addr} },
			func() map[string]string { return dialMemcached(t, memcached.addr).data(t) }},
		{"opensearch", search, false,
			func(addr string) target { return target{"type": "es", "destination": "http://" + addr + "#outage"} },
			func() map[string]string { return documents(t, search.addr, "outage") }},
	} {
		t.Run(c.kind, func(t *testing.T) {
			source := s.createStream(t, "outage-"+c.kind, 2)
			in := &kinesis.PutRecordsInput{StreamARN: &source}
			var want []string
			for i := range 400 {
				p := order(fmt.Sprintf("k%d", i), i)
				in.Records = append(in.Records, kinesistypes.PutRecordsRequestEntry{PartitionKey: &p.key, Data: []byte(p.data)})
				want = append(want, p.data)
			}
			must(s.kinesis.PutRecords(t.Context(), in))(t)

			had := make(map[string]string)
			o := suffer(t, c.server, 10_000, func() { // of about 30,000
				if c.forgets {
					had = c.read()
				}
			})
			file := targetsFile(t, source, c.target(o.address()))
			_, log, err := run(t, nil, "run", "--targets", file, "--source-arn", source, "--once", "--batch-size", "20")
			if err != nil {
				t.Errorf("%v\n%s", err, log)
			}
			o.mu.Lock()
			defer o.mu.Unlock()
			if !o.back {
				t.Fatalf("the server was not away: it got %d bytes", o.sent)
			}
			maps.Copy(had, c.read())
			if diff := cmp.Diff(sorted(want), slices.Sorted(maps.Values(had))); diff != "" {
				t.Error(diff)
			}
		})
	}
}
