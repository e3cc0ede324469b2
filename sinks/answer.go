package sinks

import (
	"bytes"
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

// An answer has up to this many values, and some more for each record of its request.
// What services say of a record has about ten. The SDK makes some hundred bytes of an
// empty value, which takes two in an answer.
const (
	answerValues       = 1 << 10
	answerRecordValues = 32
)

// maxValues bounds the values in the answer to a request of n records.
func maxValues(n int) int { return answerValues + n*answerRecordValues }

// errCrowded is the error of an answer that has more values. It acknowledges nothing.
var errCrowded = engine.Errorf(engine.Retryable, "the answer has more parts than that to such a request can have, so what arrived is unknown")

// values returns how many values a text has at most: in JSON each but the first stands
// behind a brace, a bracket or a comma, in XML each begins with an angle bracket.
func values(text []byte) (n int) {
	for _, c := range []byte("{[,<") {
		n += bytes.Count(text, []byte{c})
	}
	return n
}

// countedBody is the body of a response that has at most left values.
type countedBody struct {
	io.ReadCloser
	left int
}

// Read implements io.Reader.
func (b *countedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left -= values(p[:n]); b.left < 0 {
		return 0, errCrowded
	}
	return n, err
}

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
	return onBody("fanout bound of the answer", func(body io.ReadCloser) io.ReadCloser {
		return &countedBody{boundedBody(body, maxAnswer(n)), maxValues(n)}
	})
}

// BoundValues makes a call fail if its answer has more than n values: the SDK makes many
// times its length of one that has nothing but them. It is one of the APIOptions of every
// AWS client.
func BoundValues(n int) func(*middleware.Stack) error {
	return onBody("fanout bound of the answer's values", func(body io.ReadCloser) io.ReadCloser { return &countedBody{body, n} })
}

// onBody puts f around the body of a call's answer.
func onBody(id string, f func(io.ReadCloser) io.ReadCloser) func(*middleware.Stack) error {
	return func(stack *middleware.Stack) error {
		return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc(id, func(
			ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler,
		) (middleware.DeserializeOutput, middleware.Metadata, error) {
			out, metadata, err := next.HandleDeserialize(ctx, in)
			if resp, ok := out.RawResponse.(*smithyhttp.Response); ok {
				resp.Body = f(resp.Body)
			}
			return out, metadata, err
		}), middleware.After)
	}
}
