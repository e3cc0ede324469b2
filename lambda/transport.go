package lambda

import (
	"crypto/tls"
	"net/http"
	"time"
)

const (
	// idle is how long an unused connection is kept. Services do not document when they
	// close idle connections. AWS load balancers close them after 60 s by default
	// (Application Load Balancers, connection idle timeout). A request sent on a closing
	// connection must be sent again.
	idle = 50 * time.Second

	// writeBuffer is the size of a TLS record (RFC 8446, section 5.1). net/http encrypts
	// and writes request bodies one buffer at a time, by default 4 KiB.
	writeBuffer = 16 << 10

	// sessions is the number of hosts whose TLS sessions are cached, one host per service
	// and region. A new connection to such a host skips the certificate check.
	sessions = 64

	// headerBytes bounds an answer's header. AWS sends a few hundred bytes.
	headerBytes = 64 << 10
)

// tune configures t for many parallel requests to few hosts, inFlight to each host. All AWS
// clients share t. It disables HTTP/2, which sends all requests to a host through one
// connection and halves the throughput (BenchmarkTransport).
func tune(t *http.Transport, inFlight int) {
	t.MaxIdleConns, t.MaxIdleConnsPerHost = 0, inFlight
	t.IdleConnTimeout = idle
	t.WriteBufferSize = writeBuffer
	t.MaxResponseHeaderBytes = headerBytes
	t.DisableCompression = true // a compressed answer could expand to any size
	t.TLSClientConfig.ClientSessionCache = tls.NewLRUClientSessionCache(sessions)
	t.ForceAttemptHTTP2, t.Protocols = false, new(http.Protocols)
	t.Protocols.SetHTTP1(true)
	t.TLSClientConfig.NextProtos, t.TLSNextProto = nil, nil // the SDK's transport, and so its clone, has HTTP/2 enabled
}
