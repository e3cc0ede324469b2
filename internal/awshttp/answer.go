package awshttp

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

// An answer is read up to this many bytes, plus some for each record of its request. AWS
// errors are the longest answers, because they repeat parameters of the request. The
// result of one record has 100 to 500 bytes.
const (
	AnswerBytes       = 256 << 10
	answerRecordBytes = 1 << 10
)

// MaxBytes is the limit, in bytes, of the answer to a request of n records.
func MaxBytes(n int) int64 { return AnswerBytes + int64(n)*answerRecordBytes }

// An answer has up to this many values, plus some for each record of its request. The
// result of one record has about ten. An empty value takes two bytes in an answer, and
// the SDK allocates some hundred bytes for it.
const (
	answerValues       = 1 << 10
	answerRecordValues = 32
)

// MaxValues is the limit of values in the answer to a request of n records.
func MaxValues(n int) int { return answerValues + n*answerRecordValues }

// ErrCrowded is the error of an answer with more values. Such an answer acknowledges
// nothing.
var ErrCrowded = engine.Errorf(engine.Retryable, "the answer has more parts than any valid answer to the request, so it is unknown which records arrived")

// Values returns an upper bound of the number of values in a text. In JSON each value but
// the first follows a brace, a bracket or a comma; in XML each begins with an angle
// bracket.
func Values(text []byte) (n int) {
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

// Counted limits the body of a response to n values.
func Counted(body io.ReadCloser, n int) io.ReadCloser { return &countedBody{body, n} }

// Read implements io.Reader.
func (b *countedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left -= Values(p[:n]); b.left < 0 {
		return 0, ErrCrowded
	}
	return n, err
}

// ErrLong is the error of an answer over its limit. Such an answer acknowledges nothing.
var ErrLong = engine.Errorf(engine.Retryable, "the answer is longer than any valid answer to the request, so it is unknown which records arrived")

// Reader reads at most left bytes of an answer. A longer answer ends with ErrLong
// instead of io.EOF.
type Reader struct {
	answer io.Reader
	Left   int64
}

// NewReader returns a reader of at most n bytes of an answer.
func NewReader(answer io.Reader, n int64) *Reader { return &Reader{answer, n} }

// Read implements io.Reader.
func (b *Reader) Read(p []byte) (int, error) {
	if b.Left > 0 || len(p) == 0 {
		n, err := b.answer.Read(p[:min(int64(len(p)), b.Left)])
		b.Left -= int64(n)
		return n, err
	}
	var more [1]byte
	n, err := b.answer.Read(more[:])
	if n > 0 {
		return 0, ErrLong
	}
	return 0, err
}

// Body limits the body of a response to n bytes.
func Body(body io.ReadCloser, n int64) io.ReadCloser {
	return struct {
		io.Reader
		io.Closer
	}{&Reader{body, n}, body}
}

// Bounded returns next with answers of at most n bytes. Reading more returns an error, so
// no host can fill the memory with its answer.
func Bounded(next aws.HTTPClient, n int64) aws.HTTPClient { return boundedClient{next, n} }

type boundedClient struct {
	next aws.HTTPClient
	n    int64
}

func (c boundedClient) Do(r *http.Request) (*http.Response, error) {
	resp, err := c.next.Do(r)
	if err == nil {
		resp.Body = Body(resp.Body, c.n)
	}
	return resp, err
}

// BoundValues makes a call fail if its answer has more than n values. For an answer of
// empty values the SDK allocates many times the answer's length. Use it in the APIOptions
// of every AWS client.
func BoundValues(n int) func(*middleware.Stack) error {
	return func(stack *middleware.Stack) error {
		return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("fanout bound of the answer's values", func(
			ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler,
		) (middleware.DeserializeOutput, middleware.Metadata, error) {
			out, metadata, err := next.HandleDeserialize(ctx, in)
			if resp, ok := out.RawResponse.(*smithyhttp.Response); ok {
				resp.Body = Counted(resp.Body, n)
			}
			return out, metadata, err
		}), middleware.After)
	}
}
