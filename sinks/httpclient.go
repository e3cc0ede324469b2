package sinks

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// HTTPClient returns next with a remedy for answers that are cut off: every AWS
// client should send through it.
//
// The SDK closes a request's body as soon as the answer begins. If net/http's writer,
// which has sent the whole body by then, has not yet looked for its end, smithy-go's
// body (internal/io, safeWriteToReadCloser.WriteTo, v1.28.8) gives it an io.EOF
// that no WriterTo may give; net/http takes that for a failed write and breaks the
// connection. An answer of more than 4 KiB, such as that to 500 records, is lost,
// and the records are sent again though they had arrived. It takes a service that
// answers faster than the writer runs, so it is rare, and rarest far away.
//
// The remedy is to hide WriteTo: Read after Close is a plain end of the body.
//
// It also keeps net/http from following a redirect with a request's body: the answer
// of another host acknowledges nothing. Such a request has a GetBody only so that it
// goes out again on a new connection where the old one was closed before anything
// was written.
func HTTPClient(next aws.HTTPClient) aws.HTTPClient { return plainBodies{next} }

type plainBodies struct{ next aws.HTTPClient }

func (c plainBodies) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil && r.Body != http.NoBody {
		r = r.WithContext(r.Context()) // a copy: the caller may use its request again
		r.Body = struct{ io.ReadCloser }{r.Body}
		stay(r)
	}
	return c.next.Do(r)
}

// errRedirected is why a redirect is not followed. The status of its answer says what
// kind of error it is.
var errRedirected = errors.New("the endpoint redirects to another, where records are not sent; name that one")

// stay makes r, a copy, give its body again only as long as no answer has begun.
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
