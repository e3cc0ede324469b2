// Package request writes the list of records of a request into the SDK's own request, and
// reads answers that acknowledge records one by one.
package request

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"fanout/internal/awshttp"
)

// Splice is one call of an AWS client. The SDK gets an empty list of records, and splice
// puts the real list into the SDK's request. Endpoint, headers, signature and errors stay
// the SDK's. Only the list is written here, which is nearly all of a request's work: the
// SDK's serializers cannot use existing base64 text, and grow their buffer from nothing
// each time.
//
// If the SDK writes the empty list in an unexpected way, the call fails with errSeam and
// sends nothing. The caller then uses the SDK's own serializer, which gives the same
// request.
type Splice struct {
	empty string // the SDK's text of the empty list
	List  *Body  // the text that replaces it

	// If answer is set, the SDK need not decode an answer of that form.
	answer  Acknowledgement
	Element string // of XML that the answer is; "": it is JSON
	records int    // in the list

	content      *Content
	Acknowledged bool      // the answer has that form
	Refused      []Refusal // the refusals in it, if so
}

// ErrSeam is the error of a call that was not made, because the SDK writes an empty list
// in a new way.
var ErrSeam = errors.New("the SDK writes requests in a new way")

// New returns a call with a list of n records, which replaces empty and has about
// text bytes of text.
func New(empty string, answer Acknowledgement, n, text int) *Splice {
	return &Splice{empty: empty, List: NewBody(text), answer: answer, records: n}
}

// Install adds s to the middleware of one call. Use it in the APIOptions of the call.
func (s *Splice) Install(stack *middleware.Stack) error {
	if err := stack.Serialize.Add(s, middleware.After); err != nil {
		return err
	}
	return stack.Deserialize.Add((*answerReader)(s), middleware.After)
}

// End releases the list. Call it after the call returns, and before the records of the
// list change.
func (s *Splice) End() {
	if s.content != nil {
		s.content.Take()
	}
	s.List.Free()
}

// ID implements middleware.SerializeMiddleware.
func (*Splice) ID() string { return "fanout list of records" }

// HandleSerialize implements middleware.SerializeMiddleware.
func (s *Splice) HandleSerialize(ctx context.Context, in middleware.SerializeInput, next middleware.SerializeHandler) (
	middleware.SerializeOutput, middleware.Metadata, error,
) {
	req, err := s.request(in.Request)
	if err != nil {
		return middleware.SerializeOutput{}, middleware.Metadata{}, err
	}
	in.Request = req
	return next.HandleSerialize(v4.SetPayloadHash(ctx, s.content.Hash()), in)
}

// request returns the request with the list in it.
func (s *Splice) request(request any) (*smithyhttp.Request, error) {
	req, ok := request.(*smithyhttp.Request)
	if !ok || req.GetStream() == nil {
		return nil, ErrSeam
	}
	text, err := io.ReadAll(req.GetStream())
	head, tail, found := bytes.Cut(text, []byte(s.empty))
	if err != nil || !found || bytes.Contains(tail, []byte(s.empty)) {
		return nil, ErrSeam
	}
	s.List.Cut()
	s.List.Parts[0] = head
	s.List.Parts = append(s.List.Parts, tail)
	s.content = NewContent(s.List.Parts)
	req, err = req.SetStream(s.content.Reader())
	if err == nil {
		// Without GetBody, net/http would give up on a connection that the service closed
		// before anything was written.
		req.GetBody = func() (io.ReadCloser, error) { return s.content.Reader(), nil }
	}
	return req, err
}

// answerReader reads the answer before the SDK does.
type answerReader Splice

// ID implements middleware.DeserializeMiddleware.
func (*answerReader) ID() string { return "fanout acknowledgement of records" }

// HandleDeserialize implements middleware.DeserializeMiddleware. For an answer of the
// known form the SDK gets an empty answer; any other answer stays unchanged. A truncated
// answer is an error, although the SDK's decoder may have found all it needs.
func (s *answerReader) HandleDeserialize(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
	out middleware.DeserializeOutput, metadata middleware.Metadata, err error,
) {
	out, metadata, err = next.HandleDeserialize(ctx, in)
	resp, ok := out.RawResponse.(*smithyhttp.Response)
	if err != nil || !ok {
		return out, metadata, err
	}
	resp.Body = awshttp.Body(resp.Body, awshttp.MaxBytes(s.records))
	if resp.StatusCode/100 != 2 {
		resp.Body = awshttp.Counted(resp.Body, awshttp.MaxValues(s.records))
		return out, metadata, nil
	}
	answer, _ := answers.Get().(*bytes.Buffer)
	answer.Reset()
	if _, err = answer.ReadFrom(resp.Body); err != nil {
		return out, metadata, Unreadable(resp, err)
	}
	if s.answer != (Acknowledgement{}) {
		s.Refused, s.Acknowledged = s.answer.of(answer.Bytes(), s.records)
	}
	switch {
	case s.Acknowledged:
		answers.Put(answer)
		answer = bytes.NewBufferString("{}")
	case awshttp.Values(answer.Bytes()) > awshttp.MaxValues(s.records):
		return out, metadata, Unreadable(resp, awshttp.ErrCrowded)
	case s.Element == "" && !awshttp.WholeJSON(answer.Bytes()) || s.Element != "" && !awshttp.WholeXML(answer.Bytes(), s.Element):
		return out, metadata, Unreadable(resp, awshttp.ErrPart)
	}
	resp.Body = struct {
		io.Reader
		io.Closer
	}{answer, resp.Body}
	return out, metadata, nil
}

// Unreadable is the error of an answer that the SDK does not get, and so does not close.
func Unreadable(resp *smithyhttp.Response, err error) error {
	_ = resp.Body.Close()
	return &smithy.DeserializationError{Err: err}
}

// answers are the buffers of answers.
var answers = sync.Pool{New: func() any { return new(bytes.Buffer) }}
