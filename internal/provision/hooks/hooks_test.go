package hooks

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"fanout/internal/provision/cloud"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var ignore = cmpopts.IgnoreUnexported(types.EventSourceMappingConfiguration{}, types.DestinationConfig{}, types.OnFailure{}, types.FilterCriteria{}, types.Filter{}, types.ScalingConfig{},
	types.AmazonManagedKafkaEventSourceConfig{}, types.SelfManagedKafkaEventSourceConfig{}, types.SelfManagedEventSource{}, types.SourceAccessConfiguration{}, types.ProvisionedPollerConfig{})

// wantErr fails the test unless err is nil for "", or else begins with want.
func wantErr(t *testing.T, err error, want string) {
	t.Helper()
	if (err == nil) != (want == "") || err != nil && !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got error %v, want %q", err, want)
	}
}

func TestHook(t *testing.T) {
	h, l, _ := newFake()
	did, err := h.Hook(t.Context(), stream, Settings{})
	wantErr(t, err, "")
	want := []types.EventSourceMappingConfiguration{{
		UUID: aws.String("0"), EventSourceArn: aws.String(stream), State: aws.String("Enabled"),
		StartingPosition: types.EventSourcePositionLatest, BisectBatchOnFunctionError: aws.Bool(true),
		FunctionResponseTypes: []types.FunctionResponseType{"ReportBatchItemFailures"},
	}}
	if diff := cmp.Diff(want, l.mappings, ignore); diff != "" || did != cloud.Created {
		t.Errorf("%s (-want +got):\n%s", did, diff)
	}

	did, err = h.Hook(t.Context(), stream, Settings{Filters: []string{}, OnFailure: aws.String(""), Bisect: aws.Bool(true)})
	wantErr(t, err, "")
	if did != cloud.Unchanged {
		t.Errorf("a mapping that is as it should be was %s", did)
	}

	did, err = h.Hook(t.Context(), stream, Settings{BatchSize: aws.Int32(7), OnFailure: aws.String("arn:q"), Filters: []string{`{"a":["b"]}`}})
	wantErr(t, err, "")
	want[0].BatchSize = aws.Int32(7)
	want[0].DestinationConfig = &types.DestinationConfig{OnFailure: &types.OnFailure{Destination: aws.String("arn:q")}}
	want[0].FilterCriteria = &types.FilterCriteria{Filters: []types.Filter{{Pattern: aws.String(`{"a":["b"]}`)}}}
	if diff := cmp.Diff(want, l.mappings, ignore); diff != "" || did != cloud.Updated {
		t.Errorf("%s (-want +got):\n%s", did, diff)
	}
	if diff := cmp.Diff([]cloud.Change{
		cloud.Changed("batch-size", "(unset)", "7"), cloud.Changed("on-failure", "(unset)", "arn:q"), cloud.Changed("filter", "(unset)", `{"a":["b"]}`),
	}, h.Changed); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}

	// A mapping of another owner is taken over.
	l.mappings[0].FunctionResponseTypes = nil
	did, err = h.Hook(t.Context(), stream, Settings{})
	wantErr(t, err, "")
	if diff := cmp.Diff(want, l.mappings, ignore); diff != "" || did != cloud.Updated {
		t.Errorf("%s (-want +got):\n%s", did, diff)
	}
}

// The role's new rights take a while to become visible.
func TestHookWaitsForRights(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, l, _ := newFake()
		notYet := code("InvalidParameterValueException", "Cannot access stream arn. Please ensure the role can perform the GetRecords actions")
		l.refuse["CreateEventSourceMapping"] = []error{notYet, notYet, notYet}
		did, err := h.Hook(t.Context(), stream, Settings{})
		wantErr(t, err, "")
		if did != cloud.Created || len(l.mappings) != 1 {
			t.Errorf("%s, and there are %d mappings", did, len(l.mappings))
		}

		h, l, _ = newFake()
		l.refuse["CreateEventSourceMapping"] = slices.Repeat([]error{notYet}, 1000)
		_, err = h.Hook(t.Context(), stream, Settings{})
		wantErr(t, err, stream+` cannot be hooked to the function "fanout", whose role lacks rights; run fanout policy to see the required rights: `)
	})
}

func TestUnhookAndSwitchWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, l, _ := newFake()
		_, err := h.Hook(t.Context(), stream, Settings{})
		wantErr(t, err, "")
		for _, on := range []bool{false, true} {
			l.settling = 3
			did, err := h.Switch(t.Context(), stream, on)
			wantErr(t, err, "")
			if paused, err := h.Look(t.Context(), stream, Settings{}); paused == on || err != nil {
				t.Errorf("on is %t, paused is %t: %v", on, paused, err)
			}
			if want := map[bool]cloud.Outcome{true: cloud.Enabled, false: cloud.Disabled}[on]; did != want || l.settling != 0 {
				t.Errorf("%s, want %s", did, want)
			}
			did, err = h.Switch(t.Context(), stream, on)
			wantErr(t, err, "")
			if did != cloud.Unchanged {
				t.Errorf("%s a second time", did)
			}
		}
		l.settling = 1000
		_, err = h.Switch(t.Context(), stream, false)
		wantErr(t, err, "the mapping of "+stream+" is still changing its state; check it again later")
		l.settling = 3
		wantErr(t, h.Unhook(t.Context(), stream), "")
		if len(l.mappings) != 0 {
			t.Error("the mapping is still there")
		}
		wantErr(t, h.Unhook(t.Context(), stream), stream+` is not hooked to the function "fanout"; use fanout hook`)
		_, err = h.Switch(t.Context(), stream, true)
		wantErr(t, err, stream+` is not hooked`)
		_, err = h.Switch(t.Context(), topic, true)
		wantErr(t, err, topic+" is an SNS topic, whose subscription cannot be paused")
	})
}

func TestTopic(t *testing.T) {
	for _, name := range []string{"fanout", function} {
		h, l, s := newFake()
		if paused, err := h.Look(t.Context(), topic, Settings{}); paused || err != nil {
			t.Errorf("paused: %t, %v", paused, err)
		}
		h.Function = name
		did, err := h.Hook(t.Context(), topic, Settings{Filters: []string{`{"kind":["disk"]}`}})
		wantErr(t, err, "")
		if did != cloud.Created || len(l.permissions) != 1 || len(s.subscriptions) != 1 || *s.subscriptions[0].Endpoint != function {
			t.Fatalf("%s: permissions %v, subscriptions %v", did, l.permissions, s.subscriptions)
		}
		if strings.Trim(l.permissions[0].Statement, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			t.Errorf("Lambda refuses the statement id %q", l.permissions[0].Statement)
		}
		subscription := *s.subscriptions[0].SubscriptionArn
		for _, step := range []struct {
			filters []string
			did     cloud.Outcome
			policy  string
		}{
			{nil, cloud.Unchanged, `{"kind":["disk"]}`},
			{[]string{`{"kind":["cpu"]}`}, cloud.Updated, `{"kind":["cpu"]}`},
			{[]string{}, cloud.Updated, `{}`},
		} {
			did, err := h.Hook(t.Context(), topic, Settings{Filters: step.filters})
			wantErr(t, err, "")
			if did != step.did || s.filters[subscription] != step.policy {
				t.Errorf("filters %v: %s, the policy is %s", step.filters, did, s.filters[subscription])
			}
		}
		wantErr(t, h.Unhook(t.Context(), topic), "")
		if len(l.permissions)+len(s.subscriptions) != 0 {
			t.Errorf("left: permissions %v, subscriptions %v", l.permissions, s.subscriptions)
		}
		wantErr(t, h.Unhook(t.Context(), topic), topic+" is not hooked")
	}
}

// The variable is true only while every mapping asks for ReportBatchItemFailures.
func TestReport(t *testing.T) {
	h, l, _ := newFake()
	step := func(wantDid cloud.Outcome, wantValue bool, wantOthers ...string) {
		t.Helper()
		did, value, others, err := h.Report(t.Context())
		wantErr(t, err, "")
		if did != wantDid || value != wantValue || !slices.Equal(others, wantOthers) {
			t.Errorf("%s, %t, %v; want %s, %t, %v", did, value, others, wantDid, wantValue, wantOthers)
		}
	}
	step(cloud.Unchanged, false)
	_, err := h.Hook(t.Context(), stream, Settings{})
	wantErr(t, err, "")
	step(cloud.Updated, true)
	step(cloud.Unchanged, true)
	l.mappings = append(l.mappings, types.EventSourceMappingConfiguration{UUID: aws.String("9"), EventSourceArn: aws.String("other")})
	step(cloud.Updated, false, "other")
	l.mappings[1].State = aws.String("Deleting")
	step(cloud.Updated, true)
	l.mappings = nil
	step(cloud.Updated, false)
	want := map[string]string{"FANOUT_LOG_LEVEL": "warn", Variable: "false"}
	if diff := cmp.Diff(want, l.variables); diff != "" {
		t.Errorf("variables (-want +got):\n%s", diff)
	}
}

