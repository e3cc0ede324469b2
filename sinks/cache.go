package sinks

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/aws/smithy-go"

	"fanout/engine"
)

// Cache is what a user may say of a Redis or Memcached cache beside its address.
// The zero Cache is one server, without a password, that keeps what it is given.
type Cache struct {
	// Cluster says that the address is that of many servers: of a Redis cluster, or
	// the configuration endpoint of an ElastiCache Memcached cluster, which names
	// its nodes.
	Cluster bool

	// TLS is how to connect over TLS; nil: without. A server must prove to be what
	// its address says, or ServerName if that is set.
	TLS *tls.Config

	// Credentials tells user and password; nil: none but those of the address. It
	// is asked whenever a connection is made, concurrently too, so it caches what
	// is slow to get, and what has been rotated is noticed.
	Credentials func(ctx context.Context) (user, password string, err error)

	// TTL is how long a value is kept, in whole seconds; 0: until it is removed.
	TTL time.Duration

	// Connections is how many connections to a server are used at once, and kept;
	// 0: engine.DefaultInFlight.
	Connections int
}

func (c *Cache) connections() int {
	if c.Connections < 1 {
		return engine.DefaultInFlight
	}
	return c.Connections
}

// credentials asks for user and password. The error of a secret that cannot be had
// says so with the class of the service that keeps it.
func (c *Cache) credentials(ctx context.Context, sink string) (user, password string, err error) {
	if user, password, err = c.Credentials(ctx); err == nil {
		return user, password, nil
	}
	if _, known := errors.AsType[*engine.Error](err); !known {
		err = classify(sink+", credentials", err)
	}
	return "", "", err
}

// ttlSeconds returns ttl in seconds, rounded up: 0 would be for ever.
func ttlSeconds(ttl time.Duration) int64 { return int64((ttl + time.Second - 1) / time.Second) }

// cacheTimeout bounds the steps of talking to a cache, which answers within a
// millisecond or so: connecting, writing a request, reading its answer.
const cacheTimeout = 3 * time.Second

// cacheBatch is how many records a request to a cache holds, and cacheBytes how much
// data unless a single value may have more. A cache sets no such bounds. These keep
// small what is sent again when a connection breaks, and lie above every record that
// a source has (Kinesis: 10 MiB).
const (
	cacheBatch = 1000
	cacheBytes = 16 << 20
)

// latest returns the index of the last record of each key. A cache keeps the last
// write of a key, so of those in one request only that one is sent, and stands for
// the others: if it fails, they all do. So no record of a key is ever accepted
// before an earlier one, though the keys of a request are independent.
func latest(batch []engine.Record) map[string]int {
	last := make(map[string]int, len(batch))
	for i := range batch {
		last[batch[i].Key] = i
	}
	return last
}

// removes reports whether r says that its key is gone.
func removes(r *engine.Record) bool { return r.Action == "REMOVE" }

// dialer returns how to connect to the servers of a cache whose address has host.
type dialer func(ctx context.Context, network, addr string) (net.Conn, error)

func (c *Cache) dialer(host string) dialer {
	tcp := &net.Dialer{Timeout: cacheTimeout}
	if c.TLS == nil {
		return tcp.DialContext
	}
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		cfg := c.TLS.Clone()
		if cfg.ServerName == "" {
			cfg.ServerName = certified(addr, host)
		}
		d := tls.Dialer{NetDialer: tcp, Config: cfg}
		return d.DialContext(ctx, network, addr)
	}
}

// certified returns the name that the certificate of the server at addr must have.
// Clusters also name their nodes by IP address, which certificates seldom have; such
// a node shows that it belongs to the cluster.
func certified(addr, host string) string {
	name, _, err := net.SplitHostPort(addr)
	if err != nil {
		name = addr
	}
	if net.ParseIP(name) != nil {
		return host
	}
	return name
}

// within runs f and returns true, or returns false as soon as ctx ends: clients of
// caches heed its deadline at best, not its cancellation. f then goes on by itself,
// no longer than its timeouts; what it writes must not be read. A panic of f is
// passed on.
func within(ctx context.Context, f func()) bool {
	done := make(chan any, 1)
	go func() {
		defer func() { done <- recover() }()
		f()
	}()
	select {
	case p := <-done:
		if p != nil {
			panic(p)
		}
		return true
	case <-ctx.Done():
		return false
	}
}

// disconnected is the error of a request that a cache has not answered.
func disconnected(sink string, err error) error {
	if e, ok := errors.AsType[*engine.Error](err); ok {
		return &engine.Error{Class: e.Class, After: e.After, Err: fmt.Errorf("%s: %w", sink, e.Err)}
	}
	if _, ok := errors.AsType[smithy.APIError](err); ok || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return classify(sink, err)
	}
	return sentence(engine.Retryable, sink, "the connection failed, so what arrived is unknown", trim(err.Error()))
}
