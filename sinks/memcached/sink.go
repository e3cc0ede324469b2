// Package memcached delivers records to memcached servers and ElastiCache clusters of
// them.
package memcached

import (
	"context"
	"errors"
	"math"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/bradfitz/gomemcache/memcache"

	"fanout/engine"
	"fanout/sinks"
	"fanout/sinks/internal/cache"
	"fanout/sinks/internal/classify"
	"fanout/sinks/internal/ids"
	"fanout/sinks/internal/image"
)

// Limits of memcached (memcached.h and protocol.txt).
const (
	memcachedKey      = 250     // bytes, KEY_MAX_LENGTH
	memcachedItem     = 1 << 20 // bytes of an item, unless the owner sets another limit with -I
	memcachedItemMost = 1 << 30

	// memcachedFrame is the size of an item without key and data: a header of 48 bytes, 8
	// of the CAS id, a NUL after the key, CR LF after the data.
	memcachedFrame = 48 + 8 + 1 + 2
)

// Sink stores the data of records under their keys in memcached with set, and
// removes the keys of REMOVE records with delete.
//
// A key that memcached refuses becomes its SHA-256 in hex: an empty key, one longer than
// 250 bytes, or one with white space or a control character. If a request has several
// records of a key, only the last is sent, and its result is that of all. The keys of a
// request are sent in parallel, over the allowed number of connections.
type Sink struct {
	name   string
	ttl    time.Duration
	limits engine.Limits
	nodes  *nodes
	client *memcache.Client
	slots  chan struct{} // connections in use
}

// New returns a sink for the server at host:port, or with c.Cluster for the
// nodes that the configuration endpoint there lists. It connects on the first Send.
//
// An item with its key and header may have 1 MiB unless RecordBytes sets the server's own
// limit (-I), up to 1 GiB.
func New(address string, c cache.Options, opts ...sinks.Option) *Sink {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = address
	}
	m := &Sink{
		name: "memcached " + address,
		ttl:  c.TTL,
		limits: engine.Limits{
			Records:     cache.MaxRecords,
			RecordBytes: sinks.RecordLimit(opts, memcachedItem, memcachedItemMost),
		},
		slots: make(chan struct{}, c.PoolSize()),
	}
	m.limits.Bytes = max(cache.MaxBytes, m.limits.RecordBytes)
	dial := c.Dialer(host)
	if c.Credentials != nil {
		dial = authenticated(&c, m.name, dial)
	}
	m.nodes = newNodes(address, c.Cluster, dial)
	m.client = memcache.NewFromSelector(m.nodes)
	m.client.DialContext = dial
	m.client.Timeout = cache.Timeout
	m.client.MaxIdleConns = cap(m.slots)
	return m
}

// Close closes the idle connections.
func (m *Sink) Close() error { return m.client.Close() }

// String returns "memcached", a space, host and port.
func (m *Sink) String() string { return m.name }

// Limits returns the limits of one request.
func (m *Sink) Limits() engine.Limits { return m.limits }

// sizeOf counts the whole item, as memcached does.
func sizeOf(r *engine.Record) int {
	return memcachedFrame + len(safeKey(r.Key)) + r.Data.Len()
}

// Sizer counts the whole item.
func (*Sink) Sizer() func(r *engine.Record) int { return sizeOf }

// safeKey returns the key for memcached. In its protocol a key ends at white space and a
// command at a line break, so this check keeps a record from becoming a command.
func safeKey(key string) string {
	if key == "" || len(key) > memcachedKey {
		return ids.Hash([]byte(key))
	}
	for i := range len(key) {
		if key[i] <= ' ' || key[i] == 0x7F {
			return ids.Hash([]byte(key))
		}
	}
	return key
}

// write is the write for one record.
type write struct {
	i    int // index in the batch
	item memcache.Item
	gone bool // the key is deleted
}

// written is the result of a write.
type written struct {
	i   int
	err error
}

// Describe implements sinks.Describer.
func (m *Sink) Describe(_ context.Context, rec *engine.Record) (sinks.Entry, error) {
	return sinks.Entry{}, image.Require(m.name, []engine.Record{*rec})
}

// Send makes a set or delete for each key, all in parallel.
func (m *Sink) Send(ctx context.Context, batch []engine.Record) (o engine.Outcome) {
	if err := image.Require(m.name, batch); err != nil {
		return engine.Failed(err)
	}
	if err := m.nodes.refresh(ctx); err != nil {
		return engine.Failed(cache.Disconnected(m.name, err))
	}
	last := cache.LatestOfKeys(batch)
	todo := make(chan write, len(last))
	expiration := expirationAfter(m.ttl, time.Now())
	for i := range batch {
		if r := &batch[i]; last[r.Key] == i {
			todo <- write{i, memcache.Item{Key: safeKey(r.Key), Value: r.Data.Bytes(), Expiration: expiration}, cache.IsRemoval(r)}
		}
	}
	close(todo)
	done := make(chan written, len(last))
	a := &attempt{Sink: m}
	for range min(len(last), cap(m.slots)) {
		go a.work(ctx, todo, done)
	}
	errs := a.wait(ctx, done, len(batch), len(last))
	for i := range batch {
		if err := errs[last[batch[i].Key]]; err != nil {
			o.Fail(i, err)
		}
	}
	return o
}