// Lambda refuses two updates of a function at a time; the second one is retried.
func TestReportBesideAnotherUpdate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, l, _ := newFake()
		_, err := h.Hook(t.Context(), stream, Settings{})
		wantErr(t, err, "")
		l.refuse["UpdateFunctionConfiguration"] = []error{&types.ResourceConflictException{}, &types.PreconditionFailedException{}}
		_, _, _, err = h.Report(t.Context())
		wantErr(t, err, "")
		if l.variables[Variable] != "true" {
			t.Errorf("variables are %v", l.variables)
		}
		l.mappings = nil
		l.refuse["UpdateFunctionConfiguration"] = slices.Repeat([]error{&types.ResourceConflictException{}}, 1000)
		_, _, _, err = h.Report(t.Context())
		wantErr(t, err, `the variable FANOUT_REPORT_BATCH_ITEM_FAILURES of the function "fanout" cannot be set, because another update is still in progress; try again: `)
	})
}

func TestErrors(t *testing.T) {
	for _, tt := range []struct {
		op, want string
		do       func(*Hooks) error
	}{
		{"ListEventSourceMappings", `the mappings of the function "fanout" cannot be read: `, func(h *Hooks) error { _, err := h.Hook(t.Context(), stream, Settings{}); return err }},
		{"CreateEventSourceMapping", stream + ` cannot be hooked to the function "fanout": `, func(h *Hooks) error { _, err := h.Hook(t.Context(), stream, Settings{}); return err }},
		{"UpdateEventSourceMapping", `the mapping of ` + stream + ` cannot be updated: `, func(h *Hooks) error {
			_, _ = h.Hook(t.Context(), stream, Settings{})
			_, err := h.Hook(t.Context(), stream, Settings{BatchSize: aws.Int32(3)})
			return err
		}},
		{"UpdateEventSourceMapping", `the mapping of ` + stream + ` cannot be updated: `, func(h *Hooks) error {
			_, _ = h.Hook(t.Context(), stream, Settings{})
			_, err := h.Switch(t.Context(), stream, false)
			return err
		}},
		{"DeleteEventSourceMapping", `the mapping of ` + stream + ` cannot be deleted: `, func(h *Hooks) error {
			_, _ = h.Hook(t.Context(), stream, Settings{})
			return h.Unhook(t.Context(), stream)
		}},
		{"GetEventSourceMapping", `the state of the mapping of ` + stream + ` cannot be read: `, func(h *Hooks) error {
			_, _ = h.Hook(t.Context(), stream, Settings{})
			return h.Unhook(t.Context(), stream)
		}},
		{"AddPermission", `the topic ` + topic + ` cannot be allowed to invoke the function "fanout": `, func(h *Hooks) error { _, err := h.Hook(t.Context(), topic, Settings{}); return err }},
		{"RemovePermission", `the right of ` + topic + ` to invoke the function "fanout" cannot be removed: `, func(h *Hooks) error {
			_, _ = h.Hook(t.Context(), topic, Settings{})
			return h.Unhook(t.Context(), topic)
		}},
		{"GetFunctionConfiguration", `the function "fanout" cannot be read: `, func(h *Hooks) error { return h.Unhook(t.Context(), topic) }},
		{"UpdateFunctionConfiguration", `the variable FANOUT_REPORT_BATCH_ITEM_FAILURES of the function "fanout" cannot be set: `, func(h *Hooks) error {
			_, _ = h.Hook(t.Context(), stream, Settings{})
			_, _, _, err := h.Report(t.Context())
			return err
		}},
	} {
		h, l, _ := newFake()
		l.refuse[tt.op] = []error{errDenied}
		wantErr(t, tt.do(h), tt.want)
	}
	h, l, s := newFake()
	h.Function = "other"
	_, err := h.Hook(t.Context(), stream, Settings{})
	wantErr(t, err, `there is no function "other"`)
	h.Function = "fanout"
	s.refuse = code("NotFound", "")
	_, err = h.Hook(t.Context(), topic, Settings{})
	wantErr(t, err, "the topic "+topic+" does not exist; check its ARN")
	s.refuse = errDenied
	wantErr(t, h.Unhook(t.Context(), topic), "the subscriptions of the topic "+topic+" cannot be listed: ")
	l.mappings = []types.EventSourceMappingConfiguration{{EventSourceArn: aws.String(stream)}, {EventSourceArn: aws.String(stream)}}
	_, err = h.Hook(t.Context(), stream, Settings{})
	wantErr(t, err, `the function "fanout" has 2 mappings of `+stream+"; delete all but one in the console")
}
