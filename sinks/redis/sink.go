// Package redis delivers records to Redis servers and clusters.
package redis

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"

	"fanout/engine"
	"fanout/sinks"
	"fanout/sinks/internal/cache"
	"fanout/sinks/internal/classify"
	"fanout/sinks/internal/image"
)

// maxValue is the longest value in Redis, in bytes (redis.conf, proto-max-bulk-len).
const maxValue = 512 << 20

// Sink stores the data of records under their keys in Redis or Valkey with SET, and
// removes the keys of REMOVE records with DEL, in a pipeline of many commands.
//
// Keys and values are any bytes; the empty key is an ordinary key. If a request has
// several records of a key, only the last is sent, and its result is that of all.
//
// If a server answers that it is part of a cluster, the sink treats it as one from then
// on, regardless of the configuration.
type Sink struct {
	name   string
	ttl    time.Duration
	limits engine.Limits

	server  *redis.Client
	cluster atomic.Pointer[redis.ClusterClient] // nil: server is not known to be in a cluster
	opts    redis.ClusterOptions
}

// New returns a sink for the Redis server at a URL like
// redis://user:password@host:port/database, or rediss:// for TLS. Only the host is
// required. It connects on the first Send. The user and password of c.Credentials replace
// the ones in the URL.
//
// A record with its key may have 16 MiB unless RecordBytes sets another limit, up to 512
// MiB, which is the limit of Redis unless its owner changed proto-max-bulk-len.
//
// The error names the fault in url and contains no password.
func New(url string, c cache.Options, opts ...sinks.Option) (*Sink, error) {
	logging.Disable() // the client's own lines on standard error would mix with the function's JSON
	o, err := redis.ParseURL(url)
	if err != nil {
		return nil, errors.New("the address is not valid for a Redis server; write one like redis://host:port or rediss://user:password@host:port/database")
	}
	if c.Cluster && o.DB != 0 {
		return nil, errors.New(clusterDatabase)
	}
	host, _, err := net.SplitHostPort(o.Addr)
	if err != nil {
		host = o.Addr
	}
	if o.TLSConfig != nil && c.TLS == nil {
		c.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	record := sinks.RecordLimit(opts, cache.MaxBytes, maxValue)
	r := &Sink{
		name: "redis " + o.Addr,
		ttl:  c.TTL,
		limits: engine.Limits{
			Records:     cache.MaxRecords,
			Bytes:       max(cache.MaxBytes, record),
			RecordBytes: record,
		},
	}
	o.Dialer, o.TLSConfig = countedReplies(c.Dialer(host)), nil
	if c.Credentials != nil {
		username, password := o.Username, o.Password
		o.CredentialsProviderContext = func(ctx context.Context) (string, string, error) {
			u, p, err := c.Login(ctx, r.name)
			if u == "" {
				u = username
			}
			if p == "" {
				p = password
			}
			return u, p, err
		}
	}
	o.Protocol = 2                        // the sink needs no push messages
	o.DisableIdentity = true              // saves a round trip per connection
	o.MaxRetries, o.DialerRetries = -1, 1 // the engine retries
	o.ContextTimeoutEnabled = true
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout = cache.Timeout, cache.Timeout, cache.Timeout
	o.PoolSize = c.PoolSize()
	o.PipelinePoolSize = -1 // the client only sends pipelines
	r.opts = inCluster(o)
	r.server = redis.NewClient(o)
	if c.Cluster {
		r.joinCluster()
	}
	return r, nil
}

// inCluster returns the options for the cluster of o's server.
func inCluster(o *redis.Options) redis.ClusterOptions {
	return redis.ClusterOptions{
		Addrs:  []string{o.Addr},
		Dialer: o.Dialer,

		Username:                   o.Username,
		Password:                   o.Password,
		CredentialsProviderContext: o.CredentialsProviderContext,

		// MOVED and ASK are part of the protocol, not failures, and after an ASK the next
		// command must follow at once, so the client goes to the other node. It does so
		// once; the engine repeats the rest.
		MaxRedirects:    1,
		MinRetryBackoff: -1,
		MaxRetryBackoff: -1,

		Protocol:              o.Protocol,
		DisableIdentity:       o.DisableIdentity,
		MaxRetries:            o.MaxRetries,
		DialerRetries:         o.DialerRetries,
		ContextTimeoutEnabled: o.ContextTimeoutEnabled,
		DialTimeout:           o.DialTimeout,
		ReadTimeout:           o.ReadTimeout,
		WriteTimeout:          o.WriteTimeout,
		PoolSize:              o.PoolSize,
		PipelinePoolSize:      o.PipelinePoolSize,
	}
}

// joinCluster makes r send to all nodes of the cluster from now on.
func (r *Sink) joinCluster() {
	opts := r.opts
	if c := redis.NewClusterClient(&opts); !r.cluster.CompareAndSwap(nil, c) {
		_ = c.Close() // another Send was first; this client has no connection yet
	}
}

// Close closes the connections. Do not use r afterwards.
func (r *Sink) Close() error {
	err := r.server.Close()
	if c := r.cluster.Load(); c != nil {
		err = errors.Join(err, c.Close())
	}
	return err
}

// String returns "redis", a space, host and port.
func (r *Sink) String() string { return r.name }

// Limits returns the limits of a pipeline.
func (r *Sink) Limits() engine.Limits { return r.limits }

// Describe implements sinks.Describer.
func (r *Sink) Describe(_ context.Context, rec *engine.Record) (sinks.Entry, error) {
	return sinks.Entry{}, image.Require(r.name, []engine.Record{*rec})
}

// Send makes one pipeline, or in a cluster one pipeline per node.
func (r *Sink) Send(ctx context.Context, batch []engine.Record) engine.Outcome {
	if err := image.Require(r.name, batch); err != nil {
		return engine.Failed(err)
	}
	var p redis.Pipeliner
	if c := r.cluster.Load(); c != nil {
		p = c.Pipeline()
	} else {
		p = r.server.Pipeline()
	}
	last := cache.LatestOfKeys(batch)
	cmds := make([]*redis.Cmd, len(batch)) // nil if a later record has the same key
	for i := range batch {
		if rec := &batch[i]; last[rec.Key] == i {
			cmds[i] = p.Do(ctx, r.command(rec)...)
		}
	}
	var failed error
	if !cache.Within(ctx, func() { _, failed = p.Exec(ctx) }) {
		return engine.Failed(cache.Disconnected(r.name, ctx.Err()))
	}
	errs := r.answers(ctx, cmds, failed)
	var o engine.Outcome
	for i := range batch {
		if err := errs[last[batch[i].Key]]; err != nil {
			o.Fail(i, err)
		}
	}
	return o
}

// Sizer counts the value and the key.
func (*Sink) Sizer() func(r *engine.Record) int {
	return func(r *engine.Record) int { return r.Data.Len() + len(r.Key) }
}

// command returns the words of the command for rec.
func (r *Sink) command(rec *engine.Record) []any {
	switch {
	case cache.IsRemoval(rec):
		return []any{"del", rec.Key}
	case r.ttl > 0:
		return []any{"set", rec.Key, value(rec), "ex", cache.TTLSeconds(r.ttl)}
	}
	return []any{"set", rec.Key, value(rec)}
}

// value returns the data of rec. The client does not take nil.
func value(rec *engine.Record) []byte {
	if b := rec.Data.Bytes(); b != nil {
		return b
	}
	return []byte{}
}

// taken reports whether the answer to a command says that it was carried out (Redis
// documentation, SET and DEL, Return information).
func taken(cmd *redis.Cmd) bool {
	switch v := cmd.Val().(type) {
	case string:
		return cmd.Name() == "set" && v == "OK"
	case int64:
		return cmd.Name() == "del"
	}
	return false
}

// answers returns the error of each command of a pipeline, or nil if it was acknowledged.
// The next attempt uses its news about the cluster.
func (r *Sink) answers(ctx context.Context, cmds []*redis.Cmd, failed error) []error {
	errs := make([]error, len(cmds))
	moved, lost := false, false
	for i, cmd := range cmds {
		if cmd == nil {
			continue
		}
		err := cmd.Err()
		if err == nil && cmd.Val() == nil {
			err = cmp.Or(failed, error(redis.Nil)) // a command that was never sent has no error of its own
		}
		switch {
		case err == nil && taken(cmd):
			continue
		case err == nil:
			errs[i] = classify.Unacknowledged(r.name)
			continue
		}
		errs[i] = classifyError(r.name, err)
		moved = moved || isMoved(err)
		lost = lost || !isAnswer(err)
	}
	switch c := r.cluster.Load(); {
	case c == nil && moved:
		r.joinCluster()
	case c != nil && lost:
		c.ReloadState(ctx) // a node may have been replaced; this does not block
	}
	return errs
}
