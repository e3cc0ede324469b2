package hooks

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"fanout/internal/provision/cloud"
)

// everything is the state of the fakes as text.
func everything(l *fakeLambda, s *fakeSNS) string {
	var async string
	if l.async != nil {
		async = fmt.Sprint(aws.ToInt32(l.async.MaximumRetryAttempts))
	}
	mappings := make([]string, len(l.mappings))
	for i, m := range l.mappings {
		mappings[i] = fmt.Sprint(aws.ToString(m.EventSourceArn), aws.ToInt32(m.BatchSize), m.FunctionResponseTypes)
	}
	return fmt.Sprint(mappings, l.variables, l.permissions, async, len(s.subscriptions), s.filters)
}

// result is what a step reports.
type result struct {
	Did     cloud.Outcome
	Changed []cloud.Change
	Report  cloud.Outcome // for the variable
	Value   bool
}

// A dry run of hook and unhook changes nothing, and foresees the results of the real run,
// even the function's variable.
func TestDryRun(t *testing.T) {
	hook := func(source string, s Settings) func(*testing.T, *Hooks) cloud.Outcome {
		return func(t *testing.T, h *Hooks) cloud.Outcome {
			did, err := h.Hook(t.Context(), source, s)
			wantErr(t, err, "")
			return did
		}
	}
	unhook := func(source string) func(*testing.T, *Hooks) cloud.Outcome {
		return func(t *testing.T, h *Hooks) cloud.Outcome {
			wantErr(t, h.Unhook(t.Context(), source), "")
			return cloud.Removed
		}
	}
	none := func(*fakeLambda) {}
	for _, tt := range []struct {
		name   string
		before []func(*testing.T, *Hooks) cloud.Outcome
		change func(*fakeLambda)
		step   func(*testing.T, *Hooks) cloud.Outcome
		want   cloud.Outcome
	}{
		{"new stream", nil, none, hook(stream, Settings{BatchSize: aws.Int32(7)}), cloud.Created},
		{"same stream", []func(*testing.T, *Hooks) cloud.Outcome{hook(stream, Settings{})}, none, hook(stream, Settings{}), cloud.Unchanged},
		{"stream", []func(*testing.T, *Hooks) cloud.Outcome{hook(stream, Settings{})}, none, hook(stream, Settings{BatchSize: aws.Int32(7)}), cloud.Updated},
		{"stream of another owner", []func(*testing.T, *Hooks) cloud.Outcome{hook(stream, Settings{})}, func(l *fakeLambda) { l.mappings[0].FunctionResponseTypes = nil }, hook(stream, Settings{}), cloud.Updated},
		{"new topic", nil, none, hook(topic, Settings{MaximumRetryAttempts: aws.Int32(1)}), cloud.Created},
		{"same topic", []func(*testing.T, *Hooks) cloud.Outcome{hook(topic, Settings{})}, none, hook(topic, Settings{}), cloud.Unchanged},
		{"topic", []func(*testing.T, *Hooks) cloud.Outcome{hook(topic, Settings{})}, none, hook(topic, Settings{Filters: []string{`{"a":["b"]}`}}), cloud.Updated},
		{"no stream", []func(*testing.T, *Hooks) cloud.Outcome{hook(stream, Settings{})}, none, unhook(stream), cloud.Removed},
		{"no topic", []func(*testing.T, *Hooks) cloud.Outcome{hook(topic, Settings{})}, none, unhook(topic), cloud.Removed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h, l, s := newFake()
				for _, step := range tt.before {
					step(t, h)
					_, _, _, err := h.Report(t.Context())
					wantErr(t, err, "")
				}
				tt.change(l)
				run := func(dry bool) result {
					h := &Hooks{Lambda: l, SNS: s, Function: "fanout", Granted: true, DryRun: dry}
					r := result{Did: tt.step(t, h), Changed: h.Changed}
					var err error
					r.Report, r.Value, _, err = h.Report(t.Context())
					wantErr(t, err, "")
					return r
				}
				state := everything(l, s)
				dry := run(true)
				if after := everything(l, s); after != state {
					t.Errorf("the dry run changed\n%s to\n%s", state, after)
				}
				if diff := cmp.Diff(run(false), dry); diff != "" || dry.Did != tt.want {
					t.Errorf("%s: -real +dry:\n%s", dry.Did, diff)
				}
			})
		})
	}
	h, _, _ := newFake()
	h.DryRun, h.Function = true, "nobody"
	if _, err := h.Hook(t.Context(), stream, Settings{}); err == nil || !strings.Contains(err.Error(), "nobody") {
		t.Errorf("a function that does not exist: %v", err)
	}
}
