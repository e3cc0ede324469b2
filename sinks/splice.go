package sinks

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
)

// splice is one call of an AWS client. The SDK gets an empty list of records, and splice
// puts the real list into the SDK's request. Endpoint, headers, signature and errors stay
// the SDK's. Only the list is written here, which is nearly all of a request's work: the
// SDK's serializers cannot use existing base64 text, and grow their buffer from nothing
// each time.
//
// If the SDK writes the empty list in an unexpected way, the call fails with errSeam and
// sends nothing. The caller then uses the SDK's own serializer, which gives the same
// request.
type splice struct {
	empty string // the SDK's text of the empty list
	list  *body  // the text that replaces it

	// If answer is set, the SDK need not decode an answer of that form.
	answer  acknowledgement
	element string // of XML that the answer is; "": it is JSON
	records int    // in the list

	content *content
	told    bool      // the answer has that form
	refused []refusal // the refusals in it, if so
}

// errSeam is the error of a call that was not made, because the SDK writes an empty list
// in a new way.
var errSeam = errors.New("the SDK writes requests in a new way")

// newSplice returns a call with a list of n records, which replaces empty and has about
// text bytes of text.
func newSplice(empty string, answer acknowledgement, n, text int) *splice {
	return &splice{empty: empty, list: newBody(text), answer: answer, records: n}
}

// install adds s to the middleware of one call. Use it in the APIOptions of the call.
func (s *splice) install(stack *middleware.Stack) error {
	if err := stack.Serialize.Add(s, middleware.After); err != nil {
		return err
	}
	return stack.Deserialize.Add((*spliceAnswer)(s), middleware.After)
}

// end releases the list. Call it after the call returns, and before the records of the
// list change.
func (s *splice) end() {
	if s.content != nil {
		s.content.take()
	}
	s.list.free()
}

// ID implements middleware.SerializeMiddleware.
func (*splice) ID() string { return "fanout list of records" }

// HandleSerialize implements middleware.SerializeMiddleware.
func (s *splice) HandleSerialize(ctx context.Context, in middleware.SerializeInput, next middleware.SerializeHandler) (
	middleware.SerializeOutput, middleware.Metadata, error,
) {
	req, err := s.request(in.Request)
	if err != nil {
		return middleware.SerializeOutput{}, middleware.Metadata{}, err
	}
	in.Request = req
	return next.HandleSerialize(v4.SetPayloadHash(ctx, s.content.hash()), in)
}

// request returns the request with the list in it.
func (s *splice) request(request any) (*smithyhttp.Request, error) {
	req, ok := request.(*smithyhttp.Request)
	if !ok || req.GetStream() == nil {
		return nil, errSeam
	}
	text, err := io.ReadAll(req.GetStream())
	head, tail, found := bytes.Cut(text, []byte(s.empty))
	if err != nil || !found || bytes.Contains(tail, []byte(s.empty)) {
		return nil, errSeam
	}
	s.list.cut()
	s.list.parts[0] = head
	s.list.parts = append(s.list.parts, tail)
	s.content = newContent(s.list.parts)
	req, err = req.SetStream(s.content.reader())
	if err == nil {
		// Without GetBody, net/http would give up on a connection that the service closed
		// before anything was written.
		req.GetBody = func() (io.ReadCloser, error) { return s.content.reader(), nil }
	}
	return req, err
}

// spliceAnswer reads the answer before the SDK does.
type spliceAnswer splice

// ID implements middleware.DeserializeMiddleware.
func (*spliceAnswer) ID() string { return "fanout acknowledgement of records" }

// HandleDeserialize implements middleware.DeserializeMiddleware. For an answer of the
// known form the SDK gets an empty answer; any other answer stays unchanged. A truncated
// answer is an error, although the SDK's decoder may have found all it needs.
func (s *spliceAnswer) HandleDeserialize(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
	out middleware.DeserializeOutput, metadata middleware.Metadata, err error,
) {
	out, metadata, err = next.HandleDeserialize(ctx, in)
	resp, ok := out.RawResponse.(*smithyhttp.Response)
	if err != nil || !ok {
		return out, metadata, err
	}
	resp.Body = boundedBody(resp.Body, maxAnswer(s.records))
	if resp.StatusCode/100 != 2 {
		resp.Body = counted(resp.Body, maxValues(s.records))
		return out, metadata, nil
	}
	answer, _ := answers.Get().(*bytes.Buffer)
	answer.Reset()
	if _, err = answer.ReadFrom(resp.Body); err != nil {
		return out, metadata, unreadable(resp, err)
	}
	if s.answer != (acknowledgement{}) {
		s.refused, s.told = s.answer.of(answer.Bytes(), s.records)
	}
	switch {
	case s.told:
		answers.Put(answer)
		answer = bytes.NewBufferString("{}")
	case values(answer.Bytes()) > maxValues(s.records):
		return out, metadata, unreadable(resp, errCrowded)
	case s.element == "" && !wholeJSON(answer.Bytes()) || s.element != "" && !wholeXML(answer.Bytes(), s.element):
		return out, metadata, unreadable(resp, errPart)
	}
	resp.Body = struct {
		io.Reader
		io.Closer
	}{answer, resp.Body}
	return out, metadata, nil
}

// unreadable is the error of an answer that the SDK does not get, and so does not close.
func unreadable(resp *smithyhttp.Response, err error) error {
	_ = resp.Body.Close()
	return &smithy.DeserializationError{Err: err}
}

// answers are the buffers of answers.
var answers = sync.Pool{New: func() any { return new(bytes.Buffer) }}
