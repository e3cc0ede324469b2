// Package cache has what sinks for caches share: connections, credentials, and the latest
// value of a key.
package cache

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/aws/smithy-go"

	"fanout/engine"
	"fanout/sinks"
	"fanout/sinks/internal/classify"
)

// Options are the settings of a Redis or Memcached cache, except its address. The zero
// value is for one server without a password, whose values do not expire.
type Options struct {
	// Cluster means that the address stands for many servers: a Redis cluster, or the
	// configuration endpoint of an ElastiCache Memcached cluster, which lists its nodes.
	Cluster bool

	// TLS is the configuration for TLS; nil: no TLS. A server's certificate must match
	// its address, or ServerName if set.
	TLS *tls.Config

	// Credentials returns user and password; nil: only the ones in the address. It is
	// called for each new connection, also concurrently, so a rotated secret takes
	// effect. The function should cache a secret that is slow to get.
	Credentials func(ctx context.Context) (user, password string, err error)

	// TTL is the lifetime of a value, rounded up to whole seconds; 0: until it is
	// removed.
	TTL time.Duration

	// Connections is the maximum number of open connections per server, in use or idle;
	// 0: engine.DefaultInFlight.
	Connections int
}

// PoolSize returns the maximum number of open connections per server.
func (c *Options) PoolSize() int {
	if c.Connections < 1 {
		return engine.DefaultInFlight
	}
	return c.Connections
}

// Login returns user and password. If the secret is not available, the error has
// the class of the secret service's error.
func (c *Options) Login(ctx context.Context, sink string) (user, password string, err error) {
	if user, password, err = c.Credentials(ctx); err == nil {
		return user, password, nil
	}
	if _, known := errors.AsType[*engine.Error](err); !known {
		err = classify.Error(sink+", credentials", err)
	}
	return "", "", err
}

// TTLSeconds returns ttl in seconds, rounded up, because 0 means no expiration.
func TTLSeconds(ttl time.Duration) int64 { return int64((ttl + time.Second - 1) / time.Second) }

// Timeout limits each step with a cache: connect, write a request, read its answer.
// A cache answers within about a millisecond.
const Timeout = 3 * time.Second

// MaxRecords is the maximum number of records in a request to a cache, and MaxBytes that
// of its data, unless a single value is larger. A cache has no such limits. They keep a
// repeated request small after a connection breaks, and exceed every record of a source
// (Kinesis: 10 MiB).
const (
	MaxRecords = 1000
	MaxBytes   = 16 << 20
)

// LatestOfKeys returns the index of the last record of each key. A cache keeps only the last
// write of a key, so a request sends that one alone. If it fails, all records of the key
// in this request fail. So no record of a key is accepted before an earlier one, although
// the keys of a request are independent.
func LatestOfKeys(batch []engine.Record) map[string]int {
	last := make(map[string]int, len(batch))
	for i := range batch {
		last[batch[i].Key] = i
	}
	return last
}

// IsRemoval reports whether r removes its key.
func IsRemoval(r *engine.Record) bool { return r.Action == "REMOVE" }

// Dialer connects to a server of a cache.
type Dialer func(ctx context.Context, network, addr string) (net.Conn, error)

// Dialer returns the dialer for the servers of a cache whose address has host.
func (c *Options) Dialer(host string) Dialer {
	tcp := &net.Dialer{Timeout: Timeout}
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
// Clusters also name nodes by IP address, which certificates seldom contain; such a node
// must have a certificate for the cluster's host.
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

// Within runs f and returns true, or returns false as soon as ctx ends. Clients of caches
// observe the deadline of ctx at best, not its cancellation. After a cancellation f keeps
// running until its own timeouts, and the caller must not read its results. Within passes
// on a panic of f.
func Within(ctx context.Context, f func()) bool {
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

// Disconnected is the error of a request that a cache did not answer.
func Disconnected(sink string, err error) error {
	if e, ok := errors.AsType[*engine.Error](err); ok {
		return &engine.Error{Class: e.Class, After: e.After, Err: fmt.Errorf("%s: %w", sink, e.Err)}
	}
	if _, ok := errors.AsType[smithy.APIError](err); ok || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return classify.Error(sink, err)
	}
	return classify.Sentence(engine.Retryable, sink, "the connection failed, so it is unknown which records arrived", classify.Shorten(err.Error()))
}

// For returns the options of a target. cluster says that its address stands for many
// servers.
func For(env sinks.Env, s *sinks.Spec, cluster bool) Options {
	c := Options{Cluster: cluster, TTL: time.Duration(s.TTL) * time.Second, Connections: s.InFlight}
	if s.Destination.TLS {
		c.TLS = &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: !env.VerifyTLS()} //nolint:gosec // --no-verify-ssl asks for it
	}
	if s.Secret != "" {
		c.Credentials = env.Credentials(s.Secret)
	}
	return c
}
