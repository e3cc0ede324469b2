package request

import (
	"context"
	"io"
	"net/http"

	"fanout/internal/xray"
)

// Post returns a request with a content, for sinks without a client of the SDK. The client
// may repeat the body on another connection.
func Post(ctx context.Context, url string, c *Content) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, c.Reader())
	if err != nil {
		return nil, err
	}
	req.ContentLength = c.Len()
	req.GetBody = func() (io.ReadCloser, error) { return c.Reader(), nil }
	return req, nil
}

// Complete sets the headers of a request that no signature covers, because proxies change
// them. One is the trace header, if the function traces the request.
func Complete(r *http.Request) {
	r.Header.Set("Accept-Encoding", "identity") // a compressed answer could become one of any size
	if header := xray.Header(r.Context()); header != "" {
		r.Header.Set("X-Amzn-Trace-Id", header)
	}
}
