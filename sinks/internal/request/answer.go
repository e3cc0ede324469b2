package request

import (
	"bytes"
	"context"
	"io"
	"sync"

	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"fanout/engine"
	"fanout/internal/awshttp"
)

// reader is the part of a call that reads the answer before the SDK does.
type reader Call

// ID implements middleware.DeserializeMiddleware.
func (*reader) ID() string { return "fanout results" }

// HandleDeserialize implements middleware.DeserializeMiddleware. For an answer of the
// usual form the SDK gets an empty answer; any other answer stays unchanged. A truncated
// answer is an error, although the SDK's decoder may have found all it needs.
func (r *reader) HandleDeserialize(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
	out middleware.DeserializeOutput, metadata middleware.Metadata, err error,
) {
	out, metadata, err = next.HandleDeserialize(ctx, in)
	resp, ok := out.RawResponse.(*smithyhttp.Response)
	if err != nil || !ok {
		return out, metadata, err
	}
	resp.Body = awshttp.Body(resp.Body, awshttp.MaxBytes(r.records))
	if resp.StatusCode/100 != 2 {
		resp.Body = awshttp.Counted(resp.Body, awshttp.MaxValues(r.records))
		return out, metadata, nil
	}
	answer, err := r.read(resp.Body)
	if err != nil {
		_ = resp.Body.Close() // the SDK does not get the answer, so it does not close it
		return out, metadata, &smithy.DeserializationError{Err: err}
	}
	resp.Body = struct {
		io.Reader
		io.Closer
	}{answer, resp.Body}
	return out, metadata, nil
}

// answers are the buffers of answers.
var answers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// read reads an answer, and returns the answer for the SDK.
func (r *reader) read(body io.Reader) (*bytes.Buffer, error) {
	answer, _ := answers.Get().(*bytes.Buffer)
	answer.Reset()
	if _, err := answer.ReadFrom(body); err != nil {
		return nil, err
	}
	if r.form.Results != "" {
		r.refusals, r.acknowledged = r.form.refusals(answer.Bytes(), r.records)
	}
	if r.acknowledged {
		answers.Put(answer)
		return bytes.NewBufferString("{}"), nil
	}
	if awshttp.Values(answer.Bytes()) > awshttp.MaxValues(r.records) {
		return nil, awshttp.ErrCrowded
	}
	check := r.form.Check
	if check == nil {
		check = wholeJSON
	}
	return answer, check(answer.Bytes())
}

// errPart is the error of an answer that goes on behind its end, or ends too early. The SDK
// reads a JSON value and no further, and XML up to where it breaks off.
var errPart = engine.Errorf(engine.Retryable, "the answer does not end where it should, so what arrived is unknown")

// WholeXML returns a check that an answer ends with the end of an element that it has
// once.
func WholeXML(element string) func(answer []byte) error {
	end := []byte("</" + element + ">")
	return func(answer []byte) error {
		if !bytes.HasSuffix(bytes.TrimSpace(answer), end) || bytes.Count(answer, end) != 1 {
			return errPart
		}
		return nil
	}
}

// wholeJSON checks that nothing follows the JSON value that an answer begins with. The
// SDK checks the value itself.
func wholeJSON(answer []byte) error {
	depth := 0
	for i := 0; i < len(answer); i++ {
		switch answer[i] {
		case '"':
			for i++; i < len(answer) && answer[i] != '"'; i++ {
				if answer[i] == '\\' {
					i++
				}
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth != 0 {
				continue
			}
			if len(bytes.TrimSpace(answer[i+1:])) > 0 {
				return errPart
			}
			return nil
		}
	}
	return nil
}
