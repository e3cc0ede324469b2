// Package awshttp has the HTTP client of every AWS client: bounded answers, no redirects.
package awshttp

import (
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Client returns next with a workaround for lost answers. Every AWS client should
// send through it.
//
// The SDK closes a request's body as soon as the answer begins. By then net/http's writer
// has sent the whole body, but it may not have read its end yet. In that case smithy-go's
// body (internal/io, safeWriteToReadCloser.WriteTo, v1.28.8) returns io.EOF, which a
// WriterTo must not return. net/http takes that for a failed write and closes the
// connection. An answer of more than 4 KiB, such as one to 500 records, is lost, and the
// records are sent again although they had arrived. The service must answer faster than
// the writer runs, so this is rare, and rarest with distant services.
//
// The workaround hides WriteTo: Read after Close is a plain end of the body.
//
// Client also keeps net/http from following a redirect with a request's body, because
// another host's answer acknowledges nothing. Such a request has a GetBody only for a new
// connection, if the service closed the old one before anything was written.
func Client(next aws.HTTPClient) aws.HTTPClient { return plainBodies{next} }

// Roots returns the authorities whose certificates a client trusts, such as those of
// AWS_CA_BUNDLE; nil: those of the system.
func Roots(client aws.HTTPClient) *x509.CertPool {
	switch c := client.(type) {
	case boundedClient:
		return Roots(c.next)
	case plainBodies:
		return Roots(c.next)
	case interface{ GetTransport() *http.Transport }: // the SDK's client
		if t := c.GetTransport(); t.TLSClientConfig != nil {
			return t.TLSClientConfig.RootCAs
		}
	}
	return nil
}

type plainBodies struct{ next aws.HTTPClient }

func (c plainBodies) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil && r.Body != http.NoBody {
		r = r.WithContext(r.Context()) // a copy: the caller may use its request again
		r.Body = struct{ io.ReadCloser }{r.Body}
		stay(r)
	}
	return c.next.Do(r)
}

// errRedirected is the reason why a redirect is not followed. The status of its answer
// gives the class of the error.
var errRedirected = errors.New("the endpoint redirects to another one, where fanout sends no records; use that endpoint")

// stay makes r, which is a copy, repeat its body only until an answer begins.
func stay(r *http.Request) {
	again := r.GetBody
	if again == nil {
		return
	}
	answered := new(atomic.Bool)
	*r = *r.WithContext(httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{
		GotFirstResponseByte: func() { answered.Store(true) },
	}))
	r.GetBody = func() (io.ReadCloser, error) {
		if answered.Load() {
			return nil, errRedirected
		}
		return again()
	}
}
