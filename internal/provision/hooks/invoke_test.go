package hooks

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"fanout/internal/provision/cloud"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const queue = "arn:aws:sqs:eu-west-1:123456789012:failures"

var ignoreAsync = cmpopts.IgnoreUnexported(lambda.PutFunctionEventInvokeConfigInput{}, types.DestinationConfig{}, types.OnFailure{}, types.OnSuccess{})

// Settings for failed messages belong to the function: hook sets the given ones, and
// keeps the others.
func TestTopicFailures(t *testing.T) {
	h, l, _ := newFake()
	name := aws.String("fanout")
	success := &types.OnSuccess{Destination: aws.String("arn:aws:sqs:eu-west-1:123456789012:theirs")}
	failure := &types.OnFailure{Destination: aws.String(queue)}
	for _, step := range []struct {
		what string
		set  Settings
		did  cloud.Outcome
		want *lambda.PutFunctionEventInvokeConfigInput
	}{
		{"nothing is said", Settings{}, cloud.Created, nil},
		{"nothing is said again", Settings{}, cloud.Unchanged, nil},
		{"what is Lambda's own", Settings{MaximumRetryAttempts: aws.Int32(2), MaximumRecordAge: aws.Int32(21_600), OnFailure: aws.String("")}, cloud.Unchanged, nil},
		{"a destination", Settings{OnFailure: aws.String(queue)}, cloud.Updated,
			&lambda.PutFunctionEventInvokeConfigInput{FunctionName: name, DestinationConfig: &types.DestinationConfig{OnFailure: failure}}},
		{"the same", Settings{OnFailure: aws.String(queue)}, cloud.Unchanged,
			&lambda.PutFunctionEventInvokeConfigInput{FunctionName: name, DestinationConfig: &types.DestinationConfig{OnFailure: failure}}},
		{"no retries", Settings{MaximumRetryAttempts: aws.Int32(0)}, cloud.Updated,
			&lambda.PutFunctionEventInvokeConfigInput{FunctionName: name, MaximumRetryAttempts: aws.Int32(0), DestinationConfig: &types.DestinationConfig{OnFailure: failure}}},
		{"an age", Settings{MaximumRecordAge: aws.Int32(60)}, cloud.Updated,
			&lambda.PutFunctionEventInvokeConfigInput{FunctionName: name, MaximumRetryAttempts: aws.Int32(0), MaximumEventAgeInSeconds: aws.Int32(60), DestinationConfig: &types.DestinationConfig{OnFailure: failure}}},
	} {
		did, err := h.Hook(t.Context(), topic, step.set)
		wantErr(t, err, "")
		if diff := cmp.Diff(step.want, l.async, ignoreAsync); diff != "" || did != step.did {
			t.Errorf("%s: %s, want %s (-want +got):\n%s", step.what, did, step.did, diff)
		}
	}
	// The user's destination for successful messages stays.
	l.async = &lambda.PutFunctionEventInvokeConfigInput{DestinationConfig: &types.DestinationConfig{OnSuccess: success, OnFailure: failure}}
	_, err := h.Hook(t.Context(), topic, Settings{OnFailure: aws.String("")})
	wantErr(t, err, "")
	want := &lambda.PutFunctionEventInvokeConfigInput{FunctionName: name, DestinationConfig: &types.DestinationConfig{OnSuccess: success}}
	if diff := cmp.Diff(want, l.async, ignoreAsync); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// Settings without any value are deleted.
	l.async = &lambda.PutFunctionEventInvokeConfigInput{DestinationConfig: &types.DestinationConfig{OnFailure: failure}}
	_, err = h.Hook(t.Context(), topic, Settings{OnFailure: aws.String("")})
	wantErr(t, err, "")
	if l.async != nil {
		t.Errorf("left: %v", l.async)
	}
}

func TestFate(t *testing.T) {
	h, l, _ := newFake()
	check := func(want Fate) {
		t.Helper()
		if got, err := h.Fate(t.Context()); err != nil || got != want {
			t.Errorf("%+v, %v; want %+v", got, err, want)
		}
	}
	check(Fate{Attempts: 3, Age: 21_600})
	l.deadLetters = queue
	check(Fate{Attempts: 3, Age: 21_600, Kept: true})
	l.deadLetters = ""
	_, err := h.Hook(t.Context(), topic, Settings{MaximumRetryAttempts: aws.Int32(0), MaximumRecordAge: aws.Int32(90)})
	wantErr(t, err, "")
	check(Fate{Attempts: 1, Age: 90})
	_, err = h.Hook(t.Context(), topic, Settings{OnFailure: aws.String(queue)})
	wantErr(t, err, "")
	check(Fate{Attempts: 1, Age: 90, Kept: true})
	l.refuse["GetFunctionEventInvokeConfig"] = []error{errDenied}
	_, err = h.Fate(t.Context())
	wantErr(t, err, `the settings of the function "fanout" for asynchronous invocations cannot be read: `)
}

