package memcached

import (
	"cmp"
	"crypto/md5" //nolint:gosec // the algorithm is part of ketama; it protects nothing
	"encoding/binary"
	"net"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// ring assigns keys to the nodes of a cluster with ketama: each node has 160 points on a
// circle, and owns the keys that lie before them. So a node more or less moves few keys,
// and every client with the same algorithm finds the keys: libmemcached, and the PHP,
// Python and Ruby clients built on it, with KETAMA_WEIGHTED, which some options call
// LIBKETAMA_COMPATIBLE.
//
// gomemcache's own ServerList takes CRC-32 modulo the number of nodes, so a new node
// moves nearly all keys. fanout's predecessor divided the first byte of the key's MD5
// among the nodes in the order of their list, which no client library does.
type ring struct {
	nodes  []net.Addr
	points []point // ascending
}

type point struct {
	at   uint32
	node net.Addr
}

const (
	ringHashes = 40 // per node
	ringPoints = 4  // per hash
)

// newRing returns the ring of the nodes at addrs, which are host:port in any order.
func newRing(addrs []string) *ring {
	r := &ring{points: make([]point, 0, len(addrs)*ringHashes*ringPoints)}
	for _, addr := range addrs {
		node := address(addr)
		r.nodes = append(r.nodes, node)
		// libmemcached omits memcached's own port.
		name := strings.TrimSuffix(addr, ":11211")
		for i := range ringHashes {
			sum := md5.Sum([]byte(name + "-" + strconv.Itoa(i))) //nolint:gosec // see above
			for p := range ringPoints {
				r.points = append(r.points, point{binary.LittleEndian.Uint32(sum[4*p:]), node})
			}
		}
	}
	slices.SortFunc(r.points, func(a, b point) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.node.String(), b.node.String()))
	})
	return r
}

// node returns the node that owns key. The ring must not be empty.
func (r *ring) node(key string) net.Addr {
	if len(r.nodes) == 1 {
		return r.nodes[0]
	}
	sum := md5.Sum([]byte(key)) //nolint:gosec // see above
	at := binary.LittleEndian.Uint32(sum[:])
	i := sort.Search(len(r.points), func(i int) bool { return r.points[i].at >= at })
	if i == len(r.points) {
		i = 0
	}
	return r.points[i].node
}

// address is a host and port. Each connection looks it up again, because a name may move
// to another server.
type address string

// Network returns "tcp".
func (address) Network() string { return "tcp" }

// String returns host:port.
func (a address) String() string { return string(a) }
