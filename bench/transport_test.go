package bench

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

// roundTrip is the network latency between a function and a service of its region.
const roundTrip = time.Millisecond

// BenchmarkTransport sends bodies of PutRecords over TLS, 16 at a time, in HTTP/1.1 and
// HTTP/2: with buffers of several sizes, and with a new connection for each.
func BenchmarkTransport(b *testing.B) {
	transport := func(protocol string) *http.Transport {
		t := &http.Transport{
			DialContext: dialFar, MaxIdleConnsPerHost: 16, ForceAttemptHTTP2: protocol == "2",
			TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
		}
		t.Protocols = new(http.Protocols)
		t.Protocols.SetHTTP1(protocol != "2")
		t.Protocols.SetHTTP2(protocol == "2")
		return t
	}
	for _, size := range []int{160 << 10, 700 << 10} {
		b.Run(fmt.Sprintf("KiB=%d", size>>10), func(b *testing.B) {
			for _, protocol := range []string{"1.1", "2"} {
				for _, buffer := range []int{4, 16, 64} {
					b.Run(fmt.Sprintf("protocol=%s/buffer=%d", protocol, buffer), func(b *testing.B) {
						t := transport(protocol)
						t.WriteBufferSize = buffer << 10
						send(b, t, size)
					})
				}
			}
		})
	}
	for _, resume := range []bool{false, true} {
		b.Run(fmt.Sprintf("connection=new/resumed=%v", resume), func(b *testing.B) {
			t := transport("1.1")
			t.DisableKeepAlives = true
			if resume {
				t.TLSClientConfig.ClientSessionCache = tls.NewLRUClientSessionCache(1)
			}
			send(b, t, 1<<10)
		})
	}
}

// send measures 16 requests at a time with a body of the given size.
func send(b *testing.B, t *http.Transport, size int) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			panic(http.ErrAbortHandler)
		}
		w.WriteHeader(http.StatusOK)
	}))
	s.EnableHTTP2 = true
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // about unused connections
	s.StartTLS()
	defer s.Close()
	defer t.CloseIdleConnections()
	body := bytes.Repeat([]byte("x"), size)
	b.SetBytes(int64(16 * size))
	for b.Loop() {
		errs := make([]error, 16)
		var wg sync.WaitGroup
		for i := range errs {
			wg.Go(func() { errs[i] = put(t, s.URL, body) })
		}
		wg.Wait()
		if err := errors.Join(errs...); err != nil {
			b.Fatal(err)
		}
	}
}

func put(t *http.Transport, url string, body []byte) error {
	// Without WriteTo, like the bodies of the function.
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, url, struct{ io.Reader }{bytes.NewReader(body)})
	if err != nil {
		return err
	}
	r.ContentLength = int64(len(body))
	answer, err := t.RoundTrip(r)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, answer.Body)
	return cmp.Or(err, answer.Body.Close())
}

// dialFar connects to a server that is half a round trip away in each direction.
func dialFar(ctx context.Context, network, addr string) (net.Conn, error) {
	c, err := new(net.Dialer).DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	time.Sleep(roundTrip)
	f := &farConn{Conn: c, in: make(chan chunk, 1<<12), out: make(chan chunk, 1<<12), closed: make(chan struct{})}
	go f.receive()
	go f.transmit()
	return f, nil
}

// farConn delays the bytes it carries.
type farConn struct {
	net.Conn
	in, out chan chunk
	rest    []byte // unread rest of a chunk
	once    sync.Once
	closed  chan struct{}
}

// chunk is bytes with the time at which they arrive.
type chunk struct {
	data []byte
	due  time.Time
}

func (c *farConn) receive() {
	defer close(c.in)
	for {
		data := make([]byte, 64<<10)
		n, err := c.Conn.Read(data)
		if n > 0 {
			select {
			case c.in <- chunk{data[:n], time.Now().Add(roundTrip / 2)}:
			case <-c.closed:
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (c *farConn) transmit() {
	for {
		select {
		case k := <-c.out:
			time.Sleep(time.Until(k.due))
			if _, err := c.Conn.Write(k.data); err != nil {
				return
			}
		case <-c.closed:
			return
		}
	}
}

// Read implements net.Conn.
func (c *farConn) Read(p []byte) (int, error) {
	if len(c.rest) == 0 {
		k, ok := <-c.in
		if !ok {
			return 0, io.EOF
		}
		time.Sleep(time.Until(k.due))
		c.rest = k.data
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

// Write implements net.Conn.
func (c *farConn) Write(p []byte) (int, error) {
	select {
	case c.out <- chunk{bytes.Clone(p), time.Now().Add(roundTrip / 2)}:
		return len(p), nil
	case <-c.closed:
		return 0, net.ErrClosed
	}
}

// Close implements net.Conn.
func (c *farConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}