// A hook that fails leaves nothing behind: whichever call is refused, the function's
// permissions and its settings for failed messages are as before.
func TestTopicLeavesNothingBehind(t *testing.T) {
	before := &lambda.PutFunctionEventInvokeConfigInput{FunctionName: aws.String("fanout"), MaximumRetryAttempts: aws.Int32(1)}
	for _, had := range []*lambda.PutFunctionEventInvokeConfigInput{nil, before} {
		for _, step := range []string{"GetFunctionEventInvokeConfig", "PutFunctionEventInvokeConfig", "AddPermission", "Subscribe"} {
			h, l, s := newFake()
			l.async = had
			l.refuse[step] = []error{errDenied}
			if step == "Subscribe" {
				s.refuseChange = errDenied
			}
			_, err := h.Hook(t.Context(), topic, Settings{OnFailure: aws.String(queue)})
			if !errors.Is(err, errDenied) {
				t.Errorf("%s: %v", step, err)
			}
			if diff := cmp.Diff(had, l.async, ignoreAsync); diff != "" || len(l.permissions)+len(s.subscriptions) != 0 {
				t.Errorf("%s leaves permissions %v, subscriptions %v, settings (-want +got):\n%s", step, l.permissions, s.subscriptions, diff)
			}
		}
	}
}

// A call that may have taken effect keeps its rights, and so does an earlier hook.
func TestTopicKeepsWhatIsNeeded(t *testing.T) {
	lost := &smithy.OperationError{ServiceID: "SNS", OperationName: "Subscribe", Err: context.DeadlineExceeded}
	broken := &smithy.GenericAPIError{Code: "InternalError", Fault: smithy.FaultServer}
	for _, unsure := range []error{lost, broken} {
		h, l, s := newFake()
		s.refuseChange = unsure
		_, err := h.Hook(t.Context(), topic, Settings{OnFailure: aws.String(queue)})
		if !errors.Is(err, unsure) || len(l.permissions) != 1 || l.async == nil {
			t.Errorf("%v: permissions %v, settings %v", err, l.permissions, l.async)
		}
	}

	h, l, s := newFake()
	_, err := h.Hook(t.Context(), topic, Settings{})
	wantErr(t, err, "")
	l.permissions = nil // another user removed it
	s.refuseChange = errDenied
	_, err = h.Hook(t.Context(), topic, Settings{Filters: []string{`{"a": ["b"]}`}, OnFailure: aws.String(queue)})
	wantErr(t, err, `the subscription of the function "fanout" to `+topic+" cannot be updated: ")
	if len(l.permissions) != 1 || l.async != nil {
		t.Errorf("permissions %v, settings %v", l.permissions, l.async)
	}
}

// A failed undo is reported together with its cause.
func TestTopicUndoFails(t *testing.T) {
	h, l, s := newFake()
	s.refuseChange = errDenied
	l.refuse["RemovePermission"] = []error{errDenied}
	_, err := h.Hook(t.Context(), topic, Settings{})
	wantErr(t, err, `the function "fanout" cannot be subscribed to `+topic+`: api error AccessDeniedException: no
the earlier changes cannot be undone: the right of `+topic+` to invoke the function "fanout" cannot be removed: `)
}

// Undoing works after an interrupt too, which ends the calls of the command.
func TestTopicUndoAfterInterrupt(t *testing.T) {
	h, l, s := newFake()
	ctx, cancel := context.WithCancel(t.Context())
	s.refuseChange = errDenied
	h.SNS = interrupting{s, cancel}
	_, err := h.Hook(ctx, topic, Settings{OnFailure: aws.String(queue)})
	if !errors.Is(err, errDenied) || len(l.permissions) != 0 || l.async != nil {
		t.Errorf("%v: permissions %v, settings %v", err, l.permissions, l.async)
	}
}

// interrupting is an SNS with an interrupt during a call.
type interrupting struct {
	cloud.SNSAPI
	interrupt func()
}

func (i interrupting) Subscribe(ctx context.Context, in *sns.SubscribeInput, o ...func(*sns.Options)) (*sns.SubscribeOutput, error) {
	i.interrupt()
	return i.SNSAPI.Subscribe(ctx, in, o...)
}

// New rights to the destination take a while to become visible.
func TestFailuresWaitForRights(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, l, _ := newFake()
		notYet := code("InvalidParameterValueException", "The function's execution role does not have permissions to call SendMessage on "+queue)
		l.refuse["PutFunctionEventInvokeConfig"] = []error{notYet, notYet}
		_, err := h.Hook(t.Context(), topic, Settings{OnFailure: aws.String(queue)})
		wantErr(t, err, "")
		if l.async == nil {
			t.Error("nothing was set")
		}
		// Missing rights never appear.
		h, l, _ = newFake()
		h.Granted = false
		l.refuse["PutFunctionEventInvokeConfig"] = []error{notYet, notYet}
		_, err = h.Hook(t.Context(), topic, Settings{OnFailure: aws.String(queue)})
		wantErr(t, err, `the settings of the function "fanout" for asynchronous invocations cannot be written, because its role lacks rights; run fanout policy to see the required rights: `)
	})
}

// Look refuses the settings that Lambda would refuse, before rights are given for them.
func TestLook(t *testing.T) {
	h, l, _ := newFake()
	_, err := h.Hook(t.Context(), stream, Settings{})
	wantErr(t, err, "")
	l.mappings[0].TumblingWindowInSeconds = aws.Int32(30)
	_, err = h.Look(t.Context(), stream, Settings{ParallelizationFactor: aws.Int32(2)})
	wantErr(t, err, "the mapping of "+stream+" has a tumbling window of 30 seconds, which allows only one batch of a shard at a time; ")
	for _, s := range []Settings{{}, {ParallelizationFactor: aws.Int32(1)}} {
		_, err = h.Look(t.Context(), stream, s)
		wantErr(t, err, "")
	}
}
