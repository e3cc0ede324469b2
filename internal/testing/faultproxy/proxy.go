package faultproxy

import (
	"crypto/tls"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
)

// Proxy is a proxy before a server. It is safe for concurrent use.
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
// upstream, host:port. The system does not assign the port by itself: while the proxy
// refuses connections, no other process may answer there.
func Start(p Protocol, upstream string) (*Proxy, error) {
	x := &Proxy{protocol: p, upstream: upstream, conns: make(map[net.Conn]bool)}
	for tries := 0; ; tries++ {
		x.addr = fmt.Sprintf("127.0.0.1:%d", 10_000+rand.N(20_000))
		if err := x.Listen(); err == nil || tries == 100 {
			return x, err
		}
	}
}

// Addr returns the proxy's address, 127.0.0.1:port.
func (p *Proxy) Addr() string { return p.addr }

// OnRequest makes decide return the fault of each request from now on; n is the number of
// the request, from 1. A nil decide, or a nil result, means no fault. The proxy calls
// decide concurrently for concurrent requests.
func (p *Proxy) OnRequest(decide func(n int) *Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.decide = decide
}

// Requests returns the number of requests, and how many of them had a fault.
func (p *Proxy) Requests() (all, faulty int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.requests, p.faults
}

// SetCertificate makes new connections use TLS with a certificate; nil: no TLS.
func (p *Proxy) SetCertificate(c *tls.Certificate) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cert = c
}

// Refuse refuses connections from now on, and closes existing ones.
func (p *Proxy) Refuse() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.listener != nil {
		_ = p.listener.Close() // fails only if closed already
		p.listener = nil
	}
	for c := range p.conns {
		_ = c.Close() // an error changes nothing
	}
}

// Listen accepts connections again, at the same address.
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

// Close closes all connections and waits for running requests.
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
			_ = nc.Close() // it arrived as Refuse began
			continue
		}
		p.active.Go(func() {
			p.serve(nc)
			p.drop(nc)
		})
	}
}

// keep remembers a connection for Refuse, if l still accepts connections. A nil l stands
// for the server, which always accepts.
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
	_ = c.Close() // the peer is gone or will be
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, c)
}

// next returns the fault of the next request.
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