// attempt is the state of one Send.
type attempt struct {
	*Sink
	broken sync.Map // addresses of nodes that did not answer → error
}

// work makes writes until todo is empty or ctx ends.
func (a *attempt) work(ctx context.Context, todo <-chan write, done chan<- written) {
	for w := range todo {
		select {
		case a.slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		if ctx.Err() != nil {
			<-a.slots
			return
		}
		err := a.write(&w)
		<-a.slots
		done <- written{w.i, err}
	}
}

// wait returns the errors of a batch of n records with the given number of writes, as
// soon as all results are known or ctx ends. The client ignores ctx, so unfinished writes
// keep running until their timeouts.
func (a *attempt) wait(ctx context.Context, done <-chan written, n, writes int) []error {
	unsure := cache.Disconnected(a.name, context.Canceled)
	errs := make([]error, n)
	for i := range errs {
		errs[i] = unsure
	}
	for range writes {
		select {
		case w := <-done:
			errs[w.i] = w.err
		case <-ctx.Done():
			return errs
		}
	}
	return errs
}

// write makes one set or delete. Once a node has not answered, other writes to it fail at
// once instead of each waiting for the timeout.
func (a *attempt) write(w *write) error {
	node, err := a.nodes.PickServer(w.item.Key)
	if err != nil {
		return cache.Disconnected(a.name, err)
	}
	if err, ok := a.broken.Load(node.String()); ok {
		return err.(error) //nolint:forcetypeassert // the map holds nothing else
	}
	if w.gone {
		err = a.client.Delete(w.item.Key)
	} else {
		err = a.client.Set(&w.item)
	}
	switch v, answered := verdictOf(err); {
	case err == nil || w.gone && errors.Is(err, memcache.ErrCacheMiss):
		return nil
	case answered:
		return v.Explain(a.name, "", "")
	}
	// Other idle connections to the node are broken too, and the next attempts would fail
	// on them one after another. A cluster may also have other nodes by now.
	_ = a.client.Close()
	a.nodes.suspect()
	if strings.Contains(err.Error(), "unexpected response line") { // the error quotes the line
		err = errors.New("the answer does not match the command")
	}
	err = cache.Disconnected(a.name, err)
	a.broken.Store(node.String(), err)
	return err
}

// monthSeconds is the longest relative time to live in memcached; a larger number is a
// Unix time (protocol.txt, Expiration times).
const monthSeconds = 60 * 60 * 24 * 30

// expirationAfter returns the expiration that makes memcached keep an item for ttl
// from now. It returns 0, which is forever, for a ttl of 0 and for an end after January
// 2038, which does not fit memcached's 32 bits.
func expirationAfter(ttl time.Duration, now time.Time) int32 {
	seconds := cache.TTLSeconds(ttl)
	if seconds > monthSeconds {
		seconds += now.Unix()
	}
	if seconds > math.MaxInt32 || seconds < 0 {
		return 0
	}
	return int32(seconds)
}

// verdictsByAnswer are memcached's answers to a set that it refuses, as the client quotes
// them (protocol.txt, Error strings).
var verdictsByAnswer = []struct {
	answer string
	classify.Verdict
}{
	{`"SERVER_ERROR object too large`, classify.Verdict{Class: engine.Permanent, Why: "the item is larger than the server accepts: raise its limit with -I, and set maxRecordBytes"}},
	{`"SERVER_ERROR out of memory`, classify.OutOfMemory},
	{`"SERVER_ERROR`, classify.ServerError},
	{`"CLIENT_ERROR unauthenticated`, classify.Unauthorized},
	{`"CLIENT_ERROR authentication failure`, classify.Unauthorized}, // before a login, a set is taken for one
	{`"CLIENT_ERROR bad authentication`, classify.Unauthorized},
	{`"CLIENT_ERROR`, classify.Verdict{Class: engine.Permanent, Why: "the server refuses the record"}},
	{`"ERROR Too many open connections`, classify.Throttled}, // maxconns_fast; then the connection is closed
	{`"ERROR`, classify.Verdict{Class: engine.Permanent, Why: "the server does not know the command: it may not be memcached, or it may need a password"}},
}

// verdictOf returns the verdict on a server's answer. It returns false if there
// was no answer, or if the answer leaves open whether the item arrived.
func verdictOf(err error) (classify.Verdict, bool) {
	if err == nil {
		return classify.Verdict{}, false
	}
	if errors.Is(err, memcache.ErrNotStored) || errors.Is(err, memcache.ErrCASConflict) {
		return classify.ServerError, true
	}
	for _, a := range verdictsByAnswer {
		if strings.Contains(err.Error(), a.answer) {
			return a.Verdict, true
		}
	}
	return classify.Verdict{}, false
}
