//go:build integration

package integration

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// startRedis starts a Redis server without persistence. Options come last, so they
// override.
func startRedis(t *testing.T, options ...string) *server {
	t.Helper()
	addr := freeAddr()
	_, port, _ := net.SplitHostPort(addr)
	argv := []string{"redis-server", "--bind", "127.0.0.1", "--port", port, "--dir", t.TempDir(), "--save", "", "--appendonly", "no"}
	return serve(t, addr, append(argv, options...)...)
}

// startRedisCluster starts three nodes and joins them to a cluster.
func startRedisCluster(t *testing.T) (nodes []*server) {
	t.Helper()
	argv := []string{"--cluster", "create"}
	for range 3 {
		bus := freeAddr()
		_, port, _ := net.SplitHostPort(bus)
		n := startRedis(t, "--cluster-enabled", "yes", "--cluster-port", port)
		nodes, argv = append(nodes, n), append(argv, n.addr)
	}
	if out, err := exec.CommandContext(t.Context(), "redis-cli", append(argv, "--cluster-yes")...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, n := range nodes {
		eventually(t, func() error {
			if info := dialRedis(t, n.addr, nil).do(t, "CLUSTER", "INFO"); !strings.Contains(info.(string), "cluster_state:ok") {
				return fmt.Errorf("the cluster is not ready: %s", info)
			}
			return nil
		})
	}
	return nodes
}

// redisConn is a plain client of the protocol RESP2.
type redisConn struct {
	net.Conn
	answers *bufio.Reader
}

// dialRedis connects, over TLS if cfg is set; the connection closes when the test ends.
func dialRedis(t *testing.T, addr string, cfg *tls.Config) redisConn {
	t.Helper()
	conn := must(net.Dial("tcp", addr))(t)
	if cfg != nil {
		conn = tls.Client(conn, cfg)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return redisConn{conn, bufio.NewReader(conn)}
}

// do runs a command. Its answer is a string, an int64, a []any of answers, or nil.
func (c redisConn) do(t *testing.T, words ...string) any {
	t.Helper()
	text := fmt.Sprintf("*%d\r\n", len(words))
	for _, w := range words {
		text += fmt.Sprintf("$%d\r\n%s\r\n", len(w), w)
	}
	must(io.WriteString(c, text))(t)
	return c.answer(t)
}

func (c redisConn) answer(t *testing.T) any {
	t.Helper()
	line := strings.TrimSuffix(must(c.answers.ReadString('\n'))(t), "\r\n")
	n, _ := strconv.Atoi(line[1:]) // for answers that begin with a number
	switch line[0] {
	case '+':
		return line[1:]
	case ':':
		return int64(n)
	case '$':
		if n < 0 {
			return nil
		}
		data := make([]byte, n+len("\r\n"))
		must(io.ReadFull(c.answers, data))(t)
		return string(data[:n])
	case '*':
		list := make([]any, max(n, 0))
		for i := range list {
			list[i] = c.answer(t)
		}
		return list
	}
	t.Fatalf("redis answered %s", line)
	return nil
}

// data returns the server's content by key.
func (c redisConn) data(t *testing.T) map[string]string {
	t.Helper()
	data := make(map[string]string)
	for _, key := range c.do(t, "KEYS", "*").([]any) {
		data[key.(string)] = c.do(t, "GET", key.(string)).(string)
	}
	return data
}
