package sinks

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

// ring says which node of a cluster has a key, as ketama does: each node is put at
// 160 points of a circle, and has the keys that lie before them. So a node more or
// less moves few keys, and every client that does the same finds them: libmemcached,
// and what is built on it in PHP, Python and Ruby, with KETAMA_WEIGHTED, which sets
// of options call LIBKETAMA_COMPATIBLE.
//
// gomemcache's own ServerList takes CRC-32 modulo the number of nodes, where a node
// more moves nearly all keys. fanout's predecessor divided the first byte of the
// key's MD5 among the nodes in the order of their list, as no client library does.
type ring struct {
	nodes  []net.Addr
	points []point // ascending
}

type point struct {
	at   uint32
	node net.Addr
}

const (
	ringHashes = 40 // a node
	ringPoints = 4  // a hash
)

// newRing returns the ring of the nodes at addrs, which are host:port. The order
// does not matter.
func newRing(addrs []string) *ring {
	r := &ring{points: make([]point, 0, len(addrs)*ringHashes*ringPoints)}
	for _, addr := range addrs {
		node := address(addr)
		r.nodes = append(r.nodes, node)
		// libmemcached leaves the port out where it is memcached's.
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

// node returns the node that has key. There is at least one.
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

// address is a host and port that is looked up anew for each connection, since a
// name may come to mean another server.
type address string

// Network is "tcp".
func (address) Network() string { return "tcp" }

// String is host:port.
func (a address) String() string { return string(a) }
