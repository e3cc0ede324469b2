package lambda

import (
	"crypto/tls"
	"net/http"
	"time"
)

const (
	// idle is how long a connection is kept that nobody uses. Services do not say when
	// they close theirs; load balancers of AWS do after 60 s unless told otherwise
	// (Application Load Balancers, connection idle timeout), and a request that goes out
	// meanwhile has to be sent again.
	idle = 50 * time.Second

	// writeBuffer is a TLS record (RFC 8446, section 5.1). Of a body on a TLS connection
	// net/http encrypts and writes a buffer at a time, 4 KiB by default.
	writeBuffer = 16 << 10

	// sessions is how many hosts have their TLS sessions resumed: a host for each
	// service and region. A new connection then needs no certificates looked at.
	sessions = 64

	// headerBytes bounds the header of an answer, of which AWS writes a few hundred bytes.
	headerBytes = 64 << 10
)

// tune makes t fit for many requests at once to few hosts, inFlight to each. All AWS
// clients share it. It does without HTTP/2, which takes all requests to a host through
// one connection, and half as many bytes of them in the same time (BenchmarkTransport).
func tune(t *http.Transport, inFlight int) {
	t.MaxIdleConns, t.MaxIdleConnsPerHost = 0, inFlight
	t.IdleConnTimeout = idle
	t.WriteBufferSize = writeBuffer
	t.MaxResponseHeaderBytes = headerBytes
	t.DisableCompression = true // a packed answer could become one of any size
	t.TLSClientConfig.ClientSessionCache = tls.NewLRUClientSessionCache(sessions)
	t.ForceAttemptHTTP2, t.Protocols = false, new(http.Protocols)
	t.Protocols.SetHTTP1(true)
	t.TLSClientConfig.NextProtos, t.TLSNextProto = nil, nil // a clone of the SDK's has HTTP/2 in them already
}
