package sinks

import (
	"io"
	"net/http"

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
func HTTPClient(next aws.HTTPClient) aws.HTTPClient { return plainBodies{next} }

type plainBodies struct{ next aws.HTTPClient }

func (c plainBodies) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil && r.Body != http.NoBody {
		r = r.WithContext(r.Context()) // a copy: the caller may use its request again
		r.Body = struct{ io.ReadCloser }{r.Body}
	}
	return c.next.Do(r)
}
