package bench

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"fanout/internal/testing/race"
	"fanout/lambda"
	"fanout/lambda/metrics"
)

// smallest returns a variable of the smallest function.
func smallest(name string) string {
	return map[string]string{"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128"}[name]
}

// inUse returns the memory in use, in bytes.
func inUse() int64 {
	runtime.GC()
	runtime.GC() // the second collection frees pooled memory
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// gate holds requests until as many are in flight as a function allows, and then measures
// the memory in use.
type gate struct {
	Services
	want int

	mu      sync.Mutex
	waiting int
	full    chan struct{}
	done    func()
	inUse   int64
}

func (g *gate) arrive() {
	g.mu.Lock()
	if g.waiting++; g.waiting == g.want {
		g.inUse = inUse()
		g.done()
		close(g.full)
	}
	g.mu.Unlock()
	<-g.full
}

// RoundTrip implements http.RoundTripper. It holds requests before it reads them, so
// their size counts as the function's memory.
func (g *gate) RoundTrip(r *http.Request) (*http.Response, error) {
	if to := called(r, nil); to != cloudwatch && to != dynamodb {
		g.arrive()
	}
	return g.Services.RoundTrip(r)
}

// gateListener is for caches. It holds requests before the first is answered.
type gateListener struct {
	net.Listener
	*gate
}

func (l gateListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return &gateConn{Conn: c, gate: l.gate}, err
}

type gateConn struct {
	net.Conn
	*gate
	once sync.Once
}

func (c *gateConn) Write(p []byte) (int, error) {
	c.once.Do(c.arrive)
	return c.Conn.Write(p)
}

// memoryBudgets is the memory in MiB that 40 targets of a type may use for an event of
// 8,000 small records, with the maximum of requests in flight. About 11 of it are the
// event and its copy. The collector's limit for 128 MB is 46, so in most cases at least
// as much is left for garbage. Lower a budget when its type uses less.
var memoryBudgets = map[string]int64{
	"es": 22, "firehose": 18, "iot": 20, "kinesis": 18, "lambda": 18, "memcached": 30, "redis": 22, "sns": 24, "sqs": 32,
}

// TestMemory asserts that every type of target fits into the smallest function. Within
// synctest requests start at the same time, even on a busy machine. Otherwise the first
// ones would give their slots up, and more requests would hold memory.
func TestMemory(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector has memory of its own")
	}
	o, err := lambda.OptionsFrom(smallest)
	if err != nil {
		t.Fatal(err)
	}
	o.Metrics = metrics.ModeNone
	before := inUse()
	for _, kind := range Types() {
		t.Run(kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				used := (inFlight(t, kind, o) - before) >> 20
				if used > memoryBudgets[kind] {
					t.Errorf("%d MiB are in use, more than the budget of %d", used, memoryBudgets[kind])
				}
				t.Logf("%d MiB in use", used)
			})
		})
	}
}

// inFlight returns the memory in use while as many requests are in flight as the function
// allows.
func inFlight(t *testing.T, kind string, o lambda.Options) int64 {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := Workload{
		Event: bytes.Clone(Kinesis(8000, 100, 8000)), Host: l.Addr().String(),
		Targets: slices.Repeat([]Target{{Type: kind}}, 40),
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	g := &gate{want: o.InFlight, full: make(chan struct{}), done: func() {}}
	if kind == "memcached" {
		g.done = cancel // otherwise it would continue with a command per record
	}
	defer g.Serve(gateListener{l, g})()
	h := handlerFor(t, &w, g, o)
	if _, err := h.Invoke(ctx, w.Event); err != nil && ctx.Err() == nil {
		t.Fatal(err)
	}
	if g.inUse == 0 {
		t.Fatalf("there were never %d requests under way", o.InFlight)
	}
	runtime.KeepAlive(h)
	runtime.KeepAlive(w.Event) // the runtime keeps it, too
	return g.inUse
}
