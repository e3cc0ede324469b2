// Package xray writes what happened at targets to AWS X-Ray, without its SDK: a subsegment for
// each target of a traced invocation, by UDP to the X-Ray daemon, which runs beside a function
// with active tracing.
package xray

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// DefaultDaemon is where the daemon listens without AWS_XRAY_DAEMON_ADDRESS.
const DefaultDaemon = "127.0.0.1:2000"

// Tracer sends subsegments. It opens its socket for the first one. It is safe for concurrent
// use.
type Tracer struct {
	daemon string
	warn   func(error) // called once

	open  sync.Once
	once  sync.Once
	conn  net.Conn
	fault error
}

// New returns a tracer with the address of the daemon as AWS_XRAY_DAEMON_ADDRESS has it (X-Ray
// developer guide, Configuring the AWS X-Ray SDK for Go): host:port, or "tcp:… udp:…".
// "" is DefaultDaemon. warn gets the first error: a delivery never does.
func New(daemon string, warn func(error)) *Tracer {
	for _, part := range strings.Fields(daemon) {
		if address, ok := strings.CutPrefix(part, "udp:"); ok {
			daemon = address
		}
	}
	if daemon == "" {
		daemon = DefaultDaemon
	}
	return &Tracer{daemon: daemon, warn: warn}
}

// Trace is the trace of one invocation. It is safe for concurrent use.
type Trace struct {
	tracer       *Tracer
	root, parent string
	rest         string // of the header, for requests

	mu       sync.Mutex
	segments map[Target]*segment
}

// Target names a target of the function.
type Target struct{ Source, ID string }

// segment is the subsegment of a target.
type segment struct {
	id    string
	began time.Time
}

// Begin returns the trace of an invocation with this trace header, such as
// "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1". It is nil if
// X-Ray does not sample the invocation, or the header is of another form.
func (t *Tracer) Begin(header string) *Trace {
	trace := &Trace{tracer: t}
	sampled := false
	for field := range strings.SplitSeq(header, ";") {
		field = strings.TrimSpace(field)
		name, value, _ := strings.Cut(field, "=")
		switch name {
		case "Root":
			trace.root = value
		case "Parent":
			trace.parent = value
		case "Sampled":
			sampled = value == "1"
		case "Self":
		default: // such as Lineage, which Lambda uses to find loops
			trace.rest += ";" + field
		}
	}
	if !sampled || !plain(trace.root) || !plain(trace.parent) || len(trace.rest) > maxRest {
		return nil
	}
	return trace
}

// maxRest bounds what is passed on unseen, in bytes.
const maxRest = 256

// plain reports whether an id of a trace or segment is one.
func plain(id string) bool {
	return id != "" && len(id) < 64 && strings.Trim(id, "0123456789abcdefABCDEF-") == ""
}

type traceKey struct{}

// With returns a context for the invocation of a trace.
func With(ctx context.Context, t *Trace) context.Context {
	if t == nil {
		return ctx
	}
	return context.WithValue(ctx, traceKey{}, t)
}

// From returns the trace of the invocation, nil if it is not traced.
func From(ctx context.Context) *Trace {
	t, _ := ctx.Value(traceKey{}).(*Trace)
	return t
}

type headerKey struct{}

// For returns a context for requests to a target. Header returns their trace header.
func (t *Trace) For(ctx context.Context, to Target) context.Context {
	return context.WithValue(ctx, headerKey{}, "Root="+t.root+";Parent="+t.segment(to).id+";Sampled=1"+t.rest)
}

// Header returns the trace header of requests, "" if they are not traced.
func Header(ctx context.Context) string {
	header, _ := ctx.Value(headerKey{}).(string)
	return header
}

// segment returns the subsegment of a target, which begins with its first use.
func (t *Trace) segment(of Target) *segment {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.segments[of]
	if s == nil {
		var id [8]byte
		_, _ = rand.Read(id[:]) // it never fails
		s = &segment{hex.EncodeToString(id[:]), time.Now()}
		if t.segments == nil {
			t.segments = make(map[Target]*segment)
		}
		t.segments[of] = s
	}
	return s
}

// Close sends the subsegments of a source's targets. results are those of its active targets.
// Other targets that got requests, for onFailure, have no result.
func (t *Trace) Close(source string, results []Result) {
	for i := range results {
		t.send(source, &results[i])
	}
	t.mu.Lock()
	var others []Target
	for to := range t.segments {
		if to.Source == source {
			others = append(others, to)
		}
	}
	t.mu.Unlock()
	for _, to := range others {
		t.send(source, &Result{ID: to.ID, End: time.Now()})
	}
}

// send sends the subsegment of a target, and forgets it.
func (t *Trace) send(source string, r *Result) {
	to := Target{source, r.ID}
	s := t.segment(to)
	t.mu.Lock()
	delete(t.segments, to)
	t.mu.Unlock()
	if !r.Begin.IsZero() {
		s.began = r.Begin
	}
	t.tracer.write(document(t, s, source, r))
}

// writeLimit bounds a write to the daemon. The kernel takes a datagram at once or drops it.
const writeLimit = 5 * time.Millisecond

// write sends a datagram. Nobody waits for the daemon, and nothing depends on it.
func (t *Tracer) write(datagram []byte) {
	t.open.Do(func() {
		// A name would have to be looked up, which may take long.
		address, err := netip.ParseAddrPort(strings.Replace(t.daemon, "localhost:", "127.0.0.1:", 1))
		if err != nil {
			t.fault = err
			return
		}
		t.conn, t.fault = net.Dial("udp", address.String())
	})
	err := t.fault
	if err == nil {
		_ = t.conn.SetWriteDeadline(time.Now().Add(writeLimit))
		_, err = t.conn.Write(datagram)
	}
	if err != nil {
		t.once.Do(func() { t.warn(err) })
	}
}
