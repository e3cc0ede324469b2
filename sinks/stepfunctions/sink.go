// Package stepfunctions starts executions of state machines of AWS Step Functions.
package stepfunctions

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"

	"fanout/engine"
	"fanout/internal/awscall"
	"fanout/internal/jsontext"
	"fanout/internal/xray"
	"fanout/sinks"
	"fanout/sinks/internal/document"
	"fanout/sinks/internal/ids"
	"fanout/sinks/internal/request"
)

// maxBytes is the limit of the input of an execution, in bytes of UTF-8 (Step Functions
// developer guide, Service quotas).
const maxBytes = 256 << 10

// Sink starts an execution of a state machine for each record with StartExecution.
//
// The input is the record's data if that is JSON. Other text becomes {"data": "text"}, and other
// data {"data": "…", "encoding": "base64"}. The name of an execution is made of the source (see
// [sinks.Source]), shards and sequence numbers of its records. A standard state machine starts one
// execution of a name in 90 days, so a record sent twice starts nothing twice. An express one
// starts another (Step Functions API, StartExecution).
type Sink struct {
	client    *awscall.Client
	name      string
	machine   string // ARN, with an alias or version
	execution string // ARN of an execution without its name
	origin    ids.Origin
}

// service is AWS Step Functions.
var service = awscall.Service{ID: "SFN", Name: "states", GovFIPS: true}

// New returns a sink for the state machine with an ARN, and for an alias or version of it; "" is
// the machine itself. The option sinks.Source makes the names unique over all sources.
func New(cfg aws.Config, arn, qualifier string, opts ...sinks.Option) *Sink {
	before, name, _ := strings.Cut(arn, ":stateMachine:")
	s := &Sink{
		client: awscall.New(cfg, service, ""), name: "stepfunctions " + name, machine: arn,
		execution: before + ":execution:" + name + ":", origin: sinks.Collect(opts).Origin,
	}
	if qualifier != "" {
		s.name += ":" + qualifier
		s.machine += ":" + qualifier
	}
	return s
}

// String returns "stepfunctions", a space and the state machine's name, then ":" and the
// qualifier if there is one.
func (s *Sink) String() string { return s.name }

// Limits returns the limits of StartExecution, which takes one input.
func (s *Sink) Limits() engine.Limits {
	return engine.Limits{Records: 1, RecordBytes: maxBytes, Copies: true}
}

// Sizer counts the input.
func (s *Sink) Sizer() func(r *engine.Record) int {
	return func(r *engine.Record) int { return document.Of(r.Data).Len() }
}

// Send makes one StartExecution call. If an execution with the record's name exists and has
// ended, Send compares their inputs in a second call.
func (s *Sink) Send(ctx context.Context, batch []engine.Record) engine.Outcome {
	name, input := s.origin.Name(&batch[0]), document.Of(batch[0].Data).Bytes()
	call := request.NewCall(s.name, &startExecution, 1, len(input)+len(input)/8+len(s.machine)+4*request.Framing)
	s.append(call.Body, name, input, xray.Header(ctx))
	err := call.Put(ctx, s.client, readStarted)
	if errors.Is(err, errExists) {
		err = s.compare(ctx, name, input)
	}
	if err != nil {
		return engine.Failed(err)
	}
	return engine.Outcome{}
}

// Describe implements sinks.Describer.
func (s *Sink) Describe(_ context.Context, r *engine.Record) (sinks.Entry, error) {
	return sinks.Entry{Data: document.Of(r.Data).Bytes()}, nil
}

// startExecution is the form of StartExecution.
var startExecution = request.Form{Operation: "StartExecution", Header: awscall.JSONHeader("1.0", "AWSStepFunctions.StartExecution"), Settle: settle}

// errExists says that an execution of the name exists already.
var errExists = errors.New("an execution of that name exists already")

// settle finds errExists. Step Functions itself compares the input of an execution that still
// runs, and acknowledges an equal one.
func settle(err error) error {
	if api, ok := errors.AsType[smithy.APIError](err); ok && strings.TrimSuffix(api.ErrorCode(), "Exception") == "ExecutionAlreadyExists" {
		return &engine.Error{Class: engine.Retryable, Err: errExists}
	}
	return err
}

// append appends the text of a request. trace is its trace header; "": none.
func (s *Sink) append(b *request.Body, name string, input []byte, trace string) {
	b.Text(`{"input":`)
	b.Buf = jsontext.AppendString(b.Buf, input)
	b.Text(`,"name":`)
	b.Quote(name)
	b.Text(`,"stateMachineArn":`)
	b.Quote(s.machine)
	if trace != "" {
		b.Text(`,"traceHeader":`)
		b.Quote(trace)
	}
	b.Text(`}`)
}

// errNotStarted is the error of an answer that names no execution.
var errNotStarted = engine.Errorf(engine.Retryable, "the answer names no execution, so it is unknown whether one was started")

// readStarted checks that an answer names the execution that was started.
func readStarted(_ *http.Response, text []byte) error {
	var answer struct {
		ExecutionARN string `json:"executionArn"`
	}
	if err := json.Unmarshal(text, &answer); err != nil || answer.ExecutionARN == "" {
		return errNotStarted
	}
	return nil
}
