package bench

import (
	"bufio"
	"net"
	"net/http"
	"sync"
	"time"
)

// Serve serves l until closeAll is called: AWS and Elasticsearch over HTTP, Redis, and
// memcached. The first byte of a connection selects the protocol.
func (s *Services) Serve(l net.Listener) (closeAll func()) {
	d := &door{Listener: l, services: s, web: make(chan net.Conn), closed: make(chan struct{}), caches: make(map[net.Conn]bool)}
	h := &http.Server{Handler: s, ReadHeaderTimeout: time.Minute}
	d.running.Go(d.accept)
	d.running.Go(func() { _ = h.Serve(d) }) // ends with Close; the error has no receiver
	return func() {
		_ = h.Close() // no longer in use
		d.shut()
		d.running.Wait()
	}
}

// door accepts connections. It is the listener for HTTP connections.
type door struct {
	net.Listener
	services *Services
	running  sync.WaitGroup
	web      chan net.Conn
	once     sync.Once
	closed   chan struct{}

	mu     sync.Mutex
	caches map[net.Conn]bool
}

// guest is a connection whose first bytes were read.
type guest struct {
	net.Conn
	r *bufio.Reader
}

func (g guest) Read(p []byte) (int, error) { return g.r.Read(p) }

// Accept implements net.Listener.
func (d *door) Accept() (net.Conn, error) {
	select {
	case c := <-d.web:
		return c, nil
	case <-d.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (d *door) Close() error {
	d.once.Do(func() { close(d.closed) })
	return d.Listener.Close()
}

func (d *door) shut() {
	_ = d.Close() // a second call fails
	d.mu.Lock()
	defer d.mu.Unlock()
	for c := range d.caches {
		_ = c.Close()
	}
	d.caches = nil
}

func (d *door) accept() {
	for {
		c, err := d.Listener.Accept()
		if err != nil {
			return
		}
		d.mu.Lock()
		if d.caches == nil {
			_ = c.Close()
		} else {
			d.caches[c] = true
			d.running.Go(func() { d.serveConnection(guest{c, bufio.NewReader(c)}) })
		}
		d.mu.Unlock()
	}
}

// serveConnection serves a cache's connection, or passes on an HTTP connection.
func (d *door) serveConnection(g guest) {
	first, err := g.r.Peek(1)
	commands := err == nil && (first[0] == '*' || first[0] >= 'a')
	if err == nil && !commands {
		d.mu.Lock()
		delete(d.caches, g.Conn)
		d.mu.Unlock()
		select {
		case d.web <- g:
			return
		case <-d.closed:
		}
	}
	if commands {
		d.services.keep(g)
	}
	_ = g.Close() // no longer in use
	d.mu.Lock()
	delete(d.caches, g.Conn)
	d.mu.Unlock()
}
