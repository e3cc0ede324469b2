package faultproxy

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
)

// buffer is large enough for one write of a client in a test: a pipeline in it is one
// request.
const buffer = 1 << 20

// conn is a client's connection.
type conn struct {
	*Proxy
	tcp    net.Conn // for a reset
	client io.Writer
	r      *bufio.Reader
	server net.Conn // nil: not connected yet
	answer *bufio.Reader
}

func (p *Proxy) serve(tcp net.Conn) {
	c := &conn{Proxy: p, tcp: tcp}
	plain := tcp
	p.mu.Lock()
	cert := p.cert
	p.mu.Unlock()
	if cert != nil {
		plain = tls.Server(tcp, &tls.Config{Certificates: []tls.Certificate{*cert}, MinVersion: tls.VersionTLS12})
	}
	c.client, c.r = plain, bufio.NewReaderSize(plain, buffer)
	for c.exchange() {
	}
	if c.server != nil {
		p.drop(c.server)
	}
}

// exchange forwards one request and its answer. It reports whether more may follow.
func (c *conn) exchange() bool {
	if _, err := c.r.Peek(1); err != nil {
		return false
	}
	head, _ := c.r.Peek(c.r.Buffered()) // all buffered bytes, so no error
	var f Fault
	if c.protocol.counts(head) {
		f = c.next()
	}
	if f.Reset {
		c.reset()
		return false
	}
	var answer []byte
	for i := 0; i == 0 || c.r.Buffered() > 0; i++ {
		command, err := c.protocol.request(c.r)
		if err != nil {
			return false
		}
		one, err := c.ask(&f, i, command)
		if err != nil {
			return false
		}
		answer = append(answer, one...)
	}
	if f.Cut == CutNone {
		_, err := c.client.Write(answer)
		return err == nil && !f.Close
	}
	_, _ = c.client.Write(answer[:c.protocol.middle(answer)]) // the connection breaks after this
	if f.Cut == CutReset {
		c.reset()
	}
	if f.Cut == CutStall {
		_, _ = io.Copy(io.Discard, c.r) // until the client closes
	}
	return false
}

// ask returns the answer of the fault, or of the server, to command i of a request.
func (c *conn) ask(f *Fault, i int, command []byte) ([]byte, error) {
	if f.Answer != nil {
		if answer := f.Answer(i); answer != nil {
			return answer, nil
		}
	}
	if c.server == nil {
		server, err := net.Dial("tcp", c.upstream)
		if err != nil {
			return nil, err
		}
		if !c.keep(server, nil) {
			_ = server.Close() // the proxy is closing
			return nil, net.ErrClosed
		}
		c.server, c.answer = server, bufio.NewReader(server)
	}
	if _, err := c.server.Write(command); err != nil {
		return nil, err
	}
	return c.protocol.answer(c.answer, command)
}

// reset makes the connection end with a RST.
func (c *conn) reset() {
	if tcp, ok := c.tcp.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // fails only on a closed connection
	}
}
