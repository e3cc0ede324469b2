package faultproxy_test

import (
	"bufio"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fanout/internal/testing/faultproxy"
)

func start(t *testing.T, p faultproxy.Protocol, upstream string) *faultproxy.Proxy {
	t.Helper()
	x, err := faultproxy.Start(p, upstream)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(x.Close)
	return x
}

// web returns a proxy before a server that answers every request with its body, and the
// number of its answers.
func web(t *testing.T) (*faultproxy.Proxy, *atomic.Int64) {
	t.Helper()
	taken := new(atomic.Int64)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		taken.Add(1)
		if _, err := io.Copy(w, r.Body); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(s.Close)
	return start(t, faultproxy.HTTP, s.Listener.Addr().String()), taken
}

func post(url, body string, cfg *tls.Config) (string, error) {
	tr := &http.Transport{DisableKeepAlives: true, TLSClientConfig: cfg}
	c := http.Client{Transport: tr, Timeout: time.Minute}
	res, err := c.Post(url, "text/plain", strings.NewReader(body)) //nolint:noctx // the client has a timeout
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return string(text), err
}

// TestHTTPPasses asserts that undisturbed data of any size passes unchanged.
func TestHTTPPasses(t *testing.T) {
	p, taken := web(t)
	for _, body := range []string{"", "text", strings.Repeat("0123456789", 1<<17)} {
		if got, err := post("http://"+p.Addr(), body, nil); err != nil || got != body {
			t.Errorf("%d bytes came back as %d: %v", len(body), len(got), err)
		}
	}
	if all, faulty := p.Requests(); all != 3 || faulty != 0 || taken.Load() != 3 {
		t.Errorf("%d requests, %d faulty, %d taken", all, faulty, taken.Load())
	}
}

func TestHTTPFaults(t *testing.T) {
	canned := func(int) []byte { return []byte("HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy") }
	tests := []struct {
		name  string
		fault faultproxy.Fault
		body  string
		want  string // the part of the answer that arrives
		err   error
		taken int64
	}{
		{"reset", faultproxy.Fault{Reset: true}, "abcdef", "", syscall.ECONNRESET, 0},
		{"answer", faultproxy.Fault{Answer: canned}, "abcdef", "busy", nil, 0},
		{"answer, then close", faultproxy.Fault{Answer: canned, Close: true}, "abcdef", "busy", nil, 0},
		{"cut off", faultproxy.Fault{Cut: faultproxy.CutEnd}, "abcdef", "abc", io.ErrUnexpectedEOF, 1},
		{"cut off before a body", faultproxy.Fault{Cut: faultproxy.CutEnd}, "", "", io.ErrUnexpectedEOF, 1},
		{"cut by a reset", faultproxy.Fault{Cut: faultproxy.CutReset}, "abcdef", "abc", syscall.ECONNRESET, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, taken := web(t)
			p.OnRequest(func(n int) *faultproxy.Fault {
				if n == 1 {
					return &tt.fault
				}
				return nil
			})
			got, err := post("http://"+p.Addr(), tt.body, nil)
			if !errors.Is(err, tt.err) || taken.Load() != tt.taken {
				t.Errorf("error %v, %d taken; want %v, %d", err, taken.Load(), tt.err, tt.taken)
			}
			if got != tt.want && !errors.Is(err, syscall.ECONNRESET) { // a reset may discard received data
				t.Errorf("%q arrived; want %q", got, tt.want)
			}
			if got, err := post("http://"+p.Addr(), "next", nil); err != nil || got != "next" {
				t.Errorf("the next request: %q, %v", got, err)
			}
			if all, faulty := p.Requests(); all != 2 || faulty != 1 {
				t.Errorf("%d requests, %d faulty", all, faulty)
			}
		})
	}
}

// TestStall asserts that a stall lasts until the client or the proxy closes.
func TestStall(t *testing.T) {
	p, taken := web(t)
	p.OnRequest(func(int) *faultproxy.Fault { return &faultproxy.Fault{Cut: faultproxy.CutStall} })
	c, err := net.Dial("tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabcdef"); err != nil {
		t.Fatal(err)
	}
	for r := bufio.NewReader(c); ; {
		line, err := r.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if line != "\r\n" {
			continue
		}
		got := make([]byte, 3)
		if _, err := io.ReadFull(r, got); err != nil || string(got) != "abc" {
			t.Fatalf("%q, %v", got, err)
		}
		break
	}
	p.Close()
	if b, err := io.ReadAll(c); len(b) > 0 {
		t.Errorf("%q, %v; want the end", b, err)
	}
	if taken.Load() != 1 {
		t.Errorf("%d taken", taken.Load())
	}
}

