package sinks

import (
	"context"
	"errors"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"fanout/engine"
)

// lambdaBytes is how much an asynchronous invocation takes: "1 MB" (Lambda API,
// Invoke), of 2^20 bytes, as Lambda counts all its limits: the errors of earlier ones
// named 262,144 bytes for 256 KB and 6,291,456 for 6 MB.
const lambdaBytes = 1 << 20

// What stands around the records of an event, and an event without any.
const (
	lambdaHead, lambdaTail = `{"Records":[`, `]}`
	lambdaEmpty            = lambdaHead + lambdaTail
)

// LambdaAPI is what NewLambda needs of *lambda.Client.
type LambdaAPI interface {
	Invoke(context.Context, *lambda.InvokeInput, ...func(*lambda.Options)) (*lambda.InvokeOutput, error)
}

// Form is what the records of an event look like to the function that gets it.
type Form uint8

const (
	// SourceRecords are the source records, Record.Raw, byte for byte, whatever stages
	// made of their data.
	SourceRecords Form = iota

	// KinesisRecords are source records of Kinesis, with the data that stages made of
	// theirs in its place. Where an aggregate was taken apart there is one for each user
	// record: the aggregate's with data and keys replaced, a subSequenceNumber beside its
	// sequenceNumber, and ":" and that number at the end of its eventID.
	KinesisRecords
	// Notifications are source records of SNS, with the data that stages made of their
	// messages in its place.
	Notifications
)

// Lambda invokes a function asynchronously with events {"Records":[…]}.
//
// A record is delivered when Lambda has queued its event. Lambda runs functions for
// queued events in no particular order, and more than once now and then (Lambda
// guide, Invoking a function asynchronously): only the records of one event stay in
// order.
type Lambda struct {
	client    LambdaAPI
	name      string
	function  string
	qualifier *string
	form      Form
}

// NewLambda returns a sink for a function, given by name, partial ARN or ARN, and an
// alias or version of it; "" is the unpublished version.
func NewLambda(client LambdaAPI, function, qualifier string, form Form) *Lambda {
	l := &Lambda{client: client, name: "lambda " + lastPart(function, ":"), function: function, form: form}
	if qualifier != "" {
		l.name += ":" + qualifier
		l.qualifier = &qualifier
	}
	return l
}

// String is "lambda", a space and the function's name, with ":" and the qualifier if
// it has one.
func (l *Lambda) String() string { return l.name }

// Limits are those of an asynchronous Invoke, which takes an event whole or not at
// all.
func (l *Lambda) Limits() engine.Limits {
	return engine.Limits{Bytes: lambdaBytes, PerBatch: len(lambdaEmpty) - len(",")}
}

// Sizer counts the record as it stands in an event, with a comma.
func (l *Lambda) Sizer() func(r *engine.Record) int {
	var templates kinesisTemplates
	return func(r *engine.Record) int {
		text := l.record(r, &templates)
		return text.size() + len(",")
	}
}

// Send makes one Invoke call.
func (l *Lambda) Send(ctx context.Context, batch []engine.Record) engine.Outcome {
	call := newSplice(lambdaEmpty, acknowledgement{}, 1, l.textAround(batch)) // the answer says nothing of records
	defer call.end()
	if err := l.append(call.list, batch); err != nil {
		return engine.Failed(err)
	}
	out, err := l.invoke(ctx, call)
	switch {
	case err != nil:
		return engine.Failed(classify(l.name, err))
	case out.StatusCode != http.StatusAccepted || aws.ToString(out.FunctionError) != "":
		return engine.Failed(engine.Errorf(engine.Retryable,
			"%s: the answer (status %d) does not say that the event was queued, so whether it arrived is unknown", l.name, out.StatusCode))
	}
	return engine.Outcome{}
}

// invoke makes the call.
func (l *Lambda) invoke(ctx context.Context, call *splice) (*lambda.InvokeOutput, error) {
	in := &lambda.InvokeInput{
		FunctionName:   &l.function,
		Qualifier:      l.qualifier,
		InvocationType: types.InvocationTypeEvent,
		Payload:        []byte(lambdaEmpty),
	}
	if _, ok := l.client.(*lambda.Client); ok {
		out, err := l.client.Invoke(ctx, in, func(o *lambda.Options) { o.APIOptions = append(o.APIOptions, call.install) })
		if !errors.Is(err, errSeam) {
			return out, err
		}
	}
	in.Payload = call.list.bytes()
	return l.client.Invoke(ctx, in, func(o *lambda.Options) { o.APIOptions = append(o.APIOptions, boundAnswer(1)) })
}

// minPiece is the length from which a piece of a record is referred to. Small pieces are
// many, and refer to what is kept for them alone.
const minPiece = 128

// append appends the event that delivers batch. If a record cannot be part of one, the
// error makes the engine halve the request until it has found that record.
func (l *Lambda) append(b *body, batch []engine.Record) error {
	b.text(lambdaHead)
	var templates kinesisTemplates
	for i := range batch {
		text := l.record(&batch[i], &templates)
		if why := l.fault(&batch[i], &text); why != "" {
			return engine.Errorf(engine.Refused, "%s: %s", l.name, why)
		}
		b.comma(i)
		for _, piece := range text {
			b.addFrom(minPiece, piece)
		}
	}
	b.text(lambdaTail)
	return nil
}

// textAround is about how much text of its own the event has that delivers batch.
func (l *Lambda) textAround(batch []engine.Record) int {
	n := len(lambdaEmpty)
	for i := range batch {
		n += len(",")
		if l.form != SourceRecords {
			n += min(batch[i].Data.TextLen(), minPiece)
		} else if len(batch[i].Raw) < minPiece {
			n += len(batch[i].Raw)
		}
	}
	return n
}
