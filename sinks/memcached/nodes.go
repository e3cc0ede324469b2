package memcached

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"fanout/engine"
	"fanout/sinks/internal/cache"
)

// nodesRefresh is the lifetime of a list of nodes. The ElastiCache clients also refresh
// theirs every minute.
const nodesRefresh = time.Minute

// nodes are the servers of a cache: one server, or the servers that an ElastiCache
// configuration endpoint lists (ElastiCache guide, Adding auto discovery to your client
// library). It is the client's memcache.ServerSelector, and safe for concurrent use.
type nodes struct {
	endpoint string
	discover bool
	dial     cache.Dialer

	ring   atomic.Pointer[ring] // nil: not known yet
	broken atomic.Bool          // a node did not answer, so the list may be out of date
	asking chan struct{}        // holds a token during a request to the endpoint
	due    time.Time            // time of the next refresh; needs the token
}

func newNodes(endpoint string, discover bool, dial cache.Dialer) *nodes {
	n := &nodes{endpoint: endpoint, discover: discover, dial: dial, asking: make(chan struct{}, 1)}
	if !discover {
		n.ring.Store(newRing([]string{endpoint}))
	}
	return n
}

// PickServer returns the node for key.
func (n *nodes) PickServer(key string) (net.Addr, error) {
	r := n.ring.Load()
	if r == nil {
		return nil, engine.Errorf(engine.Retryable, "the nodes of the cluster are not known yet")
	}
	return r.node(key), nil
}

// Each calls f with every node until f returns an error.
func (n *nodes) Each(f func(net.Addr) error) error {
	r := n.ring.Load()
	if r == nil {
		return nil
	}
	for _, node := range r.nodes {
		if err := f(node); err != nil {
			return err
		}
	}
	return nil
}

// suspect records that a node did not answer.
func (n *nodes) suspect() { n.broken.Store(true) }

// refresh asks the configuration endpoint for the nodes when the list is old. If the
// endpoint does not answer, the known nodes stay in use. It returns an error only if none
// are known.
func (n *nodes) refresh(ctx context.Context) error {
	if !n.discover {
		return nil
	}
	select {
	case n.asking <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-n.asking }()
	if n.ring.Load() != nil && time.Now().Before(n.due) && !n.broken.Load() {
		return nil
	}
	n.broken.Store(false)
	addrs, err := n.ask(ctx)
	n.due = time.Now().Add(nodesRefresh)
	if err == nil {
		n.ring.Store(newRing(addrs))
	} else if n.ring.Load() == nil {
		return err
	}
	return nil
}

// ask asks the configuration endpoint for the addresses of the nodes.
func (n *nodes) ask(ctx context.Context) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, cache.Timeout)
	defer cancel()
	conn, err := n.dial(ctx, "tcp", n.endpoint)
	if err != nil {
		return nil, err
	}
	defer conn.Close() //nolint:errcheck // nothing was written that could be lost
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	answers := bufio.NewReader(conn)
	// Engines before 1.4.14 do not know the first command.
	for _, command := range []string{"config get cluster\r\n", "get AmazonElastiCache:cluster\r\n"} {
		if _, err := io.WriteString(conn, command); err != nil {
			return nil, err
		}
		config, err := readConfig(answers)
		if err != nil {
			return nil, err
		}
		if config != nil {
			return parseNodes(config)
		}
	}
	return nil, engine.Errorf(engine.Permanent, "the server returned no nodes: write the address of a node, or of an ElastiCache configuration endpoint")
}

// maxConfig is the limit, in bytes, of an answer of a configuration endpoint. maxNodes is
// the limit of the nodes in it. A cluster has at most a few hundred nodes of about 100
// bytes each, and each node takes 4 KB of a ring.
const (
	maxConfig = 256 << 10
	maxNodes  = 1000
)