func TestRefuseAndListen(t *testing.T) {
	p, _ := web(t)
	p.Refuse()
	if _, err := post("http://"+p.Addr(), "", nil); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("error %v", err)
	}
	for range 2 {
		if err := p.Listen(); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := post("http://"+p.Addr(), "a", nil); err != nil || got != "a" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestTLS(t *testing.T) {
	p, _ := web(t)
	other := httptest.NewUnstartedServer(nil)
	other.StartTLS() // for its certificate
	defer other.Close()
	p.SetCertificate(&other.TLS.Certificates[0])
	if _, err := post("https://"+p.Addr(), "", nil); err == nil || !strings.Contains(err.Error(), "unknown authority") {
		t.Errorf("error %v", err)
	}
	trusting := other.Client().Transport.(*http.Transport).TLSClientConfig
	if got, err := post("https://"+p.Addr(), "a", trusting); err != nil || got != "a" {
		t.Errorf("%q, %v", got, err)
	}
	p.OnRequest(func(int) *faultproxy.Fault { return &faultproxy.Fault{Reset: true} })
	if _, err := post("https://"+p.Addr(), "a", trusting); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("error %v", err)
	}
}

// echo returns the address of a server that answers each line that begins with a key of
// answers with its value.
func echo(t *testing.T, answers map[string]string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				for lines := bufio.NewScanner(c); lines.Scan(); {
					if answer, ok := answers[lines.Text()]; ok {
						if _, err := io.WriteString(c, answer); err != nil {
							return
						}
					}
				}
			}()
		}
	}()
	return l.Addr().String()
}

// talk sends text and compares the answer with want. It reads until the connection ends
// or until it has as many bytes as want.
func talk(t *testing.T, c net.Conn, text, want string) {
	t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, len(want))
	n, _ := io.ReadFull(c, got)
	if diff := cmp.Diff(want, string(got[:n])); diff != "" {
		t.Errorf("%.40q: (-want +got)\n%s", text, diff)
	}
}

func dial(t *testing.T, p *faultproxy.Proxy) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

const (
	hello = "*2\r\n$5\r\nhello\r\n$1\r\n2\r\n"
	setA  = "*3\r\n$3\r\nset\r\n$1\r\na\r\n$3\r\n\r\n!\r\n"
	delA  = "*2\r\n$3\r\ndel\r\n$1\r\na\r\n"
)

// TestRedis asserts that each command of a pipeline can have a fault, and a handshake
// never does.
func TestRedis(t *testing.T) {
	upstream := echo(t, map[string]string{
		"hello": "*4\r\n$6\r\nserver\r\n$5\r\nredis\r\n%1\r\n$1\r\na\r\n:1\r\n$-1\r\n", "set": "+OK\r\n", "del": ":1\r\n",
	})
	p := start(t, faultproxy.Redis, upstream)
	p.OnRequest(func(n int) *faultproxy.Fault {
		return &faultproxy.Fault{Answer: func(i int) []byte {
			if i == 1 {
				return []byte("-BUSY\r\n")
			}
			return nil
		}}
	})
	c := dial(t, p)
	talk(t, c, hello, "*4\r\n$6\r\nserver\r\n$5\r\nredis\r\n%1\r\n$1\r\na\r\n:1\r\n$-1\r\n")
	talk(t, c, setA+setA+delA, "+OK\r\n-BUSY\r\n:1\r\n")
	if all, faulty := p.Requests(); all != 1 || faulty != 1 {
		t.Errorf("%d requests, %d faulty", all, faulty)
	}
	p.OnRequest(func(int) *faultproxy.Fault { return &faultproxy.Fault{Cut: faultproxy.CutEnd} })
	talk(t, c, setA, "+O")
}

func TestMemcached(t *testing.T) {
	upstream := echo(t, map[string]string{"set a 0 0 4": "STORED\r\n", "delete a": "DELETED\r\n"})
	p := start(t, faultproxy.Memcached, upstream)
	c := dial(t, p)
	talk(t, c, "set a 0 0 4\r\nb\r\nc\r\n", "STORED\r\n")
	talk(t, c, "delete a\r\n", "DELETED\r\n")
	p.OnRequest(func(int) *faultproxy.Fault { return &faultproxy.Fault{Cut: faultproxy.CutEnd} })
	talk(t, c, "delete a\r\n", "DELE")
}

// TestNonsense asserts that bytes outside the protocol end the connection.
func TestNonsense(t *testing.T) {
	for name, tt := range map[string]struct {
		protocol faultproxy.Protocol
		text     string
	}{
		"HTTP":                 {faultproxy.HTTP, "nonsense\r\n\r\n"},
		"a number of values":   {faultproxy.Redis, "*x\r\n"},
		"a size":               {faultproxy.Redis, "$99999999999\r\n"},
		"a value in a value":   {faultproxy.Redis, "*1\r\n$x\r\n"},
		"a size of memcached":  {faultproxy.Memcached, "set a 0 0 x\r\n"},
		"a server that is not": {faultproxy.Memcached, "delete a\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			c := dial(t, start(t, tt.protocol, "127.0.0.1:1"))
			if _, err := io.WriteString(c, tt.text); err != nil {
				t.Fatal(err)
			}
			if b, _ := io.ReadAll(c); len(b) > 0 {
				t.Errorf("%q", b)
			}
		})
	}
}
