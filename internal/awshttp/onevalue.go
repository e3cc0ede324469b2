package awshttp

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"

	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// OneValue makes a call fail with an error from fault if text follows the JSON of its
// answer. The SDK reads only the first value. Use it in the APIOptions of clients whose
// answers are short, because it holds an answer in memory.
func OneValue(fault func(*http.Response) error) func(*middleware.Stack) error {
	return func(stack *middleware.Stack) error {
		return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("fanout check of the answer's end", func(
			ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler,
		) (middleware.DeserializeOutput, middleware.Metadata, error) {
			out, metadata, err := next.HandleDeserialize(ctx, in)
			resp, ok := out.RawResponse.(*smithyhttp.Response)
			if err != nil || !ok || resp.StatusCode != http.StatusOK {
				return out, metadata, err
			}
			answer, failure := io.ReadAll(resp.Body)
			if goesOn(answer) {
				err = fault(resp.Response)
			}
			resp.Body = &readBody{bytes.NewReader(answer), failure, resp.Body}
			return out, metadata, err
		}), middleware.After)
	}
}

// goesOn reports whether text follows the first JSON value. Other text is for the SDK to
// judge.
func goesOn(text []byte) bool {
	d := json.NewDecoder(bytes.NewReader(text))
	var value json.RawMessage
	return d.Decode(&value) == nil && len(bytes.TrimSpace(text[d.InputOffset():])) > 0
}

// readBody is a body that was read, and the error that ended it.
type readBody struct {
	text    *bytes.Reader
	failure error // nil: it ended as it should
	body    io.Closer
}

// Read implements io.Reader.
func (b *readBody) Read(p []byte) (int, error) {
	if b.text.Len() == 0 && b.failure != nil {
		return 0, b.failure
	}
	return b.text.Read(p)
}

// Close implements io.Closer.
func (b *readBody) Close() error { return b.body.Close() }
