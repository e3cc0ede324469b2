package stepfunctions

import (
	"bytes"
	"context"
	"strings"

	"fanout/engine"
	"fanout/internal/awscall"
	"fanout/internal/awshttp"
	"fanout/internal/jsontext"
	"fanout/sinks/internal/classify"
)

// An answer of DescribeExecution repeats input and output, of 256 KiB each. In JSON, a quotation
// mark takes two bytes, and a character beyond ASCII up to three times its bytes. Counted as
// values, each byte of both may be a comma.
const (
	describedBytes  = 2*3*maxBytes + awshttp.AnswerBytes
	describedValues = 2*maxBytes + 1<<10
)

var describeHeader = awscall.JSONHeader("1.0", "AWSStepFunctions.DescribeExecution")

// envelope begins the envelope of a record that another target could not take. It has the time and
// the reason, so the same record's next envelope differs.
const envelope = `{"fanout":`

// compare looks up the execution with a name that exists already. It returns nil if the execution
// has this input, or both are envelopes: an earlier attempt started it. Names are of source, shards
// and sequence numbers, and those of envelopes also of the target that failed. So another input
// means that the target has changed in between.
func (s *Sink) compare(ctx context.Context, name string, input []byte) error {
	body := jsontext.AppendString([]byte(`{"executionArn":`), s.execution+name)
	var execution struct{ Input *string }
	err := s.client.Do(ctx, &awscall.Request{
		Operation: "DescribeExecution", Header: describeHeader, Body: awscall.Text(append(body, '}')), MaxBytes: describedBytes,
	}, awscall.JSON(&execution, describedValues))
	switch {
	case err != nil:
		return classify.Error(s.name, err)
	case execution.Input == nil:
		return engine.Errorf(engine.Retryable, "%s: the execution %s exists, but its input cannot be seen, so it is unknown whether it is the record's", s.name, name)
	case strings.HasPrefix(*execution.Input, envelope) && bytes.HasPrefix(input, []byte(envelope)):
		return nil
	case !bytes.Equal([]byte(*execution.Input), input):
		return engine.Errorf(engine.Permanent, "%s: the execution %s exists with another input, so the target has changed since it started; nothing was started", s.name, name)
	}
	return nil
}
