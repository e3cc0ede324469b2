package faultproxy

import (
	"crypto/tls"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
)

// Proxy stands before a server. It is safe for concurrent use.
type Proxy struct {
	protocol Protocol
	upstream string
	addr     string
	active   sync.WaitGroup

	mu       sync.Mutex
	listener net.Listener // nil: connections are refused
	cert     *tls.Certificate
	conns    map[net.Conn]bool
	decide   func(n int) *Fault
	requests int
	faults   int
	closed   bool
}

// Start returns a proxy that listens on a free loopback port before the server at
// upstream, host:port. The port is none that the system gives away by itself: while
// connections are refused, nobody else must answer there.
func Start(p Protocol, upstream string) (*Proxy, error) {
	x := &Proxy{protocol: p, upstream: upstream, conns: make(map[net.Conn]bool)}
	for tries := 0; ; tries++ {
		x.addr = fmt.Sprintf("127.0.0.1:%d", 10_000+rand.N(20_000))
		if err := x.Listen(); err == nil || tries == 100 {
			return x, err
		}
	}
}

// Addr is where the proxy listens, 127.0.0.1:port.
func (p *Proxy) Addr() string { return p.addr }

// OnRequest makes decide say what goes wrong with each request from now on, of which
// n is the number, from 1; nil, there and as its answer, is nothing. It is called
// concurrently for concurrent requests.
func (p *Proxy) OnRequest(decide func(n int) *Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.decide = decide
}

// Requests returns how many requests there were, and how many of them went wrong.
func (p *Proxy) Requests() (all, faulty int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.requests, p.faults
}

// SetCertificate makes new connections speak TLS with a certificate; nil: no TLS.
func (p *Proxy) SetCertificate(c *tls.Certificate) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cert = c
}

// Refuse refuses connections from now on, and breaks those there are.
func (p *Proxy) Refuse() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.listener != nil {
		_ = p.listener.Close() // it can only be closed already
		p.listener = nil
	}
	for c := range p.conns {
		_ = c.Close() // broken is broken
	}
}

// Listen takes connections again, at the same address.
func (p *Proxy) Listen() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || p.listener != nil {
		return nil
	}
	l, err := net.Listen("tcp", p.addr)
	if err != nil {
		return fmt.Errorf("the proxy cannot listen: %w", err)
	}
	p.listener, p.addr = l, l.Addr().String()
	p.active.Go(func() { p.accept(l) })
	return nil
}

// Close breaks all connections and waits until no request is under way.
func (p *Proxy) Close() {
	p.Refuse()
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.active.Wait()
}

func (p *Proxy) accept(l net.Listener) {
	for {
		nc, err := l.Accept()
		if err != nil {
			return
		}
		if !p.keep(nc, l) {
			_ = nc.Close() // it came while connections began to be refused
			continue
		}
		p.active.Go(func() {
			p.serve(nc)
			p.drop(nc)
		})
	}
}

// keep remembers a connection, so that Refuse can break it, if connections to l are
// still taken; a nil l is that of the server, which always are.
func (p *Proxy) keep(c net.Conn, l net.Listener) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if l != p.listener && l != nil || p.closed {
		return false
	}
	p.conns[c] = true
	return true
}

func (p *Proxy) drop(c net.Conn) {
	_ = c.Close() // the peer is gone or to be gone
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, c)
}

// next says what goes wrong with the next request.
func (p *Proxy) next() Fault {
	p.mu.Lock()
	p.requests++
	n, decide := p.requests, p.decide
	p.mu.Unlock()
	if decide == nil {
		return Fault{}
	}
	f := decide(n)
	if f == nil {
		return Fault{}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults++
	return *f
}
