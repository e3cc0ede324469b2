package sinks

import (
	"context"
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"fanout/engine"
)

// An answer is read up to this many bytes, and some more for each record of its request.
// The errors of AWS repeat parameters of the request, and are the longest; what services
// say of a record has 100 to 500 bytes.
const (
	answerBytes       = 256 << 10
	answerRecordBytes = 1 << 10
)

// maxAnswer bounds what is read of the answer to a request of n records.
func maxAnswer(n int) int64 { return answerBytes + int64(n)*answerRecordBytes }

// errLong is the error of an answer that goes on beyond its bound. It acknowledges nothing.
var errLong = engine.Errorf(engine.Retryable, "the answer is longer than that to such a request can be, so what arrived is unknown")

// bounded reads at most left bytes of an answer. Of a longer one it gives these, and
// errLong instead of the end.
type bounded struct {
	answer io.Reader
	left   int64
}

// Read implements io.Reader.
func (b *bounded) Read(p []byte) (int, error) {
	if b.left > 0 || len(p) == 0 {
		n, err := b.answer.Read(p[:min(int64(len(p)), b.left)])
		b.left -= int64(n)
		return n, err
	}
	var more [1]byte
	n, err := b.answer.Read(more[:])
	if n > 0 {
		return 0, errLong
	}
	return 0, err
}

// boundedBody is the body of a response of which at most n bytes are read.
func boundedBody(body io.ReadCloser, n int64) io.ReadCloser {
	return struct {
		io.Reader
		io.Closer
	}{&bounded{body, n}, body}
}

// Bounded returns next with answers of at most n bytes: whoever reads more of one gets an
// error, so that no host can fill the memory with its answer.
func Bounded(next aws.HTTPClient, n int64) aws.HTTPClient { return boundedClient{next, n} }

type boundedClient struct {
	next aws.HTTPClient
	n    int64
}

func (c boundedClient) Do(r *http.Request) (*http.Response, error) {
	resp, err := c.next.Do(r)
	if err == nil {
		resp.Body = boundedBody(resp.Body, c.n)
	}
	return resp, err
}

// boundAnswer makes a call's answer one to n records, to the SDK and to all middleware.
func boundAnswer(n int) func(*middleware.Stack) error {
	return func(stack *middleware.Stack) error {
		return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("fanout bound of the answer", func(
			ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler,
		) (middleware.DeserializeOutput, middleware.Metadata, error) {
			out, metadata, err := next.HandleDeserialize(ctx, in)
			if resp, ok := out.RawResponse.(*smithyhttp.Response); ok {
				resp.Body = boundedBody(resp.Body, maxAnswer(n))
			}
			return out, metadata, err
		}), middleware.After)
	}
}
