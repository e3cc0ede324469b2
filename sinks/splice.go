package sinks

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"sync"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// splice is one call of an AWS client that is given an empty list of records, and
// puts the list into what the SDK makes of that. Endpoint, headers, signature and
// errors stay the SDK's; only the list, which costs nearly all of a request's work,
// is written here: the SDK's serializers know no base64 text, and grow their buffer
// from nothing each time.
//
// The call fails with errSeam, and nothing is sent, if the SDK writes the empty list
// in another way than expected. Its own serializer can do all that this does.
type splice struct {
	empty string // how the SDK writes the empty list
	list  *body  // what stands there instead

	// If answer is set, the SDK need not decode an answer of that form.
	answer  acknowledgement
	records int // in the list

	content *content
	told    bool      // the answer is of that form
	refused []refusal // if so, what it refuses
}

// errSeam is the error of a call that did not come to be, because the SDK does not
// write an empty list the way it did.
var errSeam = errors.New("the SDK writes requests in a new way")

// newSplice returns a call with a list of n records, which stands for empty and has
// about so many bytes of text.
func newSplice(empty string, answer acknowledgement, n, text int) *splice {
	return &splice{empty: empty, list: newBody(text), answer: answer, records: n}
}

// install adds s to the middleware of one call. It is one of the APIOptions of
// every AWS client.
func (s *splice) install(stack *middleware.Stack) error {
	if err := stack.Serialize.Add(s, middleware.After); err != nil {
		return err
	}
	return stack.Deserialize.Add((*spliceAnswer)(s), middleware.After)
}

// end must be called when the call has returned, and before what the list refers to
// changes.
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
	req, err = req.SetStream(&contentReader{c: s.content})
	if err == nil {
		// Without it net/http would give up on a connection that the service had
		// closed before anything was written.
		req.GetBody = func() (io.ReadCloser, error) { return &contentReader{c: s.content}, nil }
	}
	return req, err
}

// spliceAnswer looks at the answer before the SDK does.
type spliceAnswer splice

// ID implements middleware.DeserializeMiddleware.
func (*spliceAnswer) ID() string { return "fanout acknowledgement of records" }

// HandleDeserialize implements middleware.DeserializeMiddleware. An answer of the form
// that is known is an empty one to the SDK; any other is as it was. One that breaks off
// is none, though the SDK's decoder may have found all it looks for.
func (s *spliceAnswer) HandleDeserialize(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
	out middleware.DeserializeOutput, metadata middleware.Metadata, err error,
) {
	out, metadata, err = next.HandleDeserialize(ctx, in)
	resp, ok := out.RawResponse.(*smithyhttp.Response)
	if err != nil || !ok {
		return out, metadata, err
	}
	resp.Body = boundedBody(resp.Body, maxAnswer(s.records))
	if resp.StatusCode != http.StatusOK {
		resp.Body = &countedBody{resp.Body, maxValues(s.records)}
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
	}
	resp.Body = struct {
		io.Reader
		io.Closer
	}{answer, resp.Body}
	return out, metadata, nil
}

// unreadable is the error of an answer that is not left to the SDK, which would close it.
func unreadable(resp *smithyhttp.Response, err error) error {
	_ = resp.Body.Close()
	return &smithy.DeserializationError{Err: err}
}

// answers are the buffers of answers.
var answers = sync.Pool{New: func() any { return new(bytes.Buffer) }}
