// Package request writes the records of a request into the SDK's own request, and reads
// answers that acknowledge records one by one.
package request

import (
	"bytes"
	"context"
	"io"
	"sync"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"fanout/engine"
	"fanout/internal/awshttp"
	"fanout/sinks/internal/classify"
)

// Form is how an operation of an AWS API takes records and acknowledges them.
type Form struct {
	// Empty is the part of the SDK's request that the records replace: an empty list, or
	// a stand-in for a payload. The request has it once.
	Empty string

	// Results is the name of the list of results in an answer, and ID the name of the id
	// in a result. Answers of the usual form are then read without the SDK's decoder. If
	// both are empty, the SDK decodes every answer.
	Results, ID string

	// Opaque says that the SDK does not look into an answer, so the number of its values costs
	// nothing.
	Opaque bool

	// Check returns an error if an answer with a status of success is not the service's,
	// incomplete, or goes on behind its end. Nil: the answer must be whole JSON.
	Check func(answer []byte) error
}

// Call is one call of an AWS client. The SDK gets a request without records, and the
// call's middleware puts the records into it. Endpoint, headers, signature and errors
// stay the SDK's. Only the records are written here, which is nearly all of a request's
// work: the SDK's serializers cannot use existing base64 text, and grow their buffer from
// nothing each time.
type Call struct {
	Body *Body // the text of the records; the caller appends it

	sink    string // for errors
	form    *Form
	records int
	content *Content

	acknowledged bool      // the answer has the usual form
	refusals     []refusal // in such an answer
}

// NewCall returns a call of sink with n records, whose own text takes about size bytes.
// Pass the call to Put, or free its body.
func NewCall(sink string, form *Form, n, size int) *Call {
	return &Call{Body: NewBody(size), sink: sink, form: form, records: n}
}

// Put makes the call with an operation of an AWS client. One of opts must install the
// call. Put releases the call's body, so the records may change when it returns. The
// error has a class, and a text that begins with the sink.
func Put[In, Out, Options any](
	ctx context.Context, c *Call, operation func(context.Context, *In, ...func(*Options)) (*Out, error), in *In, opts ...func(*Options),
) (*Out, error) {
	defer c.end()
	out, err := operation(ctx, in, opts...)
	if err != nil {
		return nil, classify.Error(c.sink, err)
	}
	return out, nil
}

// Install adds c to the middleware of one call. Use it in the APIOptions of the call.
func (c *Call) Install(stack *middleware.Stack) error {
	if err := stack.Serialize.Add((*writer)(c), middleware.After); err != nil {
		return err
	}
	return stack.Deserialize.Add((*reader)(c), middleware.After)
}

// end takes the records from the request and frees the body.
func (c *Call) end() {
	if c.content != nil {
		c.content.Detach()
	}
	c.Body.Free()
}

// errForm is the error of a call that was not made, because the SDK writes a request
// without records in a new way. TestSameAsSDK finds such an SDK before a release. No
// attempt of this build can succeed, so the class is Permanent: onFailure takes the
// records, or Lambda sends them again until a build that knows the form delivers them.
var errForm = engine.Errorf(engine.Permanent,
	"this build has a version of the AWS SDK that writes requests in an unknown form, so nothing was sent: install a release of fanout")

// writer is the part of a call that writes the request.
type writer Call

// ID implements middleware.SerializeMiddleware.
func (*writer) ID() string { return "fanout records" }

// HandleSerialize implements middleware.SerializeMiddleware.
func (w *writer) HandleSerialize(ctx context.Context, in middleware.SerializeInput, next middleware.SerializeHandler) (
	middleware.SerializeOutput, middleware.Metadata, error,
) {
	req, err := w.request(in.Request)
	if err != nil {
		return middleware.SerializeOutput{}, middleware.Metadata{}, err
	}
	in.Request = req
	return next.HandleSerialize(v4.SetPayloadHash(ctx, w.content.Hash()), in)
}

// request returns the SDK's request with the records in it.
func (w *writer) request(request any) (*smithyhttp.Request, error) {
	req, ok := request.(*smithyhttp.Request)
	if !ok || req.GetStream() == nil {
		return nil, errForm
	}
	text, err := io.ReadAll(req.GetStream())
	head, tail, found := bytes.Cut(text, []byte(w.form.Empty))
	if err != nil || !found || bytes.Contains(tail, []byte(w.form.Empty)) {
		return nil, errForm
	}
	w.content = w.Body.contentIn(head, tail)
	req, err = req.SetStream(w.content.Reader())
	if err == nil {
		// Without GetBody, net/http would give up on a connection that the service closed
		// before anything was written.
		req.GetBody = func() (io.ReadCloser, error) { return w.content.Reader(), nil }
	}
	return req, err
}

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
	if !r.form.Opaque && awshttp.Values(answer.Bytes()) > awshttp.MaxValues(r.records) {
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
