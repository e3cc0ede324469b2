//go:build integration

package integration

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"net/url"
	"os/user"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// startMemcached starts a memcached server.
func startMemcached(t *testing.T, options ...string) *server {
	t.Helper()
	addr := freeAddr()
	_, port, _ := net.SplitHostPort(addr)
	argv := []string{"memcached", "-l", "127.0.0.1", "-p", port, "-U", "0", "-u", must(user.Current())(t).Username}
	return serve(t, addr, append(argv, options...)...)
}

// memcachedConn is a plain client of the text protocol.
type memcachedConn struct {
	net.Conn
	answers *bufio.Reader
}

// dialMemcached connects; the connection closes when the test ends.
func dialMemcached(t *testing.T, addr string) memcachedConn {
	t.Helper()
	conn := must(net.Dial("tcp", addr))(t)
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return memcachedConn{conn, bufio.NewReader(conn)}
}

func (c memcachedConn) line(t *testing.T) string {
	t.Helper()
	return strings.TrimRight(must(c.answers.ReadString('\n'))(t), "\r\n")
}

// lines runs a command and returns its answer up to END. It repeats a command if the
// server is too busy.
func (c memcachedConn) lines(t *testing.T, command string) (all []string) {
	t.Helper()
	must(io.WriteString(c, command+"\r\n"))(t)
	for {
		switch line := c.line(t); {
		case line == "END":
			return all
		case strings.HasPrefix(line, "BUSY"):
			time.Sleep(10 * time.Millisecond)
			return c.lines(t, command)
		default:
			all = append(all, line)
		}
	}
}

// stat returns a number of the server's statistics.
func (c memcachedConn) stat(t *testing.T, name string) int {
	t.Helper()
	for _, line := range c.lines(t, "stats") {
		if v, ok := strings.CutPrefix(line, "STAT "+name+" "); ok {
			return must(strconv.Atoi(v))(t)
		}
	}
	t.Fatalf("memcached has no statistic %s", name)
	return 0
}

// data returns the server's content by key.
func (c memcachedConn) data(t *testing.T) map[string]string {
	t.Helper()
	data := make(map[string]string)
	for _, line := range c.lines(t, "lru_crawler metadump all") {
		key, _, _ := strings.Cut(strings.TrimPrefix(line, "key="), " ")
		key = must(url.PathUnescape(key))(t)
		must(fmt.Fprintf(c, "get %s\r\n", key))(t)
		words := strings.Fields(c.line(t))
		if len(words) != 4 || words[1] != key {
			t.Fatalf("memcached answered %q", words)
		}
		value := make([]byte, must(strconv.Atoi(words[3]))(t)+len("\r\nEND\r\n"))
		must(io.ReadFull(c.answers, value))(t)
		data[key] = strings.TrimSuffix(string(value), "\r\nEND\r\n")
	}
	return data
}

// memcachedData returns the content of an idle server by key. It has as many items as the
// server counts.
func memcachedData(t *testing.T, addr string) map[string]string {
	t.Helper()
	c := dialMemcached(t, addr)
	data := c.data(t)
	if n := c.stat(t, "curr_items"); n != len(data) {
		t.Errorf("memcached counts %d items, and lists %d", n, len(data))
	}
	return data
}

// memcachedKeys returns data under its keys in memcached: a key that memcached refuses
// becomes its SHA-256 in hex.
func memcachedKeys(data map[string]string) map[string]string {
	kept := make(map[string]string, len(data))
	for key, value := range data {
		if key == "" || len(key) > 250 || strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r == 0x7F }) {
			key = fmt.Sprintf("%x", sha256.Sum256([]byte(key)))
		}
		kept[key] = value
	}
	return kept
}

// startConfiguration starts a stub of ElastiCache's configuration endpoint, which lists
// the nodes and supports no other command. It returns the endpoint's address as a
// destination. The .cfg. in its name marks such an endpoint. The zone of an address is a
// name that needs no DNS, and loopback ignores it.
func startConfiguration(t *testing.T, nodes ...*server) string {
	t.Helper()
	l, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skipf("there is no IPv6 on loopback: %v", err)
	}
	config := "12\n"
	for i, n := range nodes {
		if i > 0 {
			config += " "
		}
		config += "|127.0.0.1|" + n.port()
	}
	config += "\n"
	var active sync.WaitGroup
	active.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			active.Go(func() {
				defer conn.Close()
				commands := bufio.NewScanner(conn)
				for commands.Scan() {
					answer := "ERROR\r\n"
					if commands.Text() == "config get cluster" {
						answer = fmt.Sprintf("CONFIG cluster 0 %d\r\n%s\r\nEND\r\n", len(config), config)
					}
					if _, err := io.WriteString(conn, answer); err != nil {
						return
					}
				}
			})
		}
	})
	t.Cleanup(func() { _ = l.Close(); active.Wait() })
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return "[::1%a.cfg.loopback]:" + port
}