// readConfig reads the answer to one of the commands that ask for nodes:
//
//	CONFIG cluster 0 <bytes>\r\n<configuration>\r\nEND\r\n
//
// Old engines answer VALUE AmazonElastiCache:cluster instead of CONFIG cluster.
// readConfig returns nil if the server has no configuration or does not know the command.
func readConfig(r *bufio.Reader) ([]byte, error) {
	line, err := r.ReadSlice('\n')
	if err != nil {
		return nil, err
	}
	words := strings.Fields(string(line))
	switch {
	case len(words) == 1 && (words[0] == "ERROR" || words[0] == "END"):
		return nil, nil
	case len(words) != 4 || words[0] != "CONFIG" && words[0] != "VALUE":
		return nil, badConfig("it does not begin with CONFIG")
	}
	size, err := strconv.ParseUint(words[3], 10, 31)
	if err != nil || size > maxConfig {
		return nil, badConfig("it has no plausible length")
	}
	const end = "\r\nEND\r\n"
	config := make([]byte, int(size)+len(end))
	if _, err := io.ReadFull(r, config); err != nil {
		return nil, err
	}
	config, whole := bytes.CutSuffix(config, []byte(end))
	if !whole {
		return nil, badConfig("its length is wrong")
	}
	return config, nil
}

// parseNodes reads a configuration. The first line is the version of the list; it
// restarts when a cluster is created again, so it is not compared. The second line is the
// nodes,
//
//	<host>|<ip>|<port> <host>|<ip>|<port> …
//
// parseNodes returns their addresses, with the host name if there is one: the name stays
// when a node is replaced, and certificates contain it.
func parseNodes(config []byte) ([]string, error) {
	version, list, _ := strings.Cut(string(config), "\n")
	if _, err := strconv.ParseUint(strings.TrimSpace(version), 10, 64); err != nil {
		return nil, badConfig("it has no version")
	}
	var addrs []string
	if strings.Count(list, "|") > 2*maxNodes {
		return nil, badConfig("it names more nodes than a cluster can have")
	}
	for _, node := range strings.Fields(list) {
		parts := strings.Split(node, "|")
		if len(parts) != 3 || parts[0]+parts[1] == "" {
			return nil, badConfig("a node is not host|ip|port")
		}
		if port, err := strconv.ParseUint(parts[2], 10, 16); err != nil || port == 0 {
			return nil, badConfig("a node has no port")
		}
		host := parts[0]
		if host == "" {
			host = parts[1]
		}
		addrs = append(addrs, net.JoinHostPort(host, parts[2]))
	}
	if len(addrs) == 0 {
		return nil, badConfig("it has no nodes")
	}
	return addrs, nil
}

func badConfig(why string) error {
	return engine.Errorf(engine.Retryable, "the configuration endpoint's answer cannot be read: %s", why)
}

// authenticated returns next with a login first, for servers started with -Y: a set of
// the credentials under any key (protocol.txt, Authentication).
func authenticated(c *cache.Options, sink string, next cache.Dialer) cache.Dialer {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		user, password, err := c.Login(ctx, sink)
		if err != nil {
			return nil, err
		}
		conn, err := next(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		if err := login(conn, user, password); err != nil {
			_ = conn.Close() // the connection has no use
			return nil, err
		}
		return conn, nil
	}
}

func login(conn net.Conn, user, password string) error {
	if err := conn.SetDeadline(time.Now().Add(cache.Timeout)); err != nil {
		return err
	}
	secret := user + " " + password
	if _, err := fmt.Fprintf(conn, "set auth 0 0 %d\r\n%s\r\n", len(secret), secret); err != nil {
		return err
	}
	answer, err := readLine(conn)
	switch {
	case err != nil:
		return err
	case answer != "STORED":
		return engine.Errorf(engine.Permanent, "the server refuses user and password: check them")
	}
	return conn.SetDeadline(time.Time{})
}

// readLine reads a line and nothing after it, because extra bytes would be lost.
func readLine(r io.Reader) (string, error) {
	var line []byte
	var b [1]byte
	for len(line) < 512 {
		if _, err := io.ReadFull(r, b[:]); err != nil {
			return "", err
		}
		if b[0] == '\n' {
			break
		}
		line = append(line, b[0])
	}
	return strings.TrimSuffix(string(line), "\r"), nil
}
