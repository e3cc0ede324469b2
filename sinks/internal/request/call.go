// Package request writes the records of a request, sends it, and reads answers that
// acknowledge records one by one.
package request

import (
	"bytes"
	"context"
	"net/http"
	"sync"

	"fanout/engine"
	"fanout/internal/awscall"
	"fanout/internal/awshttp"
	"fanout/sinks/internal/classify"
)

// Form is how an operation of an AWS API takes records and acknowledges them.
type Form struct {
	Operation string
	Method    string // "": POST
	Header    http.Header

	// Results is the name of the list of results in an answer, and ID the name of the id
	// in a result. If both are empty, the caller of Put reads every answer.
	Results, ID string

	// Whole says that the caller needs the results even if the answer has the usual form.
	Whole bool

	// Settle, if set, judges the error of a call before it gets a class. Nil says that the
	// call had its effect, or need not have it.
	Settle func(err error) error

	// Opaque says that nobody looks into an answer, so the number of its values costs
	// nothing.
	Opaque bool
}

// Call is one call of an operation with records.
type Call struct {
	Body  *Body // the caller appends it
	Path  string
	Query string

	sink    string // for errors
	form    *Form
	records int

	acknowledged bool      // the answer has the usual form
	refusals     []refusal // in such an answer
	results      []Result  // in any other
	failed       int       // number of failures that it gives
}

// NewCall returns a call of sink with n records, whose own text takes about size bytes.
// Pass the call to Put, or free its body.
func NewCall(sink string, form *Form, n, size int) *Call {
	return &Call{Body: NewBody(size), sink: sink, form: form, records: n}
}

// Read reads an answer with a status of success. Its error means that the answer is not the
// service's, incomplete, or goes on behind its end.
type Read func(answer *http.Response, text []byte) error

// Put makes the call. read may be nil if the form has results. Put releases the call's body,
// so the records may change when it returns. The error has a class, and a text that begins
// with the sink.
func (c *Call) Put(ctx context.Context, client *awscall.Client, read Read) error {
	content := c.Body.Content()
	defer func() {
		content.Detach()
		c.Body.Free()
	}()
	err := client.Do(ctx, &awscall.Request{
		Operation: c.form.Operation, Method: c.form.Method, Path: c.Path, Query: c.Query, Header: c.form.Header, Body: content,
		MaxBytes: awshttp.MaxBytes(c.records), MaxValues: awshttp.MaxValues(c.records),
	}, func(answer *http.Response) error { return c.read(answer, read) })
	if err != nil && c.form.Settle != nil {
		err = c.form.Settle(err)
	}
	if err != nil {
		return classify.Error(c.sink, err)
	}
	return nil
}

// answers are the buffers of answers.
var answers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// read reads an answer.
func (c *Call) read(answer *http.Response, read Read) error {
	text, _ := answers.Get().(*bytes.Buffer)
	defer answers.Put(text)
	text.Reset()
	if _, err := text.ReadFrom(answer.Body); err != nil {
		return err
	}
	if c.form.Results != "" && !c.form.Whole {
		if c.refusals, c.acknowledged = c.form.refusals(text.Bytes(), c.records); c.acknowledged {
			return nil
		}
	}
	if !c.form.Opaque && awshttp.Values(text.Bytes()) > awshttp.MaxValues(c.records) {
		return awshttp.ErrCrowded
	}
	if c.form.Results == "" {
		return read(answer, text.Bytes())
	}
	var err error
	c.results, c.failed, err = c.form.decode(text.Bytes())
	return err
}

// ErrPart is the error of an answer that goes on behind its end, or ends too early.
var ErrPart = engine.Errorf(engine.Retryable, "the answer does not end where it should, so what arrived is unknown")
